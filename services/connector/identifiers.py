"""Names of columns and tables as PostgreSQL can hold them: 63 bytes, cut the same way each time."""

import hashlib

from contracts.runs import ErrorType
from services.connector.failures import ConnectorError

MAX_BYTES = 63
_MARK = 9  # an underscore and eight hexadecimal digits


def fitting(name: str) -> str:
    """The name itself, or a shortened one with a mark of the whole name, so that no two long names meet.

    The server would cut silently, and two names with the same beginning would become one.
    """
    if not name or "\x00" in name:
        raise ConnectorError(ErrorType.DESTINATION_REFUSED, "A name is empty or holds a zero byte.")
    raw = name.encode("utf-8", "surrogatepass")
    if len(raw) <= MAX_BYTES:
        return name
    kept = raw[: MAX_BYTES - _MARK].decode("utf-8", "ignore")
    return f"{kept}_{hashlib.sha256(raw).hexdigest()[: _MARK - 1]}"
