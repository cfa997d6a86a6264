"""Units of the calendar and the clock: which fit a column, and back to the start of one."""

from typing import get_args

import polars as pl

from contracts.data import MOMENTS, LogicalType, Schema
from contracts.steps.base import DateUnit
from services.transform.expressions.tree import named
from services.transform.steps.kind import Report
from services.transform.table import Table

UNITS: tuple[str, ...] = get_args(DateUnit)
OF_CLOCK = frozenset({"hour", "minute", "second"})
ENGINE = {
    "year": "y", "quarter": "q", "month": "mo", "week": "w", "day": "d", "hour": "h", "minute": "m", "second": "s"
}  # fmt: skip


def check_unit(schema: Schema, name: str, unit: str, place: str, report: Report) -> None:
    """A problem where the column is no date or time, or a date that has no hours."""
    column = report.typed(schema, name, place, MOMENTS, "be counted in units of time")
    if column is not None and column.type is LogicalType.DATE and unit in OF_CLOCK:
        report.add(place, "wrong_type", f"{name!r} is {named(column.type)}, which has no {unit}.")


def truncated(table: Table, name: str, unit: str) -> pl.Expr:
    """The start of the unit."""
    return table.column(name).dt.truncate(f"1{ENGINE[unit]}")
