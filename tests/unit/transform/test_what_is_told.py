"""What people are told when the engine or the system ends a step: one sentence, and no place on this machine."""

import errno
from collections.abc import Callable

import pytest

from contracts.runs import ErrorType
from services.transform.errors import engine_said
from services.transform.jobs import Done, Failed
from services.transform.worker import answer

BEYOND = "It reached for a file, a program or a network, and a step has nothing but the rows that it is given."


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("cannot read '/tmp/job-1/000.parquet': bad\n  at /usr/lib/x.rs:9", "cannot read '…': bad"),
        ("error at https://host/path?token=x, sorry", "error at …, sorry"),
        ("file:///etc/passwd was not found.", "… was not found"),
        ("1/2 is no date, and a/b neither", "1/2 is no date, and a/b neither"),
        ("7 / 0 has no result", "7 / 0 has no result"),
        ("", "ValueError"),
    ],
)
def test_the_engine_is_quoted_without_places(said: str, told: str) -> None:
    assert engine_said(ValueError(said)).message == f"The engine could not run this: {told}."


def raising(error: BaseException) -> Callable[[], Done]:
    def run() -> Done:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "type", "message"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/etc/hostname"), ErrorType.EXPRESSION_FAILED, BEYOND),
        (PermissionError("Operation not permitted (os error 1): /x"), ErrorType.EXPRESSION_FAILED, BEYOND),
        (OSError("error sending request: tcp open error (os error 1)"), ErrorType.EXPRESSION_FAILED, BEYOND),
        (
            OSError(errno.ENOSPC, "no space", "/tmp/x"),
            ErrorType.DESTINATION_FULL,
            "There is no room left for the result.",
        ),
        (FileNotFoundError("/etc/none"), ErrorType.EXPRESSION_FAILED, "The engine ended this step: FileNotFoundError."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_system_s_refusals_are_told_in_a_sentence(error: BaseException, type: ErrorType, message: str) -> None:
    said = answer(raising(error))
    assert isinstance(said, Failed)
    assert (said.type, said.message) == (type, message)
