"""Remove rows in which any of these columns is null; they are filtered."""

import polars as pl

from contracts.data import Schema
from contracts.recipe import DropNull
from services.transform.steps.kind import Removal, Report, Site, StepKind
from services.transform.table import Table


class DropNullKind(StepKind[DropNull]):
    """drop_null"""

    def removes(self, step: DropNull) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: DropNull, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        return _without_nulls(schema, step)

    def mentions(self, schema: Schema, step: DropNull) -> set[str]:
        return set(step.columns)

    def plan(self, table: Table, step: DropNull, site: Site) -> Table:
        there = pl.all_horizontal(*(table.column(name).is_not_null() for name in step.columns))
        return table.then(table.lazy.filter(there), _without_nulls(table.schema, step))


def _without_nulls(schema: Schema, step: DropNull) -> Schema:
    return Schema(
        columns=tuple(
            column.model_copy(update={"nullable": False}) if column.name in step.columns else column
            for column in schema.columns
        )
    )
