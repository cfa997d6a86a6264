"""Read dates and times from text: by the formats that are given, else by those that leave no doubt."""

import polars as pl

from contracts.data import LogicalType, Schema
from contracts.recipe import ParseDate
from services.transform.conversions import convert
from services.transform.expressions.tree import ExpressionInvalid, named
from services.transform.steps import formats
from services.transform.steps.kind import Removal, Report, Site, StepKind, listed
from services.transform.steps.moments import as_target, known_zone, read_moment
from services.transform.steps.parsing import Reading, read, read_schema
from services.transform.table import Table

_CLEAR = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y",
    "%d-%b-%Y", "%d-%B-%Y", "%d. %B %Y",
)  # fmt: skip
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m-%d-%y", "%m.%d.%y")
_PARTS = r"^(.*?)(?:[T ]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?))?$"


class ParseDateKind(StepKind[ParseDate]):
    """parse_date"""

    def removes(self, step: ParseDate) -> Removal | None:
        return "quarantined" if step.on_failure == "quarantine" else None

    def output_schema(self, schema: Schema, step: ParseDate, report: Report) -> Schema:
        for at, column in enumerate(report.columns(schema, step.columns, "/columns")):
            if column.type is not LogicalType.STRING:
                message = f"Dates are read from text, and {column.name!r} is {named(column.type)}."
                report.add(f"/columns/{at}", "wrong_type", message)
        for at, format in enumerate(step.formats):
            try:
                formats.check_reading(format)
                if formats.has_offset(format) and step.to != "timestamp_tz":
                    message = "%z says an instant; it is read into a timestamp_tz."
                    report.add(f"/formats/{at}", "invalid_format", message)
            except ExpressionInvalid as error:
                report.add(f"/formats/{at}", error.code, error.message)
        if step.zone is not None and step.to != "timestamp_tz":
            report.add("/zone", "not_allowed", "A zone goes with timestamp_tz.")
        elif step.zone is not None and not known_zone(step.zone):
            report.add("/zone", "zone_unknown", f"There is no time zone {step.zone!r}.")
        return schema if report.problems else read_schema(schema, _readings(step), step.on_failure)

    def mentions(self, schema: Schema, step: ParseDate) -> set[str]:
        return set(step.columns)

    def decides(self, schema: Schema, step: ParseDate) -> set[str]:
        return set(step.columns) if step.on_failure == "quarantine" else set()

    def english(self, step: ParseDate, schema: Schema) -> str:
        way = f", written as {listed(step.formats)}" if step.formats else ""
        if not step.formats and step.day_first is not None:
            way = ", the day before the month" if step.day_first else ", the month before the day"
        what = {"fail": "", "null": "; what is none becomes null", "quarantine": "; rows with another text wait"}
        zone = f" of {step.zone}" if step.zone else ""
        return f"Read {listed(step.columns)} as {named(LogicalType(step.to))}{zone}{way}{what[step.on_failure]}"

    def plan(self, table: Table, step: ParseDate, site: Site) -> Table:
        return read(table, _readings(step), step.on_failure, site)


def _readings(step: ParseDate) -> list[Reading]:
    target = LogicalType(step.to)
    return [
        Reading(
            name, target, lambda value: _parsed(value, step, target), f"not {named(target)} that can be read",
            place=f"/columns/{at}", blank_is_null=True,
        )
        for at, name in enumerate(step.columns)
    ]  # fmt: skip


def _parsed(value: pl.Expr, step: ParseDate, target: LogicalType) -> pl.Expr:
    text = value.str.strip_chars()
    if step.formats:
        return pl.coalesce(*(read_moment(text, format, target, step.zone) for format in step.formats))
    ways: tuple[str, ...] = _CLEAR
    if step.day_first is not None:
        ways = (*_CLEAR, *(_DAY_FIRST if step.day_first else _MONTH_FIRST))
    day = pl.coalesce(*(read_moment(text.str.extract(_PARTS, 1), way, LogicalType.DATE) for way in ways))
    hour = text.str.extract(_PARTS, 2)
    # A text without a time is the start of its day; one with an hour that is none is no time at all.
    padded = pl.when(hour.str.contains("^[0-9]:")).then("0" + hour).otherwise(hour)
    time = convert(padded, LogicalType.STRING, LogicalType.TIME)
    since = time.cast(pl.Int64) // 1_000
    stamp = day.cast(pl.Datetime("us")) + pl.duration(microseconds=pl.when(hour.is_null()).then(0).otherwise(since))
    found = as_target(stamp, target, step.zone)
    if target is not LogicalType.TIMESTAMP_TZ:
        return found
    offset = pl.when(text.str.contains(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")).then(text)
    return pl.coalesce(found, convert(offset, LogicalType.STRING, target))
