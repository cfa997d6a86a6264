"""The destinations of the platform, each with a customer's system behind it, and an oracle that reads it directly."""

import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import polars as pl
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from psycopg import sql

from contracts.data import Column, LogicalType, Schema
from services.chassis.arrow import to_arrow
from services.connector.clients.postgres import PostgresClient, Waits
from services.connector.clients.s3 import S3Store, S3Waits
from services.connector.destinations.base import Destination, LoadTable
from services.connector.destinations.postgres import PostgresDestination
from services.connector.destinations.postgres_before import Before
from services.connector.destinations.postgres_ledger import Fence, Ledger
from services.connector.destinations.s3 import S3Destination
from services.connector.kinds.base import Document
from services.connector.kinds.postgres import PostgresSecrets, PostgresSettings, PostgresTarget
from services.connector.kinds.s3 import S3Secrets, S3Settings, S3Target
from tests.conformance.source_subjects import EGRESS, FACTORY
from tests.customers import Customer

SCHEMA = Schema(
    columns=(
        Column(name="id", type=LogicalType.INTEGER),
        Column(name="text", type=LogicalType.STRING),
        Column(name="value", type=LogicalType.FLOAT),
    )
)
Row = tuple[int, str | None, float | None]
# An empty field is no value, a quoted empty one is an empty text.
QUOTED = pacsv.ParseOptions(newlines_in_values=True)
NULLS = pacsv.ConvertOptions(
    column_types=to_arrow(SCHEMA), null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
)


class DestinationSubject(Protocol):
    """A destination and the eyes of its customer."""

    modes: tuple[str, ...]
    target: Document

    def destination(self) -> Destination:
        """The destination."""

    def rows(self, workflow_id: UUID) -> Counter[Row]:
        """What a reader finds there."""

    def loads(self, workflow_id: UUID) -> int:
        """How many loads are recorded."""


class PostgresTables:
    """A table in a database."""

    modes = ("append", "replace", "upsert")

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.target = PostgresTarget.model_validate({"schema": customer.schema, "table": "target"})

    def destination(
        self, ledger: Ledger | None = None, fence: Fence | None = None, before: Before | None = None
    ) -> PostgresDestination:
        return PostgresDestination(self.client(), ledger, fence, before)

    def client(self, **settings: Any) -> PostgresClient:
        made = PostgresSettings(**(self.customer.postgres_settings() | settings))
        return PostgresClient(made, PostgresSecrets(**self.customer.postgres_secrets()), EGRESS, Waits(lock=5))

    def rows(self, workflow_id: UUID) -> Counter[Row]:
        with self.customer.warehouse() as session:
            there = session.execute("SELECT to_regclass('target') IS NOT NULL").fetchone()
            if there != (True,):
                return Counter()
            return Counter(session.execute("SELECT id, text, value FROM target").fetchall())

    def loads(self, workflow_id: UUID) -> int:
        with self.customer.warehouse() as session:
            query = sql.SQL("SELECT count(*) FROM modulardata.load_ledger WHERE workflow_id = %s")
            row = session.execute(query, [workflow_id]).fetchone()
        return int(row[0]) if row else 0


class S3Files:
    """Files below a prefix, found as a reader is told to: through the manifests."""

    modes = ("append", "replace")

    def __init__(self, customer: Customer, format: str) -> None:
        self.customer = customer
        settings = S3Settings(**customer.s3_settings())
        self._store = S3Store(FACTORY, settings, S3Secrets(**customer.s3_secrets()), S3Waits(attempts=2))
        self.target = S3Target.model_validate({"prefix": f"{customer.prefix}/out", "format": {"kind": format}})

    def destination(self) -> S3Destination:
        return S3Destination(self._store)

    def rows(self, workflow_id: UUID) -> Counter[Row]:
        found: Counter[Row] = Counter()
        for manifest in self._counting(workflow_id):
            for part in manifest["parts"]:
                body = io.BytesIO(self._get(part["key"]))
                if manifest["format"] == "parquet":
                    frame = pl.from_arrow(pq.read_table(body))
                else:
                    frame = pl.from_arrow(pacsv.read_csv(body, parse_options=QUOTED, convert_options=NULLS))
                found.update(pl.DataFrame(frame).rows())
        return found

    def loads(self, workflow_id: UUID) -> int:
        return len([one for one in self._manifests(workflow_id) if not one.get("void")])

    def _counting(self, workflow_id: UUID) -> list[dict[str, Any]]:
        manifests = self._manifests(workflow_id)
        try:
            current = json.loads(self._get(f"{self._folder(workflow_id)}/current.json"))
        except self.customer.s3.exceptions.NoSuchKey:
            return [one for one in manifests if not one.get("void") and one["mode"] == "append"]
        return [json.loads(self._get(key)) for key in current["manifests"]]

    def _manifests(self, workflow_id: UUID) -> list[dict[str, Any]]:
        listed = self.customer.s3.list_objects_v2(Bucket=self.customer.bucket, Prefix=self._folder(workflow_id))
        keys = [item["Key"] for item in listed.get("Contents", [])]
        return [json.loads(self._get(key)) for key in keys if not key.endswith("/current.json")]

    def _folder(self, workflow_id: UUID) -> str:
        return f"{self.customer.prefix}/out/_modulardata/{workflow_id}/main"

    def _get(self, key: str) -> bytes:
        body: bytes = self.customer.s3.get_object(Bucket=self.customer.bucket, Key=key)["Body"].read()
        return body


SUBJECTS: dict[str, Callable[[Customer], DestinationSubject]] = {
    "postgres": PostgresTables,
    "s3-parquet": lambda customer: S3Files(customer, "parquet"),
    "s3-csv": lambda customer: S3Files(customer, "csv"),
}


def table_of(folder: Path, rows: list[Row], schema: Schema = SCHEMA, parts: int = 2) -> LoadTable:
    """Rows as Parquet parts, as the platform's store hands them out."""
    paths = []
    frame = pl.DataFrame(rows, schema=["id", "text", "value"], orient="row", schema_overrides={"value": pl.Float64})
    table = frame.select(list(schema.names)).to_arrow().cast(to_arrow(schema))
    size = max(1, -(-table.num_rows // parts))
    for start in range(0, max(1, table.num_rows), size):
        path = folder / f"{len(list(folder.iterdir())):06}.parquet"
        pq.write_table(table.slice(start, size), path)
        paths.append(path)
    return LoadTable(schema, table.num_rows, sum(path.stat().st_size for path in paths), tuple(paths))
