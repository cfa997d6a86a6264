"""Make a row of each element of a list: of texts between separators, or of a JSON array."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Explode
from services.transform.steps.json_texts import checked_json, elements
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, shown
from services.transform.steps.parsing import barred
from services.transform.steps.placing import after_placing
from services.transform.table import Table


class ExplodeKind(StepKind[Explode]):
    """explode"""

    adds = True

    def output_schema(self, schema: Schema, step: Explode, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", {LogicalType.STRING}, "be a list")
        if report.problems:
            return schema
        column = _new(schema, step)
        if step.into is not None:
            return after_placing(schema, [column], [], report)
        return Schema(columns=tuple(column if old.name == column.name else old for old in schema.columns))

    def mentions(self, schema: Schema, step: Explode) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: Explode) -> Sources:
        return {step.into or step.column: {step.column}}

    def decides(self, schema: Schema, step: Explode) -> set[str]:
        return {step.column}

    def english(self, step: Explode, schema: Schema) -> str:
        what = f"part between {shown(step.separator)}" if step.separator else "element"
        return f"Make a row of each {what} of {step.column}" + (f", in {step.into}" if step.into else "")

    def plan(self, table: Table, step: Explode, site: Site) -> Table:
        value = table.column(step.column)
        if step.separator is not None:
            return _exploded(table, value.str.split(step.separator), _new(table.schema, step))
        found = elements(checked_json(value, site, "/column", array=True))
        done = _exploded(table, found, _new(table.schema, step))
        text = done.column(step.into or step.column).str.json_path_match("$")
        return barred(done.setting([(column_of(done.schema, step.into or step.column), text)]))


def _new(schema: Schema, step: Explode) -> Column:
    nullable = step.separator is None or column_of(schema, step.column).nullable
    return Column(name=step.into or step.column, type=LogicalType.STRING, nullable=nullable)


def _exploded(table: Table, lists: pl.Expr, column: Column) -> Table:
    """A row for each element; a row whose list is null or empty stays, with null in its place."""
    table = table.setting([(column, lists)])
    name = table.inner[column.name]
    return table.then(table.lazy.explode(name, empty_as_null=True, keep_nulls=True))
