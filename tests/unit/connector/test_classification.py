"""Exceptions of the drivers become verdicts: the right type and one sentence that holds no secret and no value."""

import socket
from typing import Any

import botocore.exceptions
import psycopg.errors
import pytest
import urllib3.exceptions

from contracts.runs import PERMANENT, ErrorType
from services.connector.classification import of_postgres, of_s3
from services.connector.failures import REASONS

CANARY = "canary-3b1f"
DSN = f"postgresql://user:{CANARY}@db/shop"


def client_error(code: str, status: int) -> botocore.exceptions.ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": f"{CANARY} {DSN}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return botocore.exceptions.ClientError(answer, "GetObject")


S3_CASES: list[tuple[BaseException, ErrorType]] = [
    (client_error("InvalidAccessKeyId", 403), ErrorType.AUTHENTICATION_FAILED),
    (client_error("SignatureDoesNotMatch", 403), ErrorType.AUTHENTICATION_FAILED),
    (client_error("ExpiredToken", 400), ErrorType.AUTHENTICATION_FAILED),
    (client_error("AccessDenied", 403), ErrorType.PERMISSION_DENIED),
    (client_error("403", 403), ErrorType.PERMISSION_DENIED),
    (client_error("NoSuchBucket", 404), ErrorType.NOT_FOUND),
    (client_error("404", 404), ErrorType.NOT_FOUND),
    (client_error("PreconditionFailed", 412), ErrorType.OBJECT_CHANGED),
    (client_error("SlowDown", 503), ErrorType.UNREACHABLE_REFUSED),
    (client_error("InternalError", 500), ErrorType.UNREACHABLE_REFUSED),
    (client_error("InsufficientStorage", 507), ErrorType.DESTINATION_FULL),
    (client_error("InvalidBucketName", 400), ErrorType.CONFIGURATION_INVALID),
    (client_error(f"<{CANARY} />", 400), ErrorType.CONFIGURATION_INVALID),
    (botocore.exceptions.ConnectTimeoutError(endpoint_url=DSN), ErrorType.UNREACHABLE_TIMEOUT),
    (botocore.exceptions.ReadTimeoutError(endpoint_url=DSN), ErrorType.UNREACHABLE_TIMEOUT),
    (botocore.exceptions.SSLError(endpoint_url=DSN, error=CANARY), ErrorType.UNREACHABLE_TLS),
    (
        botocore.exceptions.EndpointConnectionError(endpoint_url=DSN, error=socket.gaierror(-2, "unknown")),
        ErrorType.UNREACHABLE_DNS,
    ),
    (
        botocore.exceptions.EndpointConnectionError(endpoint_url=DSN, error=ConnectionRefusedError(111, "refused")),
        ErrorType.UNREACHABLE_REFUSED,
    ),
    (botocore.exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), ErrorType.UNREACHABLE_REFUSED),
    (urllib3.exceptions.ProtocolError(CANARY), ErrorType.UNREACHABLE_REFUSED),
    (botocore.exceptions.ParamValidationError(report=CANARY), ErrorType.CONFIGURATION_INVALID),
]

STATES: dict[str, ErrorType] = {
    "28P01": ErrorType.AUTHENTICATION_FAILED,
    "3D000": ErrorType.NOT_FOUND,
    "42P01": ErrorType.NOT_FOUND,
    "42501": ErrorType.PERMISSION_DENIED,
    "53100": ErrorType.DESTINATION_FULL,
    "53300": ErrorType.UNREACHABLE_REFUSED,
    "57014": ErrorType.UNREACHABLE_TIMEOUT,
    "57P01": ErrorType.UNREACHABLE_REFUSED,
    "55P03": ErrorType.UNREACHABLE_TIMEOUT,
    "40P01": ErrorType.UNREACHABLE_TIMEOUT,
    "08006": ErrorType.UNREACHABLE_REFUSED,
    "22P02": ErrorType.DESTINATION_REFUSED,
    "22021": ErrorType.DESTINATION_REFUSED,
    "23505": ErrorType.DESTINATION_REFUSED,
    "42703": ErrorType.DESTINATION_REFUSED,
    "XX000": ErrorType.UNREACHABLE_REFUSED,
}

TEXTS: dict[str, ErrorType] = {
    'connection failed: FATAL:  password authentication failed for user "x"': ErrorType.AUTHENTICATION_FAILED,
    'authentication method requirement "scram-sha-256" failed': ErrorType.AUTHENTICATION_FAILED,
    'FATAL:  role "x" does not exist': ErrorType.AUTHENTICATION_FAILED,
    'FATAL:  database "x" does not exist': ErrorType.NOT_FOUND,
    "FATAL:  no pg_hba.conf entry for host": ErrorType.PERMISSION_DENIED,
    'could not translate host name "x" to address': ErrorType.UNREACHABLE_DNS,
    "server does not support SSL, but SSL was required": ErrorType.UNREACHABLE_TLS,
    "SSL error: certificate verify failed": ErrorType.UNREACHABLE_TLS,
    "connection timeout expired": ErrorType.UNREACHABLE_TIMEOUT,
    "connection to server failed: Connection refused": ErrorType.UNREACHABLE_REFUSED,
    "FATAL:  sorry, too many clients already": ErrorType.UNREACHABLE_REFUSED,
    "server closed the connection unexpectedly": ErrorType.UNREACHABLE_REFUSED,
}


def check(message: str) -> None:
    assert message.startswith("where: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert CANARY not in message


@pytest.mark.parametrize(("error", "type"), S3_CASES)
def test_what_s3_says(error: BaseException, type: ErrorType) -> None:
    found = of_s3(error, "where")
    assert found is not None
    assert found.type == type
    if "<" not in str(error):
        check(found.message)


@pytest.mark.parametrize(("state", "type"), STATES.items())
def test_what_postgresql_says_by_code(state: str, type: ErrorType) -> None:
    class Answer(psycopg.errors.DatabaseError):
        sqlstate = state

    found = of_postgres(Answer(f'invalid input syntax: "{CANARY}" {DSN}'), "where")
    assert found is not None
    assert found.type == type
    check(found.message)


@pytest.mark.parametrize(("text", "type"), TEXTS.items())
def test_what_postgresql_says_before_there_is_a_session(text: str, type: ErrorType) -> None:
    found = of_postgres(psycopg.OperationalError(f"{text} ({DSN})"), "where")
    assert found is not None
    assert found.type == type
    check(found.message)


def test_what_is_ours_stays_ours() -> None:
    assert of_postgres(ValueError("x"), "where") is None
    assert of_s3(KeyError("x"), "where") is None


def test_what_may_pass_is_tried_again_and_what_a_person_must_mend_is_not() -> None:
    retried = {type for type in REASONS if type not in PERMANENT}
    assert retried == {
        ErrorType.UNREACHABLE_DNS,
        ErrorType.UNREACHABLE_REFUSED,
        ErrorType.UNREACHABLE_TLS,
        ErrorType.UNREACHABLE_TIMEOUT,
    }
