"""Put a constant where a column is null."""

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import FillNull
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.kind import Report, Site, StepKind
from services.transform.steps.scalars import value_for
from services.transform.table import Table


class FillNullKind(StepKind[FillNull]):
    """fill_null"""

    def output_schema(self, schema: Schema, step: FillNull, report: Report) -> Schema:
        for column in report.columns(schema, step.columns, "/columns"):
            try:
                value_for(step.value, column.type)
            except ExpressionInvalid as error:
                report.add("/value", error.code, f"Column {column.name!r}: {error.message}")
                break
        return _filled(schema, step)

    def mentions(self, schema: Schema, step: FillNull) -> set[str]:
        return set(step.columns)

    def plan(self, table: Table, step: FillNull, site: Site) -> Table:
        filled = []
        for column in table.schema.columns:
            if column.name in step.columns:
                value = pl.lit(value_for(step.value, column.type), dtype=DTYPES[column.type])
                filled.append(table.column(column.name).fill_null(value))
        return table.then(table.lazy.with_columns(filled), _filled(table.schema, step))


def _filled(schema: Schema, step: FillNull) -> Schema:
    return Schema(
        columns=tuple(
            Column(name=column.name, type=column.type, nullable=False) if column.name in step.columns else column
            for column in schema.columns
        )
    )
