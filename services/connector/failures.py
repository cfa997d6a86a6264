"""What goes wrong between this service and somebody else's system, as a type that decides and a sentence for people."""

from contracts.runs import ErrorType

# What `:test` answers for each type of failure.
REASONS: dict[ErrorType, str] = {
    ErrorType.UNREACHABLE_DNS: "dns",
    ErrorType.UNREACHABLE_REFUSED: "refused",
    ErrorType.UNREACHABLE_TLS: "tls",
    ErrorType.UNREACHABLE_TIMEOUT: "timeout",
    ErrorType.AUTHENTICATION_FAILED: "auth",
    ErrorType.PERMISSION_DENIED: "permission",
    ErrorType.NOT_FOUND: "not_found",
}


class ConnectorError(Exception):
    """A failure with a verdict. The message is one sentence and holds neither a secret nor a value of the data."""

    def __init__(self, type: ErrorType, message: str) -> None:
        super().__init__(message)
        self.type = type
        self.message = message

    @property
    def reason(self) -> str:
        """One word for the outcome of a check."""
        return REASONS.get(self.type, "refused")


class Fenced(ConnectorError):
    """A newer attempt owns this stream; what this one staged is not loaded. `stands`: the fence, if it was that."""

    def __init__(self, stands: int | None = None) -> None:
        super().__init__(ErrorType.FENCED, "A newer attempt has taken over this load.")
        self.stands = stands


class UndoRefused(ConnectorError):
    """What a run loaded cannot be taken back exactly; nothing was changed. The reason is without its full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorType.UNDO_REFUSED, f"{reason}. Nothing was changed.")


class Stopped(Exception):
    """Whoever asked for this work does not want it any more."""


class Unreadable(Exception):
    """A file cannot be read at all: a code for machines, a sentence with the place for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
