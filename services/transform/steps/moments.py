"""Dates and times read from text by a format, and clock times of a zone."""

import polars as pl

from contracts.data import LogicalType
from services.transform.conversions import in_calendar
from services.transform.dtypes import UTC
from services.transform.steps import formats


def read_moment(value: pl.Expr, format: str, target: LogicalType, zone: str | None = None) -> pl.Expr:
    """The date or time that a text says in this format, or null where it says none."""
    text: pl.Expr = pl.when(value.str.contains(formats.shape(format))).then(value)
    way = formats.engine(format)
    if target is LogicalType.TIME:
        return text.str.to_time(way, strict=False)
    if formats.has_offset(format):
        instant = text.str.to_datetime(way, strict=False, time_unit="us", time_zone="UTC").cast(UTC)
        return in_calendar(instant, LogicalType.TIMESTAMP_TZ)
    if formats.has_clock(format):
        if not formats.signs(format) & {"M"}:
            text, way = text + ":00", way + ":%M"
        stamp = text.str.to_datetime(way, strict=False, time_unit="us")
    else:
        stamp = text.str.to_date(way, strict=False)
    return as_target(stamp, target, zone)


def as_target(stamp: pl.Expr, target: LogicalType, zone: str | None) -> pl.Expr:
    """A day or a clock time as a date, a clock time, or an instant."""
    if target is LogicalType.DATE:
        return in_calendar(stamp.cast(pl.Date()), target)
    stamp = stamp.cast(pl.Datetime("us"))
    return in_calendar(stamp if target is LogicalType.TIMESTAMP else anchored(stamp, zone or "UTC"), target)


def anchored(stamp: pl.Expr, zone: str) -> pl.Expr:
    """The instant of a clock time: the earlier one where the clock showed it twice, null where it never did."""
    return stamp.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def clock(instant: pl.Expr, zone: str) -> pl.Expr:
    """What a clock of the zone shows at an instant."""
    return instant.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def known_zone(zone: str) -> bool:
    """Whether the engine knows the zone."""
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    except pl.exceptions.PolarsError:
        return False
    return True
