"""What went wrong, where, and what to do: the only kind of failure a person is shown."""

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `modulardata`."""

    GOOD = 0
    PARTIAL = 1  # it went through, and something was set aside
    FAILED = 2
    USAGE = 64  # the command itself was wrong; nothing was asked of anybody
    INTERRUPTED = 130


@dataclass(frozen=True)
class Where:
    """One place in a document that is wrong: a JSON pointer and what is wrong there; of a text, the line too."""

    pointer: str
    message: str
    code: str = ""
    line: int | None = None
    column: int | None = None

    def document(self) -> dict[str, object]:
        """The same for a machine."""
        said: dict[str, object] = {"pointer": self.pointer, "code": self.code or None, "message": self.message}
        return said if self.line is None else said | {"line": self.line, "column": self.column}


class CliError(Exception):
    """A failure with its places and the way out of it."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        where: tuple[Where, ...] = (),
        status: int | None = None,
        code: str = "",
        exit_code: Exit = Exit.FAILED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.status = status
        self.code = code
        self.exit_code = exit_code

    def document(self) -> dict[str, object]:
        """The same for a machine."""
        return {
            "error": {
                "message": self.message,
                "code": self.code or None,
                "status": self.status,
                "errors": [where.document() for where in self.where],
                "hint": self.hint or None,
            }
        }


def usage(message: str, hint: str = "") -> CliError:
    """The command was put wrongly."""
    return CliError(message, hint=hint, exit_code=Exit.USAGE)
