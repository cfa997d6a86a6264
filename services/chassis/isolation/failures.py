"""What can go wrong with a job that runs in a child, each with the type that decides and one sentence for people."""

from contracts.runs import ErrorType


class JobFailed(Exception):
    """A job that did not run to its end, and why."""

    type = ErrorType.EXPRESSION_FAILED

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


class MemoryExceeded(JobFailed):
    """It needs more memory than a child may have."""

    type = ErrorType.MEMORY_LIMIT


class TimeExceeded(JobFailed):
    """It takes longer than a child may run."""

    type = ErrorType.TIME_LIMIT


class OutputTooLarge(JobFailed):
    """It writes more than a child may write."""


class IsolationUnavailable(JobFailed):
    """This machine has no walls to put around a child; it is not run without them."""

    type = ErrorType.ISOLATION_UNAVAILABLE


class ChildDied(JobFailed):
    """The child ended without a word."""
