"""Add or replace columns by expressions; a later one sees the earlier ones."""

import polars as pl

from contracts.data import Schema
from contracts.recipe import Derive
from services.transform.expressions.analysis import analyse
from services.transform.expressions.lowering import lower
from services.transform.expressions.tree import columns
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, StepKind, with_column
from services.transform.table import Table


class DeriveKind(StepKind[Derive]):
    """derive"""

    def output_schema(self, schema: Schema, step: Derive, report: Report) -> Schema:
        for at, derivation in enumerate(step.columns):
            place = f"/columns/{at}/expression"
            root = report.expression(schema, derivation.expression, place)
            if root is None:
                break
            if root.type is None:
                report.add(place, "wrong_type", "This null has no type; write CAST(NULL AS …).")
                break
            if len(schema.columns) >= MAX_COLUMNS and schema.column(derivation.column) is None:
                report.add(f"/columns/{at}", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
                break
            schema = with_column(schema, derivation.column, root.type, root.nullable)
        return schema

    def mentions(self, schema: Schema, step: Derive) -> set[str]:
        found: set[str] = set()
        made: set[str] = set()
        for derivation in step.columns:
            root = analyse(derivation.expression, schema)
            found |= set(columns(root)) - made
            made.add(derivation.column)
            if root.type is not None:
                schema = with_column(schema, derivation.column, root.type, root.nullable)
        return found

    def before(self, step: Derive, wanted: set[str]) -> set[str]:
        return wanted - {derivation.column for derivation in step.columns}

    def plan(self, table: Table, step: Derive, site: Site) -> Table:
        fallible = False
        for at, derivation in enumerate(step.columns):
            pointer = f"{site.pointer}/columns/{at}/expression"
            root = analyse(derivation.expression, table.schema)
            if root.type is None:
                continue
            fallible = fallible or root.fallible
            value = lower(root, table.inner, pointer, site.witness)
            name = table.fresh()
            replaced = table.inner.get(derivation.column)
            lazy = table.lazy.with_columns(value.alias(name))
            schema = with_column(table.schema, derivation.column, root.type, root.nullable)
            table = table.then(
                lazy if replaced is None else lazy.drop(replaced), schema, table.inner | {derivation.column: name}
            )
        # A value that a step refuses is refused even where a later filter would have removed its row: without this
        # barrier the engine filters first.
        return barred(table) if fallible else table


def barred(table: Table) -> Table:
    """The table behind a line that no later step is moved across."""
    lazy = table.lazy.select(list(table.frame_schema))
    return table.then(lazy.map_batches(_same, schema=table.frame_schema, streamable=True))


def _same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows
