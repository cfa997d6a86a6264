"""Which exceptions mean that something this process needs is away, or that a value fits no column."""

import asyncpg
import sqlalchemy.exc

from services.chassis.errors import DatabaseUnavailable, TransientError
from services.chassis.problems import ProblemError, conflict, invalid, unavailable

# SQLSTATE classes: connection lost, server out of resources, operator intervention, system error.
_AWAY = ("08", "53", "57", "58")
# Serialization failure, deadlock, lock not available: the same request may pass a moment later.
_BUSY = ("40001", "40P01", "55P03")


def as_problem(error: BaseException) -> ProblemError | None:
    """The answer for an exception that is not this program's fault, or None when it is."""
    if isinstance(error, DatabaseUnavailable):
        return unavailable("The database does not answer.")
    if isinstance(error, TransientError):
        return unavailable("Something this needs is away.")
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return _of_database(error)
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return unavailable("The database has no connection free.")
    if isinstance(error, ConnectionError | asyncpg.PostgresConnectionError | asyncpg.CannotConnectNowError):
        return unavailable("Something this needs cannot be reached.")
    return None


def _of_database(error: sqlalchemy.exc.DBAPIError) -> ProblemError | None:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(_AWAY):
        return unavailable("The database does not answer.")
    if isinstance(error, sqlalchemy.exc.InterfaceError | sqlalchemy.exc.OperationalError) and not state:
        return unavailable("The database does not answer.")
    if state in _BUSY:
        return unavailable("Others are changing the same thing.")
    if state == "23505":
        return conflict("It exists already.")
    if state.startswith("22") or isinstance(error, sqlalchemy.exc.DataError):
        return invalid((), "The request holds a value that cannot be stored.")
    return None
