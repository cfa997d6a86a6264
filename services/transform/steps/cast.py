"""Change column types. A value that does not fit fails the run, becomes null, or sends its row to quarantine."""

from collections.abc import Callable

import polars as pl

from contracts.data import LogicalType, Schema
from contracts.recipe import Cast
from services.transform.conversions import convert
from services.transform.convertible import can_convert, can_fail
from services.transform.expressions.tree import ExpressionInvalid, named
from services.transform.steps import formats
from services.transform.steps.kind import Removal, Report, Site, StepKind, escape
from services.transform.steps.moments import read_moment
from services.transform.steps.parsing import Reading, read, read_schema
from services.transform.table import Table

_MOMENTS = frozenset({LogicalType.DATE, LogicalType.TIME, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ})


class CastKind(StepKind[Cast]):
    """cast"""

    def removes(self, step: Cast) -> Removal | None:
        return "quarantined" if step.on_failure == "quarantine" else None

    def output_schema(self, schema: Schema, step: Cast, report: Report) -> Schema:
        for name, type in step.columns.items():
            place = f"/columns/{escape(name)}"
            column = report.column(schema, name, place)
            if column is not None and not can_convert(column.type, type):
                message = f"There is no way from {named(column.type)} to {named(type)}."
                report.add(place, "cannot_convert", message)
            elif column is not None and step.format is not None:
                _check_format(step.format, column.type, type, report)
        return schema if report.problems else read_schema(schema, _readings(schema, step), step.on_failure)

    def mentions(self, schema: Schema, step: Cast) -> set[str]:
        return set(step.columns)

    def decides(self, schema: Schema, step: Cast) -> set[str]:
        return set(step.columns) if step.on_failure == "quarantine" else set()

    def english(self, step: Cast, schema: Schema) -> str:
        casts = ", ".join(f"{name} into {named(type)}" for name, type in step.columns.items())
        written = f", written as {step.format}" if step.format else ""
        what = {"fail": "", "null": "; what does not fit becomes null", "quarantine": "; rows that do not fit wait"}
        return f"Convert {casts}{written}{what[step.on_failure]}"

    def plan(self, table: Table, step: Cast, site: Site) -> Table:
        return read(table, _readings(table.schema, step), step.on_failure, site)


def _readings(schema: Schema, step: Cast) -> list[Reading]:
    readings = []
    for name, target in step.columns.items():
        column = schema.column(name)
        if column is not None:
            fails = can_fail(column.type, target)
            compute = _conversion(column.type, target, step.format)
            readings.append(Reading(name, target, compute, f"not {named(target)}", fallible=fails))
    return readings


def _conversion(source: LogicalType, target: LogicalType, format: str | None) -> Callable[[pl.Expr], pl.Expr]:
    if format is not None and source is LogicalType.STRING and target in _MOMENTS:
        return lambda value: read_moment(value, format, target)
    if format is not None and source in _MOMENTS and target is LogicalType.STRING:
        return lambda value: value.dt.to_string(formats.engine(format))
    return lambda value: convert(value, source, target)


def _check_format(format: str, source: LogicalType, target: LogicalType, report: Report) -> None:
    try:
        if source is LogicalType.STRING and target in _MOMENTS:
            formats.check_reading(format, clock=target is LogicalType.TIME, day=target is not LogicalType.TIME)
            if formats.has_offset(format) and target is not LogicalType.TIMESTAMP_TZ:
                report.add("/format", "invalid_format", f"%z makes a timestamp with time zone, not {named(target)}.")
        elif source in _MOMENTS and target is LogicalType.STRING:
            found = formats.signs(format, writing=True)
            if source is LogicalType.TIME and found - frozenset("HIMSpf%"):
                report.add("/format", "invalid_format", "A time has no day.")
            if source is LogicalType.DATE and found & frozenset("HIMSpf"):
                report.add("/format", "invalid_format", "A date has no time.")
        elif source is not target:
            report.add("/format", "invalid_format", "A format goes with dates and times that are or become text.")
    except ExpressionInvalid as error:
        report.add("/format", error.code, error.message)
