"""Take values out of nested JSON into columns; an array inside can become rows."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Flatten
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.json_texts import checked_json, elements, json_path, value_at
from services.transform.steps.kind import Report, Site, Sources, StepKind, escape, listed
from services.transform.steps.parsing import barred
from services.transform.steps.placing import after_placing, place
from services.transform.table import Table


class FlattenKind(StepKind[Flatten]):
    """flatten"""

    adds = True

    def output_schema(self, schema: Schema, step: Flatten, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", {LogicalType.STRING}, "be JSON")
        places = {f"/fields/{escape(name)}/path": field.path for name, field in step.fields.items()}
        for where, path in (places | ({"/rows": step.rows} if step.rows is not None else {})).items():
            try:
                json_path(path)
            except ExpressionInvalid as error:
                report.add(where, error.code, error.message)
        return after_placing(schema, _new(step), [] if step.keep else [step.column], report)

    def mentions(self, schema: Schema, step: Flatten) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: Flatten) -> Sources:
        return {name: {step.column} for name in step.fields}

    def decides(self, schema: Schema, step: Flatten) -> set[str]:
        return {step.column} if step.rows is not None else set()

    def english(self, step: Flatten, schema: Schema) -> str:
        fields = listed(
            [name if name == field.path else f"{field.path} as {name}" for name, field in step.fields.items()]
        )
        rows = f", a row for each element of {step.rows}" if step.rows else ""
        return f"Take {fields} out of the JSON in {step.column}{rows}"

    def plan(self, table: Table, step: Flatten, site: Site) -> Table:
        text = checked_json(table.column(step.column), site, "/column")
        inside = table.fresh()
        lazy = table.lazy.with_columns(text.alias(inside))
        if step.rows is not None:
            element = table.fresh()
            array = elements(pl.col(inside).str.json_path_match(json_path(step.rows)))
            lazy = lazy.with_columns(array.alias(element)).drop(inside).explode(element, empty_as_null=True)
            inside = element
        values = [
            (column, value_at(pl.col(inside), json_path(step.fields[column.name].path), column.type))
            for column in _new(step)
        ]
        return barred(place(table.then(lazy), values, [] if step.keep else [step.column]))


def _new(step: Flatten) -> list[Column]:
    return [Column(name=name, type=LogicalType(field.type)) for name, field in step.fields.items()]
