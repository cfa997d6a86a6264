"""What can go wrong on one machine, said so that a person knows what to do next."""

from __future__ import annotations


class StackError(Exception):
    """A failure of the embedded stack, with the way out of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\n{hint}" if hint else message)
        self.message = message
        self.hint = hint
