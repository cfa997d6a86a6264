"""Days, months and years as people write them, and the span of days that each means."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.data import LogicalType
from services.transform.planner.lexicon import MONTHS, WEEKDAYS
from services.transform.planner.reading import TEMPORAL, Reader, Result, quoted, slot
from services.transform.planner.view import ask
from services.transform.planner.words import ordinal, parts


@dataclass(frozen=True)
class Span:
    """From one day to another, the last one included."""

    first: date
    last: date

    @property
    def year_only(self) -> int | None:
        """The year, where the span is one."""
        whole = self.first == date(self.first.year, 1, 1) and self.last == date(self.first.year, 12, 31)
        return self.first.year if whole else None


def month_number(word: str) -> int | None:
    """1 for `January`, `jan` and `Jan.`."""
    low = word.casefold().rstrip(".")
    for at, name in enumerate(MONTHS, start=1):
        if low == name or (len(low) >= 3 and low == name[:3]) or (low == "sept" and at == 9):
            return at
    return None


def weekday_number(word: str) -> int | None:
    """1 for `Monday`, `mondays` and `Mon`."""
    low = word.casefold().rstrip(".")
    low = low[:-1] if low.endswith("s") and low[:-1] in WEEKDAYS else low
    for at, name in enumerate(WEEKDAYS, start=1):
        if (
            low in (name, name[:3])
            or (name == "thursday" and low in ("thur", "thurs"))
            or (name == "tuesday" and low == "tues")
        ):
            return at
    return None


def _day(year: int, month: int, day: int) -> Span | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return Span(found, found)


def _month(year: int, month: int) -> Span:
    return Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def _is_year(value: object) -> bool:
    return isinstance(value, int) and 1500 <= value <= 2200


@slot("Span")
def span(reader: Reader, at: int) -> Iterator[Result]:
    """A day, a month of a year, or a year."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        try:
            day = date.fromisoformat(token.text)
        except ValueError:
            return
        yield at + 1, Span(day, day), 0.0
        return
    if token.kind == "date":
        try:
            year, month, day_of = (int(part) for part in token.text.split("-"))
        except ValueError:
            return
        found = _day(year, month, day_of)
        if found is not None:
            yield at + 1, found, 0.0
        return
    if token.kind == "number" and _is_year(token.number):
        year = int(token.number or 0)
        if reader.low(at + 1) == "-" and _small(reader, at + 2, 12) and reader.tokens[at + 2].start == token.end + 1:
            yield at + 3, _month(year, int(reader.tokens[at + 2].number or 1)), 0.0
        if (
            reader.low(at + 1) in ("/", ".")
            and _small(reader, at + 2, 12)
            and reader.low(at + 3) in ("/", ".")
            and _small(reader, at + 4, 31)
        ):
            day_found = _day(year, int(reader.tokens[at + 2].number or 1), int(reader.tokens[at + 4].number or 1))
            if day_found is not None:
                yield at + 5, day_found, 0.0
        yield at + 1, Span(date(year, 1, 1), date(year, 12, 31)), 0.0
        return
    yield from _slashed(reader, at)
    yield from _named(reader, at)


def _small(reader: Reader, at: int, most: int) -> bool:
    if at >= len(reader.tokens):
        return False
    value = reader.tokens[at].number
    return isinstance(value, int) and 1 <= value <= most


def _slashed(reader: Reader, at: int) -> Iterator[Result]:
    signs = (reader.low(at + 1), reader.low(at + 3))
    if (
        signs not in (("/", "/"), (".", "."), ("-", "-"))
        or not _small(reader, at, 31)
        or not _small(reader, at + 2, 31)
    ):
        return
    if at + 4 >= len(reader.tokens) or not _is_year(reader.tokens[at + 4].number):
        return
    one, two, year = (int(reader.tokens[at + step].number or 0) for step in (0, 2, 4))
    if one <= 12 and two <= 12 and one != two and signs[0] != ".":
        reader.note(
            at + 5,
            ask(
                "ambiguous",
                f"'{reader.raw(at, at + 5)}' can be read as day/month or month/day. Which date is meant?",
                [date(year, two, one).isoformat(), date(year, one, two).isoformat()],
            ),
            3.0,
        )
        return
    found = _day(year, two, one) if one > 12 or signs[0] == "." else _day(year, one, two)
    if found is not None:
        yield at + 5, found, 0.1


def _named(reader: Reader, at: int) -> Iterator[Result]:
    month = month_number(reader.low(at))
    if month is not None and reader.tokens[at].kind == "word":
        step = at + 1
        if reader.low(step) == ".":
            step += 1
        day_at = step
        day = _day_number(reader, day_at)
        if day is not None:
            after = day_at + 1
            if reader.low(after) in (",", "of"):
                after += 1
            if after < len(reader.tokens) and _is_year(reader.tokens[after].number):
                found = _day(int(reader.tokens[after].number or 0), month, day)
                if found is not None:
                    yield after + 1, found, 0.0
        if reader.low(step) in ("of", ","):
            step += 1
        if step < len(reader.tokens) and _is_year(reader.tokens[step].number):
            yield step + 1, _month(int(reader.tokens[step].number or 0), month), 0.0
    day = _day_number(reader, at)
    if day is not None:
        step = at + 1 + (reader.low(at + 1) == "of")
        month = month_number(reader.low(step))
        if month is not None:
            step += 1 + (reader.low(step + 1) in (",", "of"))
            if step < len(reader.tokens) and _is_year(reader.tokens[step].number):
                found = _day(int(reader.tokens[step].number or 0), month, day)
                if found is not None:
                    yield step + 1, found, 0.0
    if reader.low(at) in ("q1", "q2", "q3", "q4") or reader.low(at) == "quarter":
        step = at + 1
        quarter = int(reader.low(at)[1]) if reader.low(at)[0] == "q" and reader.low(at) != "quarter" else 0
        if quarter and reader.low(step) == "of":
            step += 1
        if quarter and step < len(reader.tokens) and _is_year(reader.tokens[step].number):
            year = int(reader.tokens[step].number or 0)
            yield step + 1, Span(date(year, 3 * quarter - 2, 1), _month(year, 3 * quarter).last), 0.0


def _day_number(reader: Reader, at: int) -> int | None:
    if at >= len(reader.tokens):
        return None
    value = reader.tokens[at].number if reader.tokens[at].kind == "number" else ordinal(reader.tokens[at])
    return value if isinstance(value, int) and 1 <= value <= 31 else None


def moment(column: str, type_: LogicalType) -> str:
    """A column as a day, in an expression."""
    return quoted(column) if type_ is LogicalType.DATE else f"DATE_TRUNC('day', {quoted(column)})"


def written(day: date, type_: LogicalType) -> str:
    """A day beside a column of that type, in an expression."""
    if type_ is LogicalType.DATE:
        return f"DATE '{day.isoformat()}'"
    if type_ is LogicalType.TIMESTAMP:
        return f"TIMESTAMP '{day.isoformat()} 00:00:00'"
    return f"CAST('{day.isoformat()} 00:00:00+00:00' AS TIMESTAMPTZ)"


def compare(column: str, type_: LogicalType, operator: str, span_: Span) -> str:
    """A comparison of a column of moments with a span of days."""
    name = quoted(column)
    after = written(span_.last + timedelta(days=1), type_)
    first = written(span_.first, type_)
    if operator == ">":
        return f"{name} >= {after}"
    if operator == ">=":
        return f"{name} >= {first}"
    if operator == "<":
        return f"{name} < {first}"
    if operator == "<=":
        return f"{name} < {after}"
    inside = f"({name} >= {first} AND {name} < {after})"
    return inside if operator == "=" else f"NOT {inside}"


def moments(reader: Reader) -> list[str]:
    """The columns that tell when: of dates and times, or, where there are none, of years."""
    return reader.of_type(TEMPORAL) or [
        one.name
        for one in reader.view.columns
        if one.type is LogicalType.INTEGER and {"year", "yr"} & set(parts(one.name))
    ]


def only_moment(reader: Reader) -> str | None:
    """The one column of dates or times; None where there are none or several."""
    found = reader.of_type(TEMPORAL)
    return found[0] if len(found) == 1 else None


def year_held(reader: Reader, value: str, but: str = "") -> bool:
    """Whether one column of years holds this year."""
    years = [one for one in reader.view.columns if one.name != but and {"year", "season", "yr"} & set(parts(one.name))]
    return len(years) == 1 and value in years[0].values
