"""Exceptions of the drivers as verdicts: pure, by class names and codes, so that no driver is imported for it."""

import re
import socket
from collections.abc import Iterator
from typing import Any

from contracts.runs import ErrorType
from services.connector.failures import ConnectorError

_S3_CODES: dict[str, tuple[ErrorType, str]] = {
    **dict.fromkeys(
        (
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidToken",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "TokenRefreshRequired",
            "AuthorizationHeaderMalformed",
            "RequestTimeTooSkewed",
        ),
        (ErrorType.AUTHENTICATION_FAILED, "the store does not accept the access key"),
    ),
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"),
        (ErrorType.PERMISSION_DENIED, "the access key may not do this here"),
    ),
    "NoSuchBucket": (ErrorType.NOT_FOUND, "there is no such bucket"),
    "NoSuchKey": (ErrorType.NOT_FOUND, "the object is not there"),
    "NoSuchVersion": (ErrorType.NOT_FOUND, "that version of the object is not there"),
    "404": (ErrorType.NOT_FOUND, "there is no such bucket or object"),
    "PreconditionFailed": (ErrorType.OBJECT_CHANGED, "the object has changed since it was seen"),
    "412": (ErrorType.OBJECT_CHANGED, "the object has changed since it was seen"),
    **dict.fromkeys(
        ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"),
        (ErrorType.DESTINATION_FULL, "the store is full"),
    ),
}

_STATES: tuple[tuple[str, ErrorType, str], ...] = (
    ("28", ErrorType.AUTHENTICATION_FAILED, "the database does not accept the user or the password"),
    ("3D000", ErrorType.NOT_FOUND, "there is no such database"),
    ("3F000", ErrorType.NOT_FOUND, "there is no such schema"),
    ("42P01", ErrorType.NOT_FOUND, "there is no such table"),
    ("42501", ErrorType.PERMISSION_DENIED, "the database user may not do this"),
    ("25006", ErrorType.PERMISSION_DENIED, "the database is read-only"),
    ("53300", ErrorType.UNREACHABLE_REFUSED, "the database has no connection free"),
    ("53", ErrorType.DESTINATION_FULL, "the database has no space or memory left"),
    ("57014", ErrorType.UNREACHABLE_TIMEOUT, "the database took too long"),
    ("55P03", ErrorType.UNREACHABLE_TIMEOUT, "others hold locks on the table"),
    ("40", ErrorType.UNREACHABLE_TIMEOUT, "others are changing the same rows"),
    ("57", ErrorType.UNREACHABLE_REFUSED, "the database is shutting down or starting up"),
    ("58", ErrorType.UNREACHABLE_REFUSED, "the database server has trouble with its own files"),
    ("08", ErrorType.UNREACHABLE_REFUSED, "the connection to the database was lost"),
    ("22021", ErrorType.DESTINATION_REFUSED, "a text holds a character that the database cannot store"),
    ("22003", ErrorType.DESTINATION_REFUSED, "a number does not fit its column"),
    ("22001", ErrorType.DESTINATION_REFUSED, "a text is too long for its column"),
    ("22", ErrorType.DESTINATION_REFUSED, "a value does not fit its column"),
    ("23502", ErrorType.DESTINATION_REFUSED, "a row has no value where one is needed"),
    ("23503", ErrorType.DESTINATION_REFUSED, "a row refers to one that is not there"),
    ("23505", ErrorType.DESTINATION_REFUSED, "a row with the same key is there already"),
    ("23514", ErrorType.DESTINATION_REFUSED, "a row breaks a check of the table"),
    ("23", ErrorType.DESTINATION_REFUSED, "a row breaks a constraint of the table"),
    ("54", ErrorType.DESTINATION_REFUSED, "the table is beyond a limit of the database"),
    ("42", ErrorType.DESTINATION_REFUSED, "the table is not as it should be"),
    ("0A", ErrorType.DESTINATION_REFUSED, "the database does not offer this"),
)

# Before a session exists there is no code, only the client library's text.
_TEXTS: tuple[tuple[str, ErrorType, str], ...] = (
    (
        r"password authentication failed|no password supplied|authentication method|role .* does not exist"
        r"|auth.*failed|SASL|SCRAM",
        ErrorType.AUTHENTICATION_FAILED,
        "the database does not accept the user or the password",
    ),
    (r"database .* does not exist", ErrorType.NOT_FOUND, "there is no such database"),
    (r"permission denied|pg_hba", ErrorType.PERMISSION_DENIED, "the database user may not connect from here"),
    (
        r"could not translate host name|Name or service not known|nodename nor servname|name resolution",
        ErrorType.UNREACHABLE_DNS,
        "the host name is not known",
    ),
    (r"certificate|SSL|TLS", ErrorType.UNREACHABLE_TLS, "no secure connection could be made"),
    (r"timeout|timed out", ErrorType.UNREACHABLE_TIMEOUT, "it did not answer in time"),
    (r"too many (clients|connections)|remaining connection slots", ErrorType.UNREACHABLE_REFUSED, "it is too busy"),
    (r"Connection refused|starting up|shutting down", ErrorType.UNREACHABLE_REFUSED, "nothing accepts connections"),
)

_COPY_COLUMN = re.compile(r"column (\"(?:[^\"]|\"\")+\"|[^\s:,]+)")


def of_s3(error: BaseException, where: str) -> ConnectorError | None:
    """The verdict on an exception of the S3 client; None when it is not one of its kinds."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        return _of_s3_answer(error, where)
    chain = list(_chain(error))
    if names & {"ConnectTimeoutError", "ReadTimeoutError", "ConnectTimeout", "ReadTimeout"}:
        return _said(ErrorType.UNREACHABLE_TIMEOUT, where, "it did not answer in time")
    if _named(chain, "SSLError", "SSLCertVerificationError"):
        return _said(ErrorType.UNREACHABLE_TLS, where, "no secure connection could be made")
    if _named(chain, "gaierror", "NameResolutionError") or any(isinstance(item, socket.gaierror) for item in chain):
        return _said(ErrorType.UNREACHABLE_DNS, where, "the host name is not known")
    if _named(chain, "ParamValidationError", "InvalidEndpointDiscoveryConfigurationError", "InvalidRegionError"):
        return _said(ErrorType.CONFIGURATION_INVALID, where, "the settings cannot be used")
    if _named(chain, "NoCredentialsError", "PartialCredentialsError"):
        return _said(ErrorType.AUTHENTICATION_FAILED, where, "the access key is not complete")
    if _named(
        chain,
        "HTTPClientError",
        "ConnectionError",
        "ProtocolError",
        "IncompleteRead",
        "IncompleteReadError",
        "ResponseStreamingError",
        "BotoCoreError",
        "HTTPError",
        "ConnectionResetError",
    ):
        return _said(ErrorType.UNREACHABLE_REFUSED, where, "the connection could not be made or was lost")
    return None


def _of_s3_answer(error: Any, where: str) -> ConnectorError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    known = _S3_CODES.get(code) or _S3_CODES.get(str(status))
    if known is not None:
        return _said(known[0], where, known[1])
    # 501: the store has no such thing and will not have it tomorrow (a session token, for one).
    trouble = status >= 500 and status != 501
    if trouble or code in {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"}:
        return _said(ErrorType.UNREACHABLE_REFUSED, where, f"the store answers with an error of its own ({status})")
    return _said(ErrorType.CONFIGURATION_INVALID, where, f"the store does not accept the request ({_word(code)})")


def of_postgres(error: BaseException, where: str) -> ConnectorError | None:
    """The verdict on an exception of a PostgreSQL driver; None when it is not one of theirs.

    Messages of the server are never repeated: they quote values. Names of columns and constraints are kept.
    """
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str) and state:
        for prefix, verdict, sentence in _STATES:
            if state.startswith(prefix):
                return _said(verdict, where, sentence + _place(error))
        return _said(ErrorType.UNREACHABLE_REFUSED, where, f"the database answers with error {_word(state)}")
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ConnectionTimeout" in names or isinstance(error, TimeoutError):
        return _said(ErrorType.UNREACHABLE_TIMEOUT, where, "it did not answer in time")
    if isinstance(error, socket.gaierror):
        return _said(ErrorType.UNREACHABLE_DNS, where, "the host name is not known")
    if "DataError" in names:
        return _said(ErrorType.DESTINATION_REFUSED, where, "a value cannot be stored")
    if names & {"OperationalError", "InterfaceError", "PostgresConnectionError"} or isinstance(error, OSError):
        text = str(error)
        for pattern, verdict, sentence in _TEXTS:
            if re.search(pattern, text, re.IGNORECASE):
                return _said(verdict, where, sentence)
        return _said(ErrorType.UNREACHABLE_REFUSED, where, "the connection could not be made or was lost")
    return None


def _place(error: BaseException) -> str:
    """Which column or constraint it was, where the server says so."""
    diagnosis = getattr(error, "diag", None)
    column = getattr(diagnosis, "column_name", None)
    if not column:
        # COPY names the column in the context only: COPY staging, line 3, column year: "…"
        found = _COPY_COLUMN.search((getattr(diagnosis, "context", None) or "").partition('": "')[0])
        column = found.group(1).strip('"').replace('""', '"') if found else None
    if column:
        return f" (column {column!r})"
    constraint = getattr(diagnosis, "constraint_name", None)
    return f" (constraint {constraint!r})" if constraint else ""


def _said(type: ErrorType, where: str, sentence: str) -> ConnectorError:
    return ConnectorError(type, f"{where}: {sentence}.")


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "", text)[:60] or "unknown"


def _named(chain: list[BaseException], *names: str) -> bool:
    return any(kind.__name__ in names for item in chain for kind in type(item).__mro__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and what libraries hang into its arguments."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        item = waiting.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [item.__cause__, item.__context__]
        inner = getattr(item, "kwargs", None)
        if isinstance(inner, dict):
            waiting += [value for value in inner.values() if isinstance(value, BaseException)]
        waiting += [value for value in (getattr(item, "reason", None), *item.args) if isinstance(value, BaseException)]
