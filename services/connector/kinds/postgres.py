"""The kind `postgres`: a PostgreSQL database."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from services.connector.kinds.base import Capabilities, Document, Kind, SecretDocument

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")


def _host(host: str) -> str:
    """One name or one address: a path, a list of hosts or an option of the client library is neither."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        labels = host.removesuffix(".").split(".")
        if len(host) > 253 or not all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels):
            raise ValueError("must be a host name or an IP address") from None
    return host


def _plain(name: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise ValueError("must not hold control characters")
    if len(name.encode("utf-8", "surrogatepass")) > 63:
        raise ValueError("must not have more than 63 bytes")
    return name


def _no_connection_string(name: str) -> str:
    if "=" in name or "://" in name:
        raise ValueError("must be a name, not a connection string")
    return _plain(name)


Name = Annotated[str, AfterValidator(_plain), Field(min_length=1, max_length=63)]
Word = Annotated[str, AfterValidator(_no_connection_string), Field(min_length=1, max_length=63)]


class PostgresSettings(Document):
    """Which database, and as whom."""

    host: Annotated[str, AfterValidator(_host), Field(max_length=253)] = Field(description="A name or an address")
    port: int = Field(default=5432, ge=1, le=65535)
    database: Word
    user: Word
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None = Field(
        default=None, description="verify-full, if not said; prefer for a database on this machine"
    )


class PostgresSecrets(SecretDocument):
    """What the user proves itself with."""

    password: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"^[^\x00]+$")]


class PostgresSelection(Document):
    """Which rows to read."""

    schema_name: Name = Field(default="public", alias="schema")
    table: Name
    cursor: Name | None = Field(
        default=None,
        description="A column that only grows: each run reads what is beyond the last run's highest value. "
        "Rows that are committed later with a value below it are not seen.",
    )


class PostgresTarget(Document):
    """Which table to write; it is made when it is not there."""

    schema_name: Name = Field(default="public", alias="schema")
    table: Name


POSTGRES = Kind(
    name="postgres",
    title="PostgreSQL",
    settings=PostgresSettings,
    secrets=PostgresSecrets,
    selection=PostgresSelection,
    target=PostgresTarget,
    capabilities=Capabilities(
        source=True,
        destination=True,
        reads="table",
        write_modes=("append", "replace", "upsert"),
        incremental=True,
        undo=True,
    ),
    bound=("host", "port", "database", "user"),
)
