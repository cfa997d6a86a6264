"""One value as another type, or null where it does not fit. Nothing is rounded off or guessed on the way.

A fraction does not fit an integer, a tenth digit after the point does not fit a decimal, 30 February fits no date.
"""

import polars as pl

from contracts.data import LogicalType
from services.transform.dtypes import DECIMAL, DTYPES, UTC

_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")
_EXACT_DECIMAL = r"^[+-]?(?:[0-9]{1,29}(?:\.[0-9]{0,9}0*)?|\.[0-9]{1,9}0*)$"
_DAY_LENGTH = 86_400_000_000  # in microseconds
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_STAMPS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_STAMPS_TZ = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
_STAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?$"
_STAMP_TZ = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"
)
_CLOCK = r"^[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?$"
_LARGEST = 10.0**29
# Years have four digits: beyond them a moment cannot be written down, nor held by the databases and languages around.
_CALENDAR = {
    LogicalType.DATE: (-719_162, 2_932_896),
    LogicalType.TIMESTAMP: (-62_135_596_800_000_000, 253_402_300_799_999_999),
    LogicalType.TIMESTAMP_TZ: (-62_135_596_800_000_000, 253_402_300_799_999_999),
}


def convert(value: pl.Expr, source: LogicalType, target: LogicalType) -> pl.Expr:
    """The value as the target type, or null where it does not fit."""
    if source is target:
        return value
    if target is LogicalType.STRING:
        return to_text(value, source)
    if source is LogicalType.STRING:
        return _from_text(value, target)
    if source is LogicalType.BOOLEAN:
        return value.cast(pl.Int64).cast(DTYPES[target])
    if source in (LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL):
        return _from_number(value, source, target)
    return _from_moment(value, source, target)


def to_text(value: pl.Expr, source: LogicalType) -> pl.Expr:
    """The value as text: shortest numbers, ISO 8601 moments. Bytes are read as UTF-8, null where they are not."""
    if source is LogicalType.DECIMAL:
        return value.cast(pl.String).str.replace(r"\.?0+$", "")
    if source is LogicalType.TIME:
        return value.dt.to_string("%H:%M:%S%.f")
    if source is LogicalType.TIMESTAMP:
        return value.dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    if source is LogicalType.TIMESTAMP_TZ:
        return value.dt.to_string("%Y-%m-%d %H:%M:%S%.f+00:00")
    if source is LogicalType.BINARY:
        return value.map_batches(_decode, return_dtype=pl.String(), is_elementwise=True)
    return value.cast(pl.String, strict=False)


def in_calendar(value: pl.Expr, type: LogicalType) -> pl.Expr:
    """The date or timestamp where it lies in the years 1 to 9999, else null."""
    return pl.when(value.to_physical().is_between(*_CALENDAR[type])).then(value)


def far_inside(values: pl.Series, type: LogicalType, days: int) -> bool:
    """Whether all of the dates or timestamps lie in the years 1 to 9999, and would if they were moved by the days."""
    least, most = _CALENDAR[type]
    away = days if type is LogicalType.DATE else days * _DAY_LENGTH
    physical = values.to_physical()
    low, high = physical.min(), physical.max()
    return isinstance(low, int) and isinstance(high, int) and low - away >= least and high + away <= most


def _decode(values: pl.Series) -> pl.Series:
    # One value that is no UTF-8 would fail all of them.
    texts: list[str | None] = []
    for value in values:
        try:
            texts.append(None if value is None else bytes(value).decode())
        except UnicodeDecodeError:
            texts.append(None)
    return pl.Series(values.name, texts, dtype=pl.String())


def _from_number(value: pl.Expr, source: LogicalType, target: LogicalType) -> pl.Expr:
    if target is LogicalType.BOOLEAN:
        return pl.when(value.is_in([0, 1])).then(value.cast(pl.Boolean))
    if target is LogicalType.INTEGER:
        whole = value.floor() == value
        return pl.when(whole).then(value).cast(pl.Int64, strict=False)
    if target is LogicalType.DECIMAL and source is LogicalType.FLOAT:
        fitting = pl.when(value.is_finite() & (value.abs() < _LARGEST)).then(value)
        # In two parts: a large number times 10^9 is no longer the number it was.
        whole = fitting.cast(pl.Int128, strict=False)
        rest = fitting - whole.cast(pl.Float64)
        return whole.cast(DECIMAL, strict=False) + rest.cast(DECIMAL, strict=False)
    return value.cast(DTYPES[target], strict=False)


def _from_moment(value: pl.Expr, source: LogicalType, target: LogicalType) -> pl.Expr:
    if target is LogicalType.TIMESTAMP_TZ:
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if source is LogicalType.TIMESTAMP_TZ:
        value = value.dt.replace_time_zone(None)
    if target is LogicalType.TIME:
        return value.dt.time()
    return value.cast(DTYPES[target], strict=False)


def _from_text(value: pl.Expr, target: LogicalType) -> pl.Expr:
    if target is LogicalType.BOOLEAN:
        word = value.str.to_lowercase()
        return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
    if target is LogicalType.DECIMAL:
        return pl.when(value.str.contains(_EXACT_DECIMAL)).then(value).cast(DECIMAL, strict=False)
    if target is LogicalType.DATE:
        return in_calendar(_matching(value, _DAY).str.to_date("%Y-%m-%d", strict=False), target)
    if target is LogicalType.TIME:
        clock = _matching(value, _CLOCK)
        return pl.coalesce(clock.str.to_time("%H:%M:%S%.f", strict=False), clock.str.to_time("%H:%M", strict=False))
    if target is LogicalType.TIMESTAMP:
        return in_calendar(_stamp(_matching(value, _STAMP)), target)
    if target is LogicalType.TIMESTAMP_TZ:
        zoned = _spaced(_matching(value, _STAMP_TZ))
        ways = [zoned.str.to_datetime(way, strict=False, time_unit="us", time_zone="UTC") for way in _STAMPS_TZ]
        # Without an offset it is UTC.
        plain = _stamp(_matching(value, _STAMP)).dt.replace_time_zone("UTC")
        return in_calendar(pl.coalesce(*ways, plain).cast(UTC), target)
    return value.cast(DTYPES[target], strict=False)


def _stamp(text: pl.Expr) -> pl.Expr:
    spaced = _spaced(text)
    return pl.coalesce(*(spaced.str.to_datetime(way, strict=False, time_unit="us") for way in _STAMPS))


def _spaced(text: pl.Expr) -> pl.Expr:
    return text.str.replace("T", " ", literal=True)


def _matching(text: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(text.str.contains(pattern)).then(text)
