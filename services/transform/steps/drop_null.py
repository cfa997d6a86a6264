"""Remove rows in which any (or all) of these columns is null; they are filtered."""

import polars as pl

from contracts.data import Schema
from contracts.recipe import DropNull
from services.transform.steps.kind import Removal, Report, Site, StepKind, listed
from services.transform.table import Table


class DropNullKind(StepKind[DropNull]):
    """drop_null"""

    def removes(self, step: DropNull) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: DropNull, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        return _without_nulls(schema, step)

    def mentions(self, schema: Schema, step: DropNull) -> set[str]:
        return set(step.columns or schema.names)

    def decides(self, schema: Schema, step: DropNull) -> set[str]:
        return self.mentions(schema, step)

    def english(self, step: DropNull, schema: Schema) -> str:
        return f"Remove the rows where {'any' if step.how == 'any' else 'each'} of {listed(step.columns)} is empty"

    def plan(self, table: Table, step: DropNull, site: Site) -> Table:
        there = [table.column(name).is_not_null() for name in step.columns or table.schema.names]
        kept = pl.all_horizontal(*there) if step.how == "any" else pl.any_horizontal(*there)
        return table.then(table.lazy.filter(kept), _without_nulls(table.schema, step))


def _without_nulls(schema: Schema, step: DropNull) -> Schema:
    names = set(step.columns or schema.names)
    if step.how == "all" and len(names) > 1:
        return schema
    return Schema(
        columns=tuple(
            column.model_copy(update={"nullable": False}) if column.name in names else column
            for column in schema.columns
        )
    )
