"""Oracles in plain Python: dates and times."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.conformance.steps.plain_numbers import numbers
from tests.conformance.steps.plain_texts import put
from tests.conformance.steps.subject import Case, Row

_CLEAR = {
    r"\d{4}-\d\d?-\d\d?": "%Y-%m-%d",
    r"[A-Z][a-z]{2} \d+, \d{4}": "%b %d, %Y",
    r"\d+ [A-Z][a-z]+ \d{4}": "%d %B %Y",
}
_TIMES = {r"\d{4}-\d\d-\d\d \d\d:\d\d": "%Y-%m-%d %H:%M", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d": "%Y-%m-%dT%H:%M:%S"}
_FIRST = {r"\d\d?/\d\d?/\d{4}": "%d/%m/%Y", r"\d\d?\.\d\d?\.\d{4}": "%d.%m.%Y", r"\d\d?-\d\d?-\d{2}": "%d-%m-%y"}


def given(row: Row, *names: str) -> bool:
    return all(row[name] is not None for name in names)


def moment(text: str, formats: dict[str, str]) -> datetime | None:
    for shape, format in formats.items():
        if re.fullmatch(shape, text.strip()):
            try:
                return datetime.strptime(text.strip(), format)  # noqa: DTZ007
            except ValueError:
                continue
    return None


def dated(rows: list[Row], formats: dict[str, str], on_failure: str, make: Callable[[datetime], Any]) -> list[Row]:
    def read(text: str) -> Any:
        found = moment(text, formats)
        return None if found is None else make(found)

    return numbers(rows, read, on_failure)


def anchored(stamp: datetime, zone: str) -> datetime | None:
    """The instant of a clock time; none where the clock was put forward over it."""
    local = stamp.replace(tzinfo=ZoneInfo(zone))
    instant = local.astimezone(UTC)
    back = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return instant if back == stamp else None


def added(value: Any, months: int) -> Any:
    place = value.year * 12 + value.month - 1 + months
    year, month = divmod(place, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return value.replace(year=year, month=month + 1, day=min(value.day, last))


def midnight(day: date) -> datetime:
    return datetime.combine(day, clock())


def months_between(start: Any, end: Any, size: int) -> int:
    """How many times so many months fit between two moments: counted up one by one."""
    one, two = ((m if isinstance(m, datetime) else midnight(m)) for m in (start, end))
    if two < one:
        return -months_between(end, start, size)
    count = (two.year - one.year) * 12 + two.month - one.month
    within = (two.day, two.time()) < (one.day, one.time())
    return (count - (1 if within and count else 0)) // size


def parts(row: Row) -> Row:
    at = row["at"]
    if at is None:
        names = "year quarter month_name week day_of_year weekday weekday_name is_weekend hour second date time"
        return row | dict.fromkeys(f"p_{name}" for name in names.split())
    return row | {
        "p_year": at.year, "p_quarter": (at.month + 2) // 3, "p_month_name": at.strftime("%B"),
        "p_week": at.isocalendar().week, "p_day_of_year": at.timetuple().tm_yday, "p_weekday": at.isoweekday(),
        "p_weekday_name": at.strftime("%A"), "p_is_weekend": at.isoweekday() > 5, "p_hour": at.hour,
        "p_second": at.second, "p_date": at.date(), "p_time": at.time(),
    }  # fmt: skip


def zoned(rows: list[Row], source: str | None, target: str | None, name: str) -> list[Row]:
    def convert(value: datetime | None) -> datetime | None:
        instant = anchored(value, source) if value is not None and source else value
        if instant is None or target is None:
            return instant
        return instant.astimezone(ZoneInfo(target)).replace(tzinfo=None)

    return [row | {name: convert(row[name])} for row in rows]


CASES = [
    Case(
        {"kind": "parse_date", "columns": ["txt"], "on_failure": "null"},
        lambda rows: dated(rows, _CLEAR | _TIMES, "null", datetime.date),
    ),
    Case(
        {"kind": "parse_date", "columns": ["txt"], "day_first": True, "to": "timestamp", "on_failure": "quarantine"},
        lambda rows: dated(rows, _CLEAR | _TIMES | _FIRST, "quarantine", lambda found: found),
    ),
    Case(
        {"kind": "parse_date", "columns": ["txt"], "formats": ["%m/%d/%Y", "%Y-%m-%d"], "on_failure": "null"},
        lambda rows: dated(rows, {r"\d+/\d+/\d{4}": "%m/%d/%Y", r"\d{4}-\d+-\d+": "%Y-%m-%d"}, "null", datetime.date),
    ),
    Case(
        {
            "kind": "parse_date",
            "columns": ["txt"],
            "formats": ["%Y-%m-%d %H:%M"],
            "to": "timestamp_tz",
            "zone": "Europe/Berlin",
            "on_failure": "null",
        },
        lambda rows: dated(
            rows,
            {r"\d{4}-\d\d-\d\d \d\d:\d\d": "%Y-%m-%d %H:%M"},
            "null",
            lambda found: anchored(found, "Europe/Berlin"),
        ),
    ),
    Case(
        {
            "kind": "date_parts",
            "column": "at",
            "prefix": "p_",
            "parts": [
                "year",
                "quarter",
                "month_name",
                "week",
                "day_of_year",
                "weekday",
                "weekday_name",
                "is_weekend",
                "hour",
                "second",
                "date",
                "time",
            ],
        },
        lambda rows: [parts(row) for row in rows],
    ),
    Case(
        {"kind": "date_parts", "column": "day", "parts": ["month", "day"]},
        lambda rows: [
            row | {f"day_{p}": None if row["day"] is None else getattr(row["day"], p) for p in ("month", "day")}
            for row in rows
        ],
    ),
    *(
        Case(
            {"kind": "date_add", "column": name, "amount": amount, "unit": unit},
            lambda rows, name=name, amount=amount, size=size: put(
                name, lambda row: None if row[name] is None else added(row[name], amount * size)
            )(rows),
        )
        for name in ("day", "at", "tz")
        for amount, unit, size in ((1, "month", 1), (-13, "month", 1), (1, "quarter", 3), (-3, "year", 12))
    ),
    Case(
        {"kind": "date_add", "column": "day", "amount": -2, "unit": "week", "into": "due"},
        put("due", lambda row: None if row["day"] is None else row["day"] - timedelta(weeks=2)),
    ),
    Case(
        {"kind": "date_add", "column": "at", "amount": 36, "unit": "hour"},
        put("at", lambda row: None if row["at"] is None else row["at"] + timedelta(hours=36)),
    ),
    *(
        Case(
            {"kind": "date_diff", "start": "day", "end": "at", "unit": unit, "into": "passed"},
            lambda rows, size=size: put(
                "passed",
                lambda row: None if not given(row, "day", "at") else months_between(row["day"], row["at"], size),
            )(rows),
        )
        for unit, size in (("month", 1), ("quarter", 3), ("year", 12))
    ),
    *(
        Case(
            {"kind": "date_diff", "start": "at", "end": "day", "unit": unit, "into": "passed"},
            lambda rows, size=size: put(
                "passed",
                lambda row: (
                    None
                    if not given(row, "day", "at")
                    else math.trunc(Decimal((midnight(row["day"]) - row["at"]) // timedelta(microseconds=1)) / size)
                ),
            )(rows),
        )
        for unit, size in (
            ("week", 604_800_000_000),
            ("day", 86_400_000_000),
            ("hour", 3_600_000_000),
            ("second", 1_000_000),
        )
    ),
    Case(
        {"kind": "convert_zone", "columns": ["at"], "from": "Europe/Berlin", "to": "America/New_York"},
        lambda rows: zoned(rows, "Europe/Berlin", "America/New_York", "at"),
    ),
    Case(
        {"kind": "convert_zone", "columns": ["at"], "from": "Europe/Berlin"},
        lambda rows: zoned(rows, "Europe/Berlin", None, "at"),
    ),
    Case(
        {"kind": "convert_zone", "columns": ["tz"], "to": "Asia/Kolkata"},
        lambda rows: zoned(rows, None, "Asia/Kolkata", "tz"),
    ),
]
