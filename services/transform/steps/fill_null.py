"""Put a constant, a figure of the column, or a neighbour's value where a column is null."""

from collections.abc import Mapping

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType, Schema
from contracts.recipe import FillNull
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.exact import Scale, float_mean, floats_of, from_units, quantile_of, scales
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, listed, shown, with_columns
from services.transform.steps.scalars import value_for
from services.transform.table import Table


class FillNullKind(StepKind[FillNull]):
    """fill_null"""

    def sees_all(self, step: FillNull) -> bool:
        return step.method is not None

    def output_schema(self, schema: Schema, step: FillNull, report: Report) -> Schema:
        columns = report.columns(schema, step.columns, "/columns")
        report.columns(schema, step.by, "/by")
        for at, column in enumerate(columns):
            if step.method in ("mean", "median"):
                report.typed(schema, column.name, f"/columns/{at}", NUMBERS, f"have a {step.method}")
            elif step.value is not None:
                try:
                    value_for(step.value, column.type)
                except ExpressionInvalid as error:
                    report.add("/value", error.code, f"Column {column.name!r}: {error.message}")
                    break
            if column.name in step.by:
                report.add(f"/columns/{at}", "repeated", f"The column {column.name!r} stands in 'by' as well.")
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: FillNull) -> set[str]:
        return {*step.columns, *step.by}

    def sources(self, schema: Schema, step: FillNull) -> Sources:
        return {name: {name, *step.by} for name in step.columns}

    def english(self, step: FillNull, schema: Schema) -> str:
        by = f" of the same {listed(step.by)}" if step.by else ""
        with_ = {
            None: f"with {shown(step.value)}",
            "mean": f"with the mean{by}",
            "median": f"with the median{by}",
            "mode": f"with the most frequent value{by}",
            "forward": f"with the value before{by}",
            "backward": f"with the value after{by}",
        }[step.method]
        return f"Fill gaps in {listed(step.columns)} {with_}"

    def plan(self, table: Table, step: FillNull, site: Site) -> Table:
        known: Mapping[str, Scale] = {}
        if step.method == "mean":
            known = scales(table.lazy, floats_of(table, step.columns), site)
        filled = []
        for column in _after(table.schema, step):
            value = table.column(column.name)
            if step.method is None:
                put = pl.lit(value_for(step.value, column.type), dtype=DTYPES[column.type])
            else:
                put = _figure(value, column.type, step, known.get(table.inner[column.name]))
                put = put.over(table.columns(step.by)) if step.by else put
            filled.append((column, value.fill_null(put)))
        return table.setting(filled)


def _after(schema: Schema, step: FillNull) -> list[Column]:
    found = [column_of(schema, name) for name in dict.fromkeys(step.columns)]
    if step.method is not None:
        return found  # a column, or a group, without any value has nothing to be filled with
    return [column.model_copy(update={"nullable": False}) for column in found]


def _figure(value: pl.Expr, type: LogicalType, step: FillNull, scale: Scale | None) -> pl.Expr:
    if step.method == "forward":
        return value.forward_fill()
    if step.method == "backward":
        return value.backward_fill()
    if step.method == "mode":
        # Of those that are equally frequent the first one, in the order of the rows.
        return value.drop_nulls().mode(maintain_order=True).first()
    if type is LogicalType.FLOAT:
        return float_mean(value, scale or Scale()) if step.method == "mean" else quantile_of(value, 0.5)
    # Exact, and so always between the least and the greatest value: it fits whatever they are.
    if step.method == "mean":
        return _number(_mean(_units(value, type)), type)
    ordered = _units(value, type).drop_nulls().sort()
    many = ordered.len().cast(pl.Int64)
    low, high = (ordered.slice((many - more) // 2, 1).sum() for more in (1, 0))
    # By halves, since two decimals may be too large together; what is left over rounds away from zero.
    two = pl.lit(2, dtype=pl.Int128())
    halves, rest = low // two + high // two, low % two + high % two
    up = (rest == 2) | ((rest == 1) & (halves >= 0))
    return _number(pl.when(many > 0).then(halves + up.cast(pl.Int128)), type)


def _units(value: pl.Expr, type: LogicalType) -> pl.Expr:
    """Whole numbers as they are, decimals in units of their ninth digit."""
    return (value.to_physical() if type is LogicalType.DECIMAL else value).cast(pl.Int128)


def _number(units: pl.Expr, type: LogicalType) -> pl.Expr:
    return from_units(units) if type is LogicalType.DECIMAL else units.cast(pl.Int64)


def _mean(units: pl.Expr) -> pl.Expr:
    """The mean as a whole number, halves away from zero. Two halves are added up: together they may be too large."""
    size = pl.lit(10**19, dtype=pl.Int128())
    count = pl.when(units.count() > 0).then(units.count()).cast(pl.Int128)
    high, low = (units // size).sum(), (units % size).sum()
    rest = high % count * size + low
    below = high // count * size + rest // count
    twice = rest % count * 2
    up = (twice > count) | ((twice == count) & (below >= 0))
    return below + up.cast(pl.Int128)
