"""Make rows of columns: each row becomes one for each column, with its name and its value."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Unpivot
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid, node
from services.transform.expressions.unify import unify
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, listed
from services.transform.table import Table


class UnpivotKind(StepKind[Unpivot]):
    """unpivot"""

    adds = True

    def output_schema(self, schema: Schema, step: Unpivot, report: Report) -> Schema:
        keys = report.columns(schema, step.keys, "/keys")
        columns = report.columns(schema, step.columns, "/columns")
        for at, name in enumerate(step.columns):
            if name in step.keys:
                report.add(f"/columns/{at}", "repeated", f"The column {name!r} is a key as well.")
        for place, name in (("/names_to", step.names_to), ("/values_to", step.values_to)):
            if name in step.keys or step.names_to == step.values_to:
                report.add(place, "name_taken", f"There would be two columns named {name!r}.")
        if report.problems:
            return schema
        try:
            value = _value(columns, step)
        except ExpressionInvalid as error:
            report.add("/columns", error.code, error.message)
            return schema
        return Schema(columns=(*keys, Column(name=step.names_to, type=LogicalType.STRING, nullable=False), value))

    def mentions(self, schema: Schema, step: Unpivot) -> set[str]:
        return {*step.keys, *step.columns}

    def sources(self, schema: Schema, step: Unpivot) -> Sources:
        return {step.names_to: set(), step.values_to: set(step.columns)}

    def english(self, step: Unpivot, schema: Schema) -> str:
        keys = f" for each {listed(step.keys)}" if step.keys else ""
        return f"Make rows of {listed(step.columns)}{keys}: the name in {step.names_to}, the value in {step.values_to}"

    def plan(self, table: Table, step: Unpivot, site: Site) -> Table:
        after = self.output_schema(table.schema, step, Report(site.pointer))
        value = column_of(after, step.values_to)
        name_inner, value_inner = table.fresh(), table.fresh()
        values = [table.column(name).cast(DTYPES[value.type]) for name in step.columns]
        names = pl.lit(pl.Series(list(step.columns), dtype=pl.String()).implode())
        # Row by row, so that it is the same whatever parts the table comes in.
        lazy = table.lazy.select(
            *table.hidden,
            *table.columns(step.keys),
            names.alias(name_inner),
            pl.concat_list(values).alias(value_inner),
        ).explode(name_inner, value_inner)
        inner = {name: table.inner[name] for name in step.keys}
        return table.then(lazy, after, inner | {step.names_to: name_inner, step.values_to: value_inner})


def _value(columns: list[Column], step: Unpivot) -> Column:
    nodes = [node("column", column.type, value=column.name, nullable=column.nullable) for column in columns]
    type, _ = unify(nodes, "stand in one column")
    return Column(
        name=step.values_to,
        type=type or LogicalType.STRING,
        nullable=any(column.nullable for column in columns),
    )
