"""The sources of the platform, each with a customer's system behind it, as the conformance suite wants them."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from psycopg import sql

from contracts.data import Schema
from services.chassis.egress import Egress
from services.chassis.quoting import quoted
from services.connector.clients.postgres import PostgresClient
from services.connector.clients.s3 import S3Factory, S3Store, S3Waits
from services.connector.formats.base import Landed, Limits
from services.connector.formats.registry import Formats
from services.connector.kinds.base import Document
from services.connector.kinds.postgres import PostgresSecrets, PostgresSelection, PostgresSettings
from services.connector.kinds.s3 import S3Secrets, S3Selection, S3Settings
from services.connector.progress import Progress
from services.connector.reading import Reader
from services.connector.sources.base import Source
from services.connector.sources.postgres import PostgresSource
from services.connector.sources.s3 import S3Source
from tests.customers import Customer

EGRESS = Egress([ip_network("127.0.0.0/8")])
FACTORY = S3Factory(EGRESS)
CANARY = "canary-5e1d0c"
READER = Reader(Formats(), Limits())
SQL_TYPES = {
    "boolean": "boolean",
    "integer": "bigint",
    "float": "double precision",
    "decimal": "numeric(38,9)",
    "string": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_tz": "timestamptz",
    "time": "time",
    "binary": "bytea",
}

Row = dict[str, Any]


class Silent:
    """Milestones that nobody listens to."""

    def reached(self, name: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Got:
    """What a source gave."""

    rows: list[Row]
    schema: Schema
    counted: int


def got(landed: Landed) -> Got:
    """The rows of a landed table."""
    batches = [batch.select(list(landed.schema.names)) for batch in landed.batches()]
    rows = pa.Table.from_batches(batches).to_pylist() if batches else []
    return Got(rows, landed.schema, landed.counted)


class SourceSubject(Protocol):
    """A source and the hands of its customer."""

    def source(self) -> Source:
        """The source."""

    def broken(self) -> dict[str, Source]:
        """Sources that cannot be reached, by the reason."""

    def fill(self, name: str, schema: Schema, rows: list[Row]) -> Document:
        """Put a table there; returns the selection that means it."""

    def nothing(self) -> Document:
        """A selection that means nothing that is there."""

    def read(self, selection: Document, expected: Schema, folder: Path, progress: Progress) -> Got:
        """Read all that a selection means."""


class S3Subject:
    """CSV files in a bucket."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer

    def source(self) -> S3Source:
        return self._source({}, {})

    def broken(self) -> dict[str, Source]:
        return {
            "auth": self._source({}, {"secret_access_key": CANARY}),
            "refused": self._source({"endpoint_url": "http://127.0.0.1:1"}, {}),
            "dns": self._source({"endpoint_url": "http://nowhere.invalid"}, {}),
            "not_found": self._source({"bucket": "no-such-bucket-here"}, {}),
        }

    def fill(self, name: str, schema: Schema, rows: list[Row]) -> S3Selection:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(schema.names)
        out = text.getvalue() + "".join(",".join(written(row[n]) for n in schema.names) + "\n" for row in rows)
        self._customer.put(f"{name}.csv", out)
        return S3Selection(path=f"{self._customer.prefix}/{name}.csv")

    def nothing(self) -> S3Selection:
        return S3Selection(path=f"{self._customer.prefix}/nothing/*.csv")

    def read(self, selection: Document, expected: Schema, folder: Path, progress: Progress) -> Got:
        source = self.source()
        objects = list(source.objects(selection))
        found = list(READER.files(source, objects, None, expected, folder, progress, threads=2))
        landed = [file.landed for file in found if file.landed is not None]
        assert len(landed) == len(objects)
        parts = [got(one) for one in landed]
        rows = [row for part in parts for row in part.rows]
        return Got(rows, parts[0].schema if parts else expected, sum(part.counted for part in parts))

    def _source(self, settings: Row, secrets: Row) -> S3Source:
        made = S3Settings(**(self._customer.s3_settings() | settings))
        keys = S3Secrets(**(self._customer.s3_secrets() | secrets))
        return S3Source(S3Store(FACTORY, made, keys, S3Waits(connect=2, read=5, attempts=1)))


class PostgresSubject:
    """Tables in a database."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer

    def source(self) -> PostgresSource:
        return self._source({}, {})

    def broken(self) -> dict[str, Source]:
        return {
            "auth": self._source({}, {"password": CANARY}),
            "refused": self._source({"port": 1}, {}),
            "dns": self._source({"host": "nowhere.invalid"}, {}),
            "not_found": self._source({"database": "nowhere"}, {}),
        }

    def fill(self, name: str, schema: Schema, rows: list[Row]) -> PostgresSelection:
        table = sql.SQL(quoted(self._customer.schema, name))
        columns = sql.SQL(", ").join(
            sql.SQL(f"{quoted(column.name)} {SQL_TYPES[column.type.value]}") for column in schema.columns
        )
        with self._customer.warehouse() as session:
            session.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
            for row in rows:
                values = sql.SQL(", ").join(sql.Literal(row[n]) for n in schema.names)
                session.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(table, values))
        return PostgresSelection.model_validate({"schema": self._customer.schema, "table": name})

    def nothing(self) -> PostgresSelection:
        return PostgresSelection.model_validate({"schema": self._customer.schema, "table": "nothing"})

    def read(self, selection: Document, expected: Schema, folder: Path, progress: Progress) -> Got:
        with self.source().open(selection, None) as slice:
            spooled = slice.spool(folder / "table", progress)
        return got(READER.table(spooled, progress))

    def _source(self, settings: Row, secrets: Row) -> PostgresSource:
        made = PostgresSettings(**(self._customer.postgres_settings() | settings))
        return PostgresSource(
            PostgresClient(made, PostgresSecrets(**(self._customer.postgres_secrets() | secrets)), EGRESS)
        )


SUBJECTS: dict[str, Callable[[Customer], SourceSubject]] = {"s3": S3Subject, "postgres": PostgresSubject}


def written(value: Any) -> str:
    """A value as a careful program writes it into CSV: texts quoted, nulls empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, datetime | date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
