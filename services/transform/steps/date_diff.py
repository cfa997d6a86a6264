"""Count the whole units from one date or time to another."""

import polars as pl

from contracts.data import MOMENTS, Column, LogicalType, Schema
from contracts.recipe import DateDiff
from services.transform.expressions.tree import ExpressionInvalid, node
from services.transform.expressions.unify import unify
from services.transform.steps.calendar import OF_CLOCK
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, Sources, StepKind, column_of, with_columns
from services.transform.table import Table

_MICROSECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


class DateDiffKind(StepKind[DateDiff]):
    """date_diff"""

    def output_schema(self, schema: Schema, step: DateDiff, report: Report) -> Schema:
        ends = [
            report.typed(schema, name, place, MOMENTS, "be counted from or to")
            for place, name in (("/start", step.start), ("/end", step.end))
        ]
        found = [column for column in ends if column is not None]
        if len(found) == 2:
            try:
                unify([node("column", column.type, value=column.name) for column in found], "be compared")
            except ExpressionInvalid as error:
                report.add("/end", error.code, error.message)
            if step.unit in OF_CLOCK and all(column.type is LogicalType.DATE for column in found):
                report.add("/unit", "wrong_type", f"Dates have no {step.unit}; count days.")
        if len(schema.columns) >= MAX_COLUMNS and schema.column(step.into) is None:
            report.add("/into", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
        return schema if report.problems else with_columns(schema, [_new(schema, step)])

    def mentions(self, schema: Schema, step: DateDiff) -> set[str]:
        return {step.start, step.end}

    def sources(self, schema: Schema, step: DateDiff) -> Sources:
        return {step.into: {step.start, step.end}}

    def english(self, step: DateDiff, schema: Schema) -> str:
        return f"Count the {step.unit}s from {step.start} to {step.end}, in {step.into}"

    def plan(self, table: Table, step: DateDiff, site: Site) -> Table:
        start, end = (_stamp(table, name) for name in (step.start, step.end))
        if step.unit in _MICROSECONDS:
            size = _MICROSECONDS[step.unit] * 1_000_000
            passed = end.dt.timestamp("us") - start.dt.timestamp("us")
            count = pl.when(passed < 0).then(-((-passed) // size)).otherwise(passed // size)
        else:
            count = _months(start, end, _MONTHS[step.unit])
        return table.setting([(_new(table.schema, step), count.cast(pl.Int64))])


def _stamp(table: Table, name: str) -> pl.Expr:
    value = table.column(name)
    if column_of(table.schema, name).type is LogicalType.TIMESTAMP_TZ:
        value = value.dt.replace_time_zone(None)
    return value.cast(pl.Datetime("us"))


def _months(start: pl.Expr, end: pl.Expr, size: int) -> pl.Expr:
    """A month is whole when its day and time are reached again."""
    months = (end.dt.year().cast(pl.Int64) - start.dt.year()) * 12 + (end.dt.month().cast(pl.Int64) - start.dt.month())
    within = [moment - moment.dt.truncate("1mo") for moment in (start, end)]
    short = pl.when((months > 0) & (within[1] < within[0])).then(1).otherwise(0)
    long = pl.when((months < 0) & (within[1] > within[0])).then(1).otherwise(0)
    whole = months - short + long
    return pl.when(whole < 0).then(-((-whole) // size)).otherwise(whole // size)


def _new(schema: Schema, step: DateDiff) -> Column:
    nullable = any(column_of(schema, name).nullable for name in (step.start, step.end))
    return Column(name=step.into, type=LogicalType.INTEGER, nullable=nullable)
