"""Functions on dates and times."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

import polars as pl

from contracts.data import LogicalType
from services.transform.expressions.refusal import Refusal
from services.transform.expressions.tree import Node

_I = LogicalType.INTEGER
_PARTS_OF_DATE = ((1, 9999), (1, 12), (1, 31))
_SHORTEST_MONTH = 28
_EPOCH = date(1970, 1, 1).toordinal()
_EVERY = {
    "year": "1y",
    "quarter": "1q",
    "month": "1mo",
    "week": "1w",
    "day": "1d",
    "hour": "1h",
    "minute": "1m",
    "second": "1s",
}


def _part(node: Node, value: pl.Expr) -> pl.Expr:
    part = str(node.args[0].value).lower()
    moment = value.dt
    found = {
        "year": moment.year,
        "quarter": moment.quarter,
        "month": moment.month,
        "week": moment.week,
        "day": moment.day,
        "doy": moment.ordinal_day,
        "dow": moment.weekday,
        "isodow": moment.weekday,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }[part]().cast(pl.Int64)
    return found % 7 if part == "dow" else found


def _truncate(node: Node, value: pl.Expr) -> pl.Expr:
    return value.dt.truncate(_EVERY[str(node.args[0].value).lower()])


def _make_date(node: Node, refusal: Refusal, *parts: pl.Expr) -> pl.Expr:
    types = [_I] * 3
    complaint = "There is no date of year {}, month {}, day {}"
    return refusal.checked(parts, types, LogicalType.DATE, _date, complaint, _dates)


def _make_timestamp(node: Node, refusal: Refusal, *parts: pl.Expr) -> pl.Expr:
    def compute(
        year: pl.Expr, month: pl.Expr, day: pl.Expr, hour: pl.Expr, minute: pl.Expr, second: pl.Expr
    ) -> pl.Expr:
        clock = hour.is_between(0, 23) & minute.is_between(0, 59) & second.is_between(0, 59)
        seconds = pl.when(clock).then((hour * 60 + minute) * 60 + second)
        return _date(year, month, day).cast(pl.Datetime("us")) + pl.duration(seconds=seconds, time_unit="us")

    complaint = "There is no timestamp of {}-{}-{} {}:{}:{}"
    return refusal.checked(parts, [_I] * 6, LogicalType.TIMESTAMP, compute, complaint)


def _dates(parts: Sequence[pl.Series]) -> pl.Series | None:
    """Dates counted from the first day of their month, which is made much faster, where each of them exists."""
    years: list[int] = []
    for part, (least, most) in zip(parts, _PARTS_OF_DATE, strict=True):
        low, high = part.min(), part.max()
        if not isinstance(low, int) or not isinstance(high, int) or low < least or high > most:
            return None
        years = years or [low, high]
    year, month, day = parts
    first, last = years
    starts = _month_starts(first, last)
    place = (year * 12 + month - (first * 12 + 1)).cast(pl.UInt32)
    found = starts.gather(place) + (day - 1).cast(pl.Int32)
    late = day > _SHORTEST_MONTH
    if late.any() and (found.filter(late) >= starts.gather(place.filter(late) + 1)).any():
        return None  # 30 February is among them
    return found.cast(pl.Date)


@lru_cache(maxsize=8)
def _month_starts(first: int, last: int) -> pl.Series:
    """The first day of each month of these years and of the month behind them, in days as the engine counts them."""
    months = pl.int_range((last - first + 1) * 12)
    starts = pl.select(pl.date(first + months // 12, months % 12 + 1, 1)).to_series()
    return pl.concat([starts.cast(pl.Int32), pl.Series([date(last, 12, 31).toordinal() + 1 - _EPOCH], dtype=pl.Int32)])


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The engine ends the query at 30 February, so it is given the first of the month and counts on."""
    named = year.is_between(1, 9999) & month.is_between(1, 12) & day.is_between(1, 31)
    first = pl.date(
        pl.when(named).then(year).otherwise(1).cast(pl.Int32),
        pl.when(named).then(month).otherwise(1).cast(pl.Int8),
        1,
    )
    reached = first + pl.duration(days=day.clip(1, 31) - 1)
    return pl.when(named & (reached.dt.month() == month)).then(reached)


PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "DATE_PART": lambda node, part, value: _part(node, value),
    "DATE_TRUNC": lambda node, unit, value: _truncate(node, value),
}
FALLIBLE: dict[str, Callable[..., pl.Expr]] = {"MAKE_DATE": _make_date, "MAKE_TIMESTAMP": _make_timestamp}
