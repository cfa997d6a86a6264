"""Dates that are written in another way: which way it is, which days they are, and whether the order can be proven."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_LEAST = 0.97
_TIME = r"(?:[T ,]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s?Z|\s?[+-]\d\d:?\d\d)?)?"
_PARTS = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})" + _TIME)
_YEAR_FIRST = re.compile(r"(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})" + _TIME)
_EIGHT = re.compile(r"((?:19|20|21)\d\d)(\d\d)(\d\d)")
_DAY_NAME = re.compile(r"(?:[^\W\d_]{2,10},?\s+)?(\d{1,2})\.?[ \-/]([^\W\d_]{3,10})\.?,?[ \-/](\d{4}|\d{2})" + _TIME)
_NAME_DAY = re.compile(
    r"(?:[^\W\d_]{2,10},?\s+)?([^\W\d_]{3,10})\.?[ \-/](\d{1,2})(?:st|nd|rd|th)?,?[ \-/](\d{4})" + _TIME
)
_WAYS = (_YEAR_FIRST, _EIGHT, _PARTS, _DAY_NAME, _NAME_DAY)

# The first letters of the months in English, German, French, Spanish, Italian, Portuguese and Dutch.
_MONTHS = {
    1: "jan ene gen", 2: "feb fev", 3: "mar mär mrz maa mrt", 4: "apr avr abr", 5: "may mai mei mag", 6: "jun juin giu",
    7: "jul juil lug", 8: "aug aou ago", 9: "sep set", 10: "oct okt ott out", 11: "nov", 12: "dec dez dic déc",
}  # fmt: skip
_MONTH = {start: number for number, starts in _MONTHS.items() for start in starts.split()}


@dataclass(frozen=True)
class Dates:
    """How a column's dates are written, and the days; `proven` when they can be read in one way only."""

    way: str
    days: dict[str, date]
    proven: bool


def dates(values: Sequence[str]) -> Dates | None:
    """The way that (nearly) all of these distinct values write a day, or None when they are no days."""
    # Where the first ones hold no day, not nearly all can: most columns are done with at once.
    few = values[: max(20, int((1 - _LEAST) * len(values)) + 1)]
    if not any(pattern.fullmatch(value) for value in few for pattern in _WAYS):
        return None
    return _year_first(values) or _eight(values) or _ordered(values) or _named(values)


def _year_first(values: Sequence[str]) -> Dates | None:
    found = {}
    for value in values:
        match = _YEAR_FIRST.fullmatch(value)
        if match and (day := _day(match[1], match[3], match[4])):
            found[value] = day
    return Dates("year first", found, True) if _enough(found, values) else None


def _eight(values: Sequence[str]) -> Dates | None:
    found = {}
    for value in values:
        match = _EIGHT.fullmatch(value)
        if match and (day := _day(match[1], match[2], match[3])):
            found[value] = day
    return Dates("eight digits, year first", found, True) if len(found) == len(values) and found else None


def _ordered(values: Sequence[str]) -> Dates | None:
    parts = [(value, match) for value in values if (match := _PARTS.fullmatch(value))]
    if not parts or len(parts) < _LEAST * len(values):
        return None
    mark = parts[0][1][2]
    short = any(len(match[4]) == 2 for _, match in parts)
    first, second = (any(int(match[at]) > 12 for _, match in parts) for at in (1, 3))
    if first and second:
        return None
    day_first = not second
    found = {}
    for value, match in parts:
        day_text, month_text = (match[1], match[3]) if day_first else (match[3], match[1])
        if day := _day(match[4], month_text, day_text):
            found[value] = day
    order = "day{0}month{0}year" if day_first else "month{0}day{0}year"
    way = order.format(mark) + (" of two digits" if short else "")
    return Dates(way, found, (first or second) and not short) if _enough(found, values) else None


def _named(values: Sequence[str]) -> Dates | None:
    found, short = {}, False
    for value in values:
        match = _DAY_NAME.fullmatch(value)
        day_text, name, year = match.groups() if match else ("", "", "")
        if match is None and (match := _NAME_DAY.fullmatch(value)):
            name, day_text, year = match.groups()
        month = _MONTH.get(name[:4].casefold()) or _MONTH.get(name[:3].casefold())
        if month and (day := _day(year, str(month), day_text)):
            found[value] = day
            short = short or len(year) == 2
    return Dates("month names", found, not short) if _enough(found, values) else None


def _enough(found: dict[str, date], values: Sequence[str]) -> bool:
    return bool(found) and len(found) >= _LEAST * len(values)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        full = int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 70 else 1900 + int(year)
        return date(full, int(month), int(day))
    except ValueError:
        return None


# Counts from an origin, by what a count stands for, with the days that make sense for data.
_FIRST, _LAST = date(1950, 1, 1), date(2100, 1, 1)
_COUNTS = (("epoch milliseconds", 86_400_000.0, date(1970, 1, 1)), ("epoch seconds", 86_400.0, date(1970, 1, 1)),
           ("epoch microseconds", 86_400_000_000.0, date(1970, 1, 1)), ("spreadsheet days", 1.0, date(1899, 12, 30)),
           ("days since 1970", 1.0, date(1970, 1, 1)))  # fmt: skip


def counted(numbers: Sequence[float], low: date, high: date) -> str | None:
    """What origin numbers count from, if that brings them near the days from `low` to `high`; or None."""
    margin = timedelta(days=max(800, 2 * (high - low).days))
    for name, unit, origin in _COUNTS:
        try:
            first, last = (origin + timedelta(days=number / unit) for number in (min(numbers), max(numbers)))
        except OverflowError:
            continue
        if first >= max(_FIRST, low - margin) and last <= min(_LAST, high + margin):
            return name
    return None


def instant(text: str) -> datetime:
    """A moment as written by year-month-day and time; without a zone it is taken as UTC, to be compared only."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
