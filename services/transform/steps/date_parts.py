"""Add columns for parts of a date or time."""

from collections.abc import Callable, Sequence

import polars as pl

from contracts.data import MOMENTS, Column, LogicalType, Schema
from contracts.recipe import DateParts
from services.transform.expressions.tree import named
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, listed, with_columns
from services.transform.table import Table

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OF_CLOCK = frozenset({"hour", "minute", "second", "time"})
_TYPES = {
    "month_name": LogicalType.STRING,
    "weekday_name": LogicalType.STRING,
    "is_weekend": LogicalType.BOOLEAN,
    "date": LogicalType.DATE,
    "time": LogicalType.TIME,
}


class DatePartsKind(StepKind[DateParts]):
    """date_parts"""

    def output_schema(self, schema: Schema, step: DateParts, report: Report) -> Schema:
        column = report.typed(schema, step.column, "/column", MOMENTS | {LogicalType.TIME}, "be taken apart")
        if column is None:
            return schema
        for at, part in enumerate(step.parts):
            has_no = (column.type is LogicalType.DATE and part in _OF_CLOCK) or (
                column.type is LogicalType.TIME and part not in _OF_CLOCK
            )
            if has_no:
                report.add(f"/parts/{at}", "wrong_type", f"{step.column!r} is {named(column.type)} and has no {part}.")
            if part in step.parts[:at]:
                report.add(f"/parts/{at}", "repeated", f"The part {part} stands here twice.")
            if _name(step, part) == step.column:
                report.add(f"/parts/{at}", "name_taken", f"The new column would replace {step.column!r}.")
        return schema if report.problems else with_columns(schema, _new(schema, step))

    def mentions(self, schema: Schema, step: DateParts) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: DateParts) -> Sources:
        return {_name(step, part): {step.column} for part in step.parts}

    def english(self, step: DateParts, schema: Schema) -> str:
        names = listed([_name(step, part) for part in step.parts])
        return f"Add {listed([part.replace('_', ' ') for part in step.parts])} of {step.column} as {names}"

    def plan(self, table: Table, step: DateParts, site: Site) -> Table:
        value = table.column(step.column)
        new = _new(table.schema, step)
        return table.setting([(column, _PARTS[part](value)) for column, part in zip(new, step.parts, strict=True)])


def _name(step: DateParts, part: str) -> str:
    return f"{f'{step.column}_' if step.prefix is None else step.prefix}{part}"


def _new(schema: Schema, step: DateParts) -> list[Column]:
    nullable = column_of(schema, step.column).nullable
    return [
        Column(name=_name(step, part), type=_TYPES.get(part, LogicalType.INTEGER), nullable=nullable)
        for part in step.parts
    ]


def _names(number: pl.Expr, names: Sequence[str]) -> pl.Expr:
    known = [pl.Series(range(1, len(names) + 1), dtype=pl.Int64()), pl.Series(names, dtype=pl.String())]
    return number.cast(pl.Int64).replace_strict(*known, default=None, return_dtype=pl.String())


_PARTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "year": lambda value: value.dt.year().cast(pl.Int64),
    "quarter": lambda value: value.dt.quarter().cast(pl.Int64),
    "month": lambda value: value.dt.month().cast(pl.Int64),
    "month_name": lambda value: _names(value.dt.month(), MONTH_NAMES),
    "week": lambda value: value.dt.week().cast(pl.Int64),
    "day": lambda value: value.dt.day().cast(pl.Int64),
    "day_of_year": lambda value: value.dt.ordinal_day().cast(pl.Int64),
    "weekday": lambda value: value.dt.weekday().cast(pl.Int64),
    "weekday_name": lambda value: _names(value.dt.weekday(), DAY_NAMES),
    "is_weekend": lambda value: value.dt.weekday() >= 6,
    "hour": lambda value: value.dt.hour().cast(pl.Int64),
    "minute": lambda value: value.dt.minute().cast(pl.Int64),
    "second": lambda value: value.dt.second().cast(pl.Int64),
    "date": lambda value: value.dt.date(),
    "time": lambda value: value.dt.time(),
}
