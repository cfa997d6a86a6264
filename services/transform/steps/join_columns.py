"""Join columns into one text."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import JoinColumns
from services.transform.conversions import to_text
from services.transform.steps.kind import (
    MAX_COLUMNS,
    Report,
    Site,
    Sources,
    StepKind,
    column_of,
    listed,
    shown,
    with_column,
)
from services.transform.steps.placing import after_placing, place
from services.transform.table import Table

_TEXTS = frozenset(LogicalType) - {LogicalType.BINARY}


class JoinColumnsKind(StepKind[JoinColumns]):
    """join_columns"""

    def output_schema(self, schema: Schema, step: JoinColumns, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        for at, name in enumerate(step.columns):
            if schema.column(name) is not None:
                report.typed(schema, name, f"/columns/{at}", _TEXTS, "be joined")
        if report.problems:
            return schema
        new = _new(schema, step)
        if step.keep:
            if schema.column(step.column) is None and len(schema.columns) >= MAX_COLUMNS:
                report.add("/column", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
            return with_column(schema, new.name, new.type, new.nullable)
        return after_placing(schema, [new], list(step.columns), report)

    def mentions(self, schema: Schema, step: JoinColumns) -> set[str]:
        return set(step.columns)

    def sources(self, schema: Schema, step: JoinColumns) -> Sources:
        return {step.column: set(step.columns)}

    def english(self, step: JoinColumns, schema: Schema) -> str:
        between = f" with {shown(step.separator)} between" if step.separator else ""
        gone = "" if step.keep else ", and remove them"
        return f"Join {listed(step.columns)} into {step.column}{between}{gone}"

    def plan(self, table: Table, step: JoinColumns, site: Site) -> Table:
        new = _new(table.schema, step)
        found = [column_of(table.schema, name) for name in step.columns]
        texts = [to_text(table.column(column.name), column.type) for column in found]
        value = pl.concat_str(texts, separator=step.separator, ignore_nulls=step.skip_null)
        if step.skip_null and new.nullable:
            value = pl.when(pl.any_horizontal(text.is_not_null() for text in texts)).then(value)
        if step.keep:
            return table.setting([(new, value)])
        return place(table, [(new, value)], list(step.columns))


def _new(schema: Schema, step: JoinColumns) -> Column:
    nulls = [column_of(schema, name).nullable for name in step.columns]
    return Column(name=step.column, type=LogicalType.STRING, nullable=all(nulls) if step.skip_null else any(nulls))
