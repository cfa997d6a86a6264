"""Reading the usual cursors of lists back: an identifier, or a number."""

from uuid import UUID

from contracts.commands.connector import Problem
from services.chassis.http import Paging
from services.chassis.problems import ProblemError, invalid

_MAX_NUMBER = 2**62


def uuid_after(paging: Paging) -> UUID | None:
    """The identifier after which the page begins; a cursor that holds none is the caller's mistake."""
    if paging.after is None:
        return None
    try:
        (text,) = paging.after
        return UUID(text)
    except ValueError:
        raise _not_of_this_list() from None


def number_after(paging: Paging) -> int | None:
    """The number after which the page begins; a cursor that holds none is the caller's mistake."""
    if paging.after is None:
        return None
    if len(paging.after) != 1 or not paging.after[0].isdecimal() or len(paging.after[0]) > 19:
        raise _not_of_this_list()
    number = int(paging.after[0])
    if number > _MAX_NUMBER:
        raise _not_of_this_list()
    return number


def _not_of_this_list() -> ProblemError:
    return invalid([Problem(pointer="/query/cursor", code="cursor_invalid", message="not a cursor of this list")])
