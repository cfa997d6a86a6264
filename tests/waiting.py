"""Waiting for a condition, never for a while."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TooLong(AssertionError):
    """A condition did not come true in time."""


def until(what: str, condition: Callable[[], T | None], seconds: float = 30, every: float = 0.05) -> T:
    """Ask until the answer is something true; raises TooLong with what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TooLong(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)
