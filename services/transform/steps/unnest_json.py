"""Make columns of the fields of a JSON object."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import UnnestJson
from services.transform.steps.json_texts import checked_json, field, value_at
from services.transform.steps.kind import Report, Site, Sources, StepKind, listed
from services.transform.steps.parsing import barred
from services.transform.steps.placing import after_placing, place
from services.transform.table import Table


class UnnestJsonKind(StepKind[UnnestJson]):
    """unnest_json"""

    def output_schema(self, schema: Schema, step: UnnestJson, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", {LogicalType.STRING}, "be JSON")
        return after_placing(schema, _new(step), [] if step.keep else [step.column], report)

    def mentions(self, schema: Schema, step: UnnestJson) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: UnnestJson) -> Sources:
        return {f"{step.prefix}{name}": {step.column} for name in step.fields}

    def english(self, step: UnnestJson, schema: Schema) -> str:
        names = listed([f"{step.prefix}{name}" for name in step.fields])
        return f"Make columns {names} of the JSON in {step.column}"

    def plan(self, table: Table, step: UnnestJson, site: Site) -> Table:
        inside = table.fresh()
        lazy = table.lazy.with_columns(checked_json(table.column(step.column), site, "/column").alias(inside))
        values = [
            (column, value_at(pl.col(inside), f"${field(name)}", column.type))
            for column, name in zip(_new(step), step.fields, strict=True)
        ]
        return barred(place(table.then(lazy), values, [] if step.keep else [step.column]))


def _new(step: UnnestJson) -> list[Column]:
    return [Column(name=f"{step.prefix}{name}", type=LogicalType(type)) for name, type in step.fields.items()]
