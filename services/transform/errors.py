"""What can be wrong with a recipe, and what can go wrong while it runs; each is one sentence for people."""

import re
from collections.abc import Sequence

from contracts.commands.connector import Problem
from contracts.runs import ErrorType
from services.chassis.isolation.failures import ChildDied as ChildDied
from services.chassis.isolation.failures import IsolationUnavailable as IsolationUnavailable
from services.chassis.isolation.failures import JobFailed
from services.chassis.isolation.failures import MemoryExceeded as MemoryExceeded
from services.chassis.isolation.failures import OutputTooLarge as OutputTooLarge
from services.chassis.isolation.failures import TimeExceeded as TimeExceeded

MAX_PROBLEMS = 50
_ENGINE_SAYS = 300
# Sums and products of decimals, as the engine tells of them.
_TOO_LARGE = re.compile(r"overflow in decimal|doesn't fit Decimal|to `decimal\[", re.IGNORECASE)
_PLACE = re.compile(r"(?:\b[a-z][a-z0-9+.-]*:/|(?<![\w/]))/[^\s'\"`,;)]+")


# A job may fail in the child or around it; to those who asked for it this is one family.
TransformError = JobFailed


class RecipeInvalid(TransformError):
    """A recipe that cannot run on these columns."""

    type = ErrorType.RECIPE_INVALID

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, first.pointer)
        self.problems = tuple(problems[:MAX_PROBLEMS])

    @classmethod
    def at(cls, pointer: str, code: str, message: str) -> "RecipeInvalid":
        """One problem."""
        return cls([Problem(pointer=pointer, code=code, message=message)])


class ValueRefused(TransformError):
    """A value for which a step has no result."""


class NoRoom(TransformError):
    """There is no room left where it writes; elsewhere or later there may be."""

    type = ErrorType.DESTINATION_FULL


class DatasetUnreadable(TransformError):
    """The input does not hold what its schema says."""

    type = ErrorType.DATASET_CORRUPT


class OutOfReach(TransformError):
    """It reached for something that the walls around it keep from it."""


class BooksUnbalanced(TransformError):
    """Rows were lost or doubled between two steps."""

    type = ErrorType.BOOKS_UNBALANCED


def engine_said(error: BaseException) -> TransformError:
    """The engine's own words as one sentence, without the places on this machine and elsewhere that it names."""
    if _TOO_LARGE.search(str(error)):
        return TransformError("A number becomes too large for a decimal, which has 29 digits before the point.")
    lines = str(error).strip().splitlines()
    said = _PLACE.sub("…", lines[0])[:_ENGINE_SAYS].rstrip(" .:") if lines else type(error).__name__
    return TransformError(f"The engine could not run this: {said}.")


def unexpected(done: object) -> TransformError:
    """What to raise where an answer is not that to the job."""
    return TransformError(f"The child answered another question ({type(done).__name__}).")
