"""The documents of the connection kinds: fields only, strict types, and no other spelling of something else."""

from typing import Any

import pytest

from services.chassis.problems import ProblemError
from services.connector.kinds.base import Document, parse
from services.connector.kinds.postgres import POSTGRES, PostgresSecrets
from services.connector.kinds.registry import KINDS
from services.connector.kinds.s3 import S3

GOOD_POSTGRES: dict[str, Any] = {"host": "db.example.com", "database": "shop", "user": "reader"}
GOOD_S3: dict[str, Any] = {"bucket": "some-bucket"}
WRONG: list[tuple[type[Document], dict[str, Any], str]] = [
    *[
        (POSTGRES.settings, GOOD_POSTGRES | {"host": host}, "/host")
        for host in (
            "/var/run/postgresql",
            "a,b",
            "a b",
            "host=x",
            "a;b",
            "good@evil",
            "good\x00evil",
            "",
            "x" * 254,
            "-a",
            "a..b",
            "@abstract",
        )
    ],
    *[(POSTGRES.settings, GOOD_POSTGRES | {"port": port}, "/port") for port in (0, 70000, True, "5432", 5432.0, None)],
    (POSTGRES.settings, GOOD_POSTGRES | {"database": "postgresql://x"}, "/database"),
    (POSTGRES.settings, GOOD_POSTGRES | {"database": "dbname=x host=y"}, "/database"),
    (POSTGRES.settings, GOOD_POSTGRES | {"user": "a\nb"}, "/user"),
    (POSTGRES.settings, GOOD_POSTGRES | {"sslmode": "allow"}, "/sslmode"),
    *[
        (POSTGRES.settings, GOOD_POSTGRES | {name: "x"}, f"/{name}")
        for name in ("options", "service", "sslrootcert", "passfile", "hostaddr", "dsn", "password")
    ],
    (POSTGRES.settings, {"host": "a", "database": "b"}, "/user"),
    (POSTGRES.selection, {"table": "a\x00b"}, "/table"),
    (POSTGRES.selection, {"table": "t", "schema_name": "x"}, "/schema_name"),
    (POSTGRES.selection, {"table": "t", "where": "1=1"}, "/where"),
    (S3.settings, {"bucket": "../x"}, "/bucket"),
    (S3.settings, {"bucket": "A_B"}, "/bucket"),
    (S3.settings, GOOD_S3 | {"region": "eu; junk"}, "/region"),
    *[
        (S3.settings, GOOD_S3 | {"endpoint_url": url}, "/endpoint_url")
        for url in (
            "http://good@evil/",
            "http://evil#@good",
            "http://good%00.evil",
            "http:\\\\evil",
            "ftp://host",
            "http://host/path",
            "http://host?x=1",
            "http://user:pass@host",
            "http://",
            "http://host:0",
            "http://host:99999",
            "http://a b",
            "http://[::1",
            "//host",
        )
    ],
    *[
        (S3.selection, {"path": path}, "/path")
        for path in ("", "/a", "a/../b", "../a", "a\\b", "a\nb", "a/./b", "x" * 1_025)
    ],
    (S3.selection, {"path": "a", "format": {"kind": "avro"}}, "/format"),
    (S3.selection, {"path": "a", "format": {"kind": "csv", "delimiter": ",,"}}, "/format/delimiter"),
    (S3.selection, {"path": "a", "format": {"kind": "csv", "delimiter": "a"}}, "/format/delimiter"),
    (S3.selection, {"path": "a", "format": {"kind": "csv", "encoding": "klingon"}}, "/format/encoding"),
    (S3.selection, {"path": "a", "format": {"kind": "csv", "encoding": "zip"}}, "/format/encoding"),
    (S3.target, {"prefix": "///"}, "/prefix"),
    (S3.target, {"prefix": "a/../../b"}, "/prefix"),
]


@pytest.mark.parametrize(("model", "given", "pointer"), WRONG)
def test_what_is_wrong_is_pointed_at(model: type[Document], given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as found:
        parse(model, given, "/settings")
    assert found.value.status == 422
    assert [problem.pointer for problem in found.value.errors] == [f"/settings{pointer}"]


@pytest.mark.parametrize(
    "host", ["localhost", "db.example.com.", "127.0.0.1", "::1", "[2001:db8::1]", "a_b.c", "x" * 63]
)
def test_hosts_are_names_or_addresses(host: str) -> None:
    parse(POSTGRES.settings, GOOD_POSTGRES | {"host": host}, "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "https://s3.example.com", "http://[::1]:9000/"])
def test_endpoints_are_a_scheme_a_host_and_a_port(url: str) -> None:
    parse(S3.settings, GOOD_S3 | {"endpoint_url": url}, "")


def test_secrets_do_not_print_themselves() -> None:
    secrets = PostgresSecrets(password="canary-password")
    assert "canary" not in repr(secrets) + str(secrets) + f"{secrets}"


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(ProblemError) as found:
        parse(POSTGRES.secrets, {"password": "canary\x00"}, "/secrets")
    assert "canary" not in str(found.value.document())


def test_a_bucket_that_is_not_the_connections_is_pointed_at() -> None:
    settings = S3.settings.model_validate(GOOD_S3)
    other = S3.selection.model_validate({"path": "a.csv", "bucket": "other-bucket"})
    assert [problem.pointer for problem in S3.agree(settings, other)] == ["/bucket"]


def test_capabilities_are_data() -> None:
    for kind in KINDS.values():
        assert kind.capabilities.source or kind.capabilities.destination
        assert set(kind.bound) <= set(kind.settings.model_fields)
        assert set(kind.needed_secrets) <= set(kind.secret_names)
