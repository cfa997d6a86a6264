"""Looks into nodes: a page of rows, rows that match an expression, the whole of it as a file."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq

from contracts.commands.connector import Problem
from contracts.data import DatasetRef, Schema
from services.chassis import rows
from services.chassis.problems import invalid, unavailable
from services.chassis.storage import DatasetCorrupt, Storage
from services.transform.computing import Computing
from services.transform.errors import DatasetUnreadable, TransformError
from services.transform.exporting.files import FILES, FileKind, Format, exported
from services.transform.refusals import as_problem
from services.transform.settings import TransformSettings


@dataclass(frozen=True)
class Seen:
    """Some rows, and what is known of how many there are."""

    table_schema: Schema
    rows: list[dict[str, Any]]
    matches: int | None = None


class Looking:
    """Reads rows of datasets, as little of them as it can."""

    def __init__(self, computing: Computing, storage: Storage, settings: TransformSettings) -> None:
        self._computing = computing
        self._storage = storage
        self._settings = settings

    async def page(
        self, tenant: UUID, dataset: DatasetRef, offset: int, limit: int, columns: Sequence[str] | None = None
    ) -> Seen:
        """Rows by their numbers. Nothing is computed: only the pieces that hold them are read."""
        schema = _chosen(dataset.table_schema, columns)
        if offset >= dataset.rows:
            return Seen(schema, [])
        # Whoever looks at rows may want to filter them next.
        self._computing.warm()
        try:
            table = await asyncio.to_thread(
                self._storage.page, dataset, offset, limit, tenant=tenant, columns=columns or None
            )
        except DatasetCorrupt as error:
            raise as_problem(DatasetUnreadable(str(error))) from error
        return Seen(schema, rows.shown(table))

    async def matching(
        self,
        tenant: UUID,
        dataset: DatasetRef,
        where: str,
        offset: int,
        limit: int,
        columns: Sequence[str] | None = None,
    ) -> Seen:
        """The first rows for which an expression is true. It is judged and run in a child."""
        schema = _chosen(dataset.table_schema, columns)
        if self._computing.waiting >= self._settings.session_waiting:
            raise unavailable("Others are computing; there is no place free.", retry_after=2)
        try:
            found = await self._computing.sample(
                tenant, dataset, where, offset, limit, self._settings.preview_seconds, read=pq.read_table
            )
        except TransformError as error:
            raise as_problem(error) from error
        table = found.rows if not columns else found.rows.select(list(columns))
        return Seen(schema, rows.shown(table), found.matches)

    def export(
        self, tenant: UUID, dataset: DatasetRef, format: Format, *, escape_formulas: bool
    ) -> tuple[FileKind, Iterator[bytes]]:
        """All rows as a file, made while it is sent; raises invalid where the format cannot hold them."""
        kind = FILES[format]
        rows, columns = dataset.rows, len(dataset.table_schema.columns)
        if (kind.most_rows is not None and rows > kind.most_rows) or (
            kind.most_columns is not None and columns > kind.most_columns
        ):
            message = f"holds at most {kind.most_rows} rows and {kind.most_columns} columns, and this is larger"
            raise invalid([Problem(pointer="/query/format", code="too_large", message=message)])
        batches = self._storage.batches(dataset, tenant=tenant)
        return kind, exported(kind, batches, dataset.table_schema, escape_formulas=escape_formulas)


def _chosen(schema: Schema, columns: Sequence[str] | None) -> Schema:
    """The columns that are asked for; raises invalid for one that is not there, or stands there twice."""
    if not columns:
        return schema
    problems = []
    for at, name in enumerate(columns):
        if schema.column(name) is None:
            message = f"There is no column {name[:100]!r}."
            problems.append(Problem(pointer=f"/query/columns/{at}", code="column_unknown", message=message))
        elif name in columns[:at]:
            message = f"The column {name[:100]!r} stands here twice."
            problems.append(Problem(pointer=f"/query/columns/{at}", code="repeated", message=message))
    if problems:
        raise invalid(problems)
    return Schema(columns=tuple(column for name in columns if (column := schema.column(name)) is not None))
