"""Put the rows of other tables below."""

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import Union
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid, node
from services.transform.expressions.unify import unify
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, StepKind, listed
from services.transform.table import ROW, Table


class UnionKind(StepKind[Union]):
    """union"""

    whole = True
    adds = True

    def output_schema(self, schema: Schema, step: Union, report: Report) -> Schema:
        for at, name in enumerate(step.others):
            other = report.input(name, f"/with/{at}")
            if other is not None:
                schema = _met(schema, other, step, f"/with/{at}", report)
        return schema

    def mentions(self, schema: Schema, step: Union) -> set[str]:
        # By position each column has its place, so that none can be left out.
        return set(schema.names) if step.by == "position" else set()

    def english(self, step: Union, schema: Schema) -> str:
        return f"Put the rows of {listed(step.others)} below, column by {step.by}"

    def plan(self, table: Table, step: Union, site: Site) -> Table:
        tables = [table, *(site.run.other(name, table) for name in step.others)]
        after = table.schema
        for other in tables[1:]:
            after = _met(after, other.schema, step, "", Report(""))
        inner = {name: table.inner.get(name) or table.fresh() for name in after.names}
        frames = []
        for at, one in enumerate(tables):
            hidden = [pl.col(ROW) if at == 0 else pl.lit(None, dtype=pl.UInt32()).alias(ROW)] if table.hidden else []
            values = [
                _value(one, place, column, step).alias(inner[column.name]) for place, column in enumerate(after.columns)
            ]
            frames.append(one.lazy.select(*hidden, *values))
        return table.then(pl.concat(frames), after, inner)


def _met(schema: Schema, other: Schema, step: Union, place: str, report: Report) -> Schema:
    """The columns of both, in types that hold the values of both."""
    if step.by == "position":
        if len(schema.columns) != len(other.columns):
            message = f"There are {len(schema.columns)} columns here and {len(other.columns)} there."
            report.add(place, "wrong_count", message)
            return schema
        pairs = list(zip(schema.columns, other.columns, strict=True))
        return Schema(columns=tuple(_both(one, two, place, report) for one, two in pairs))
    columns = [_both(one, other.column(one.name), place, report) for one in schema.columns]
    columns += [
        column.model_copy(update={"nullable": True}) for column in other.columns if schema.column(column.name) is None
    ]
    if len(columns) > MAX_COLUMNS:
        report.add(place, "too_many", f"A table has at most {MAX_COLUMNS} columns.")
        return schema
    return Schema(columns=tuple(columns))


def _both(one: Column, two: Column | None, place: str, report: Report) -> Column:
    if two is None:
        return one.model_copy(update={"nullable": True})
    try:
        type, _ = unify([node("column", side.type, value=side.name) for side in (one, two)], "stand in one column")
    except ExpressionInvalid as error:
        report.add(place, error.code, f"Column {one.name!r}: {error.message}")
        return one
    return Column(name=one.name, type=type or one.type, nullable=one.nullable or two.nullable)


def _value(table: Table, at: int, column: Column, step: Union) -> pl.Expr:
    dtype = DTYPES[column.type]
    found = table.schema.columns[at] if step.by == "position" else table.schema.column(column.name)
    if found is None:
        return pl.lit(None, dtype=dtype)
    value = table.column(found.name)
    return value if found.type is column.type else value.cast(dtype, strict=False)
