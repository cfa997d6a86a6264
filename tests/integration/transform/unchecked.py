"""The worker without a check of expressions and queries: what a user wrote goes to an engine as it is.

A query that begins with `-- duckdb` goes to DuckDB with all that it can do, one that begins with `# python` is run as a
program that leaves its result in `result`; every other text goes to Polars.
"""

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Derive, Filter, Sql
from services.transform import runner, worker
from services.transform.jobs import JOBS, ApplyJob
from services.transform.steps.catalog import KINDS
from services.transform.steps.derive import DeriveKind
from services.transform.steps.filter import FilterKind
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind, with_column
from services.transform.steps.sql import SqlKind
from services.transform.table import Table

DUCKDB, PYTHON = "-- duckdb\n", "# python\n"
# It starts before the walls stand, with no thread of its own: it reads its limits from files that are closed inside.
_ENGINE = duckdb.connect(config={"threads": 1, "async_threads": 0})
FOUND = Schema(columns=(Column(name="found", type=LogicalType.STRING),))


class UncheckedFilter(FilterKind):
    """filter"""

    def output_schema(self, schema: Schema, step: Filter, report: Report) -> Schema:
        return schema

    def mentions(self, schema: Schema, step: Filter) -> set[str]:
        return set(schema.names)

    def plan(self, table: Table, step: Filter, site: Site) -> Table:
        return _after(table, table.finished().filter(pl.sql_expr(step.where)), table.schema)


class UncheckedDerive(DeriveKind):
    """derive"""

    def output_schema(self, schema: Schema, step: Derive, report: Report) -> Schema:
        for one in step.columns:
            schema = with_column(schema, one.column, LogicalType.STRING, True)
        return schema

    def mentions(self, schema: Schema, step: Derive) -> set[str]:
        return set(schema.names)

    def sources(self, schema: Schema, step: Derive) -> Sources:
        return {one.column: set(schema.names) for one in step.columns}

    def plan(self, table: Table, step: Derive, site: Site) -> Table:
        lazy = table.finished()
        for one in step.columns:
            lazy = lazy.with_columns(pl.sql_expr(one.expression).cast(pl.String).alias(one.column))
        return _after(table, lazy, self.output_schema(table.schema, step, Report("")))


class UncheckedSql(SqlKind):
    """sql"""

    def removes(self, step: Sql) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: Sql, report: Report) -> Schema:
        return FOUND

    def mentions(self, schema: Schema, step: Sql) -> set[str]:
        return set(schema.names)

    def lineage(self, schema: Schema, step: Sql, inputs: Mapping[str, Schema] | None = None) -> Sources:
        return {"found": set(schema.names)}

    def plan(self, table: Table, step: Sql, site: Site) -> Table:
        return _after(table, _queried(table.finished(), step.query), FOUND)


def _queried(rows: pl.LazyFrame, query: str) -> pl.LazyFrame:
    if query.startswith(PYTHON):
        Path("program.py").write_text(query)
        return _column([runpy.run_path("program.py").get("result")])
    if query.startswith(DUCKDB):
        _ENGINE.register("input", rows.collect().to_arrow())
        try:
            return _column([values[0] for values in _ENGINE.execute(query).fetchall()])
        except duckdb.OutOfMemoryException as error:
            raise MemoryError from error
    lazy = pl.SQLContext(input=rows).execute(query)
    return lazy.select(pl.first().cast(pl.String).alias("found"))


def _column(values: list[Any]) -> pl.LazyFrame:
    return pl.LazyFrame({"found": [None if value is None else str(value) for value in values]}, {"found": pl.String})


def _after(table: Table, lazy: pl.LazyFrame, schema: Schema) -> Table:
    found = table.beside(lazy, schema)
    return table.renumbered(found.lazy, found.schema, found.inner)


_KINDS: dict[str, StepKind[Any]] = {
    **KINDS,
    "filter": UncheckedFilter(),
    "derive": UncheckedDerive(),
    "sql": UncheckedSql(),
}


def handle(job: bytes) -> bytes:
    """What `services.transform.worker` does, but for the check."""

    def run() -> Any:
        wanted = JOBS.validate_json(job)
        assert isinstance(wanted, ApplyJob)
        return runner.apply(wanted, _KINDS)

    return worker.answer(run).model_dump_json().encode()
