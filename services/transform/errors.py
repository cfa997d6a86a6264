"""What can be wrong with a recipe, and what can go wrong while it runs; each is one sentence for people."""

from collections.abc import Sequence

from contracts.commands.connector import Problem
from contracts.runs import ErrorType

MAX_PROBLEMS = 50


class TransformError(Exception):
    """A recipe that did not run to its end, and why."""

    type = ErrorType.EXPRESSION_FAILED

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


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


class MemoryExceeded(TransformError):
    """It needs more memory than a child may have."""

    type = ErrorType.MEMORY_LIMIT


class TimeExceeded(TransformError):
    """It takes longer than a child may run."""

    type = ErrorType.TIME_LIMIT


class OutputTooLarge(TransformError):
    """It writes more than a child may write."""


class NoRoom(TransformError):
    """There is no room left where it writes; elsewhere or later there may be."""

    type = ErrorType.DESTINATION_FULL


class IsolationUnavailable(TransformError):
    """This machine has no walls to put around a child; it is not run without them."""

    type = ErrorType.ISOLATION_UNAVAILABLE


class DatasetUnreadable(TransformError):
    """The input does not hold what its schema says."""

    type = ErrorType.DATASET_CORRUPT


class BooksUnbalanced(TransformError):
    """Rows were lost or doubled between two steps."""

    type = ErrorType.BOOKS_UNBALANCED


class ChildDied(TransformError):
    """The child ended without a word."""
