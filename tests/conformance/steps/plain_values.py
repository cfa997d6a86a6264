"""Oracles in plain Python: values, types, numbers, dates."""

import math
import re
import statistics
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    localcontext,
)
from typing import Any
from zoneinfo import ZoneInfo

from tests.conformance.steps.plain_texts import put, texts
from tests.conformance.steps.subject import Case, Row

_MODES = {
    "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP,
    "floor": ROUND_FLOOR, "ceil": ROUND_CEILING,
}  # fmt: skip


def several(*changes: Callable[[list[Row]], list[Row]]) -> Callable[[list[Row]], list[Row]]:
    def run(rows: list[Row]) -> list[Row]:
        for change in changes:
            rows = change(rows)
        return rows

    return run


def given(row: Row, *names: str) -> bool:
    return all(row[name] is not None for name in names)


def number(
    text: str, *, comma: bool = False, group: str = "", money: bool = False, percent: str = "none"
) -> Decimal | None:
    """Written from the description: sign, groups of three, decimal sign, and what may stand around."""
    text = text.strip()
    minus = False
    if money:
        text = re.sub(r"^[$€]\s*|\s*[$€]$", "", text)
        if re.fullmatch(r"\(.*\)", text):
            minus, text = True, re.sub(r"^[$€]\s*|\s*[$€]$", "", text[1:-1])
    if text[:1] in ("+", "-"):
        if minus:
            return None
        minus, text = text[0] == "-", re.sub(r"^[$€]\s*", "", text[1:]) if money else text[1:]
    parts = percent != "none" and text.endswith("%")
    if parts:
        text = text[:-1].rstrip()
    sign = "," if comma else "."
    whole = rf"\d{{1,3}}({re.escape(group)}\d{{3}})+|\d+" if group else r"\d+"
    if not re.fullmatch(rf"(({whole})({re.escape(sign)}\d*)?|{re.escape(sign)}\d+)", text):
        return None
    value = Decimal((text.replace(group, "") if group else text).replace(sign, ".").rstrip("."))
    value = -value if minus else value
    return value / 100 if parts and percent == "fraction" else value


def numbers(rows: list[Row], read: Callable[[str], Any], on_failure: str) -> list[Row]:
    found = []
    for row in rows:
        text = row["txt"]
        value = None if text is None or not text.strip() else read(text)
        if on_failure == "quarantine" and value is None and text is not None and text.strip():
            continue
        found.append(row | {"txt": value})
    return found


def whole(text: str) -> int | None:
    value = number(text, group=",", percent="number")
    return int(value) if value is not None and value == int(value) else None


def moment(text: str, formats: dict[str, str]) -> datetime | None:
    for shape, format in formats.items():
        if re.fullmatch(shape, text.strip()):
            try:
                return datetime.strptime(text.strip(), format)  # noqa: DTZ007
            except ValueError:
                continue
    return None


_CLEAR = {
    r"\d{4}-\d\d?-\d\d?": "%Y-%m-%d",
    r"[A-Z][a-z]{2} \d+, \d{4}": "%b %d, %Y",
    r"\d+ [A-Z][a-z]+ \d{4}": "%d %B %Y",
}
_TIMES = {r"\d{4}-\d\d-\d\d \d\d:\d\d": "%Y-%m-%d %H:%M", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d": "%Y-%m-%dT%H:%M:%S"}
_FIRST = {r"\d\d?/\d\d?/\d{4}": "%d/%m/%Y", r"\d\d?\.\d\d?\.\d{4}": "%d.%m.%Y", r"\d\d?-\d\d?-\d{2}": "%d-%m-%y"}


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


def rounded(value: Any, digits: int, mode: str) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return value
    unit = Decimal(1).scaleb(-digits)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    with localcontext(prec=400):
        found = (exact / unit).quantize(Decimal(1), rounding=_MODES[mode]) * unit
    return type(value)(found)


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def outliers(rows: list[Row], name: str, method: str, far: float, action: str) -> list[Row]:
    values = [float(row[name]) for row in rows if row[name] is not None]
    low, high = -math.inf, math.inf
    if values and method == "iqr":
        one, three = quantile(values, 0.25), quantile(values, 0.75)
        low, high = one - (three - one) * far, three + (three - one) * far
    elif len(values) > 1:
        low, high = (float(statistics.mean(values)) + sign * far * statistics.stdev(values) for sign in (-1, 1))
    found = []
    for row in rows:
        out = row[name] is not None and not low <= row[name] <= high
        if action == "flag":
            found.append(row | {f"{name}_outlier": out})
        elif not out:
            found.append(row)
        elif action == "null":
            found.append(row | {name: None})
        elif action == "clip":
            bound = low if row[name] < low else high
            cut = (math.ceil(bound) if bound == low else math.floor(bound)) if isinstance(row[name], int) else bound
            found.append(row | {name: cut})
    return found


def classed(value: float | None, edges: list[float], labels: list[str], closed: str, outside: str) -> str | None:
    if value is None or math.isnan(value) or (outside == "null" and not edges[0] <= value <= edges[-1]):
        return None
    inner = edges if outside == "open" else edges[1:-1]
    return labels[sum(value >= edge if closed == "left" else value > edge for edge in inner)]


def by_count(rows: list[Row], count: int, method: str, closed: str) -> list[Row]:
    values = [row["v"] for row in rows if row["v"] is not None]
    labels = [str(at) for at in range(count)]
    if not values:
        return [row | {"class": None} for row in rows]
    low, high = min(values), max(values)
    step = [(high / count - low / count) * at + low for at in range(count)] + [high]
    edges = step if method == "width" else [quantile(values, at / count) for at in range(count + 1)]
    return [row | {"class": classed(row["v"], edges, labels, closed, "null")} for row in rows]


def filled(rows: list[Row], name: str, method: str, by: str | None) -> list[Row]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[by] if by else None, []).append(row[name])

    def put_in(row: Row, at: int) -> Any:
        values = [value for value in groups[row[by] if by else None] if value is not None]
        if not values:
            return None
        if method == "mode":
            return Counter(values).most_common(1)[0][0]
        found = statistics.fmean(values) if method == "mean" else float(statistics.median(values))
        if isinstance(values[0], int):
            return int(Decimal(found).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return round(Decimal(found), 9) if isinstance(values[0], Decimal) else found

    if method in ("forward", "backward"):
        last: dict[Any, Any] = {}
        done = []
        for row in rows if method == "forward" else reversed(rows):
            group = row[by] if by else None
            last[group] = row[name] if row[name] is not None else last.get(group)
            done.append(row | {name: last[group]})
        return done if method == "forward" else done[::-1]
    return [row if row[name] is not None else row | {name: put_in(row, at)} for at, row in enumerate(rows)]


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


def replacing(name: str, pairs: list[tuple[Any, Any]]) -> Callable[[list[Row]], list[Row]]:
    def change(row: Row) -> Any:
        return next((new for old, new in pairs if old == row[name] and (old is None) == (row[name] is None)), row[name])

    return put(name, change)


CASES = [
    Case(
        {"kind": "cast", "columns": {"k": "string", "day": "timestamp", "ok": "integer"}},
        lambda rows: [
            row
            | {
                "k": None if row["k"] is None else str(row["k"]),
                "day": None if row["day"] is None else midnight(row["day"]),
                "ok": None if row["ok"] is None else int(row["ok"]),
            }
            for row in rows
        ],
    ),
    Case(
        {"kind": "cast", "columns": {"name": "integer"}, "on_failure": "null"},
        texts("name", lambda text: int(text) if re.fullmatch("[+-]?[0-9]+", text) else None),
    ),
    Case(
        {"kind": "cast", "columns": {"name": "integer"}, "on_failure": "quarantine"},
        lambda rows: [
            row | {"name": None if row["name"] is None else int(row["name"])}
            for row in rows
            if row["name"] is None or re.fullmatch("[+-]?[0-9]+", row["name"])
        ],
    ),
    Case(
        {"kind": "cast", "columns": {"day": "string"}, "format": "%d.%m.%y"},
        put("day", lambda row: None if row["day"] is None else row["day"].strftime("%d.%m.%y")),
    ),
    Case(
        {"kind": "cast", "columns": {"txt": "date"}, "format": "%d.%m.%Y", "on_failure": "null"},
        lambda rows: dated(rows, {r"\d\d?\.\d\d?\.\d{4}": "%d.%m.%Y"}, "null", datetime.date),
    ),
    Case(
        {"kind": "parse_number", "columns": ["txt"], "thousands": ",", "on_failure": "null"},
        lambda rows: numbers(rows, lambda t: _float(number(t, group=",")), "null"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "decimal": ",",
            "thousands": ".",
            "to": "decimal",
            "currency": True,
            "on_failure": "null",
        },
        lambda rows: numbers(rows, lambda t: number(t, comma=True, group=".", money=True), "null"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "percent": "fraction",
            "currency": True,
            "to": "decimal",
            "on_failure": "quarantine",
        },
        lambda rows: numbers(rows, lambda t: number(t, money=True, percent="fraction"), "quarantine"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "percent": "number",
            "thousands": ",",
            "to": "integer",
            "on_failure": "null",
        },
        lambda rows: numbers(rows, whole, "null"),
    ),
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
            "kind": "derive",
            "columns": [
                {"column": "twice", "expression": "k * 2"},
                {"column": "k", "expression": "COALESCE(k, twice, 9)"},
                {"column": "more", "expression": "k + 1"},
            ],
        },
        several(
            put("twice", lambda row: None if row["k"] is None else row["k"] * 2),
            put("k", lambda row: 9 if row["k"] is None else row["k"]),
            put("more", lambda row: row["k"] + 1),
        ),
    ),
    Case(
        {
            "kind": "conditional",
            "column": "size",
            "cases": [{"when": "k > 1", "then": "'large'"}, {"when": "k IS NULL", "then": "name"}],
            "otherwise": "'small'",
        },
        put("size", lambda row: row["name"] if row["k"] is None else "large" if row["k"] > 1 else "small"),
    ),
    Case(
        {
            "kind": "conditional",
            "column": "v",
            "cases": [{"when": "ok", "then": "k"}, {"when": "v < 0", "then": "0.5"}],
        },
        put(
            "v",
            lambda row: (
                (None if row["k"] is None else float(row["k"]))
                if row["ok"]
                else 0.5
                if row["v"] is not None and row["v"] < 0
                else None
            ),
        ),
    ),
    Case(
        {"kind": "fill_null", "columns": ["k", "price"], "value": 7},
        several(
            put("k", lambda r: 7 if r["k"] is None else r["k"]),
            put("price", lambda r: Decimal(7) if r["price"] is None else r["price"]),
        ),
    ),
    *(
        Case(
            {"kind": "fill_null", "columns": [name], "method": method, **({"by": [by]} if by else {})},
            lambda rows, name=name, method=method, by=by: filled(rows, name, method, by),
        )
        for method in ("mean", "median", "mode", "forward", "backward")
        for name in (("k", "v", "price") if method in ("mean", "median") else ("k", "name"))
        for by in (None, "ok")
    ),
    Case(
        {"kind": "coalesce", "column": "first", "columns": ["v", "k"]},
        put("first", lambda row: row["v"] if row["v"] is not None else None if row["k"] is None else float(row["k"])),
    ),
    Case(
        {"kind": "coalesce", "column": "name", "columns": ["name", "txt"]},
        put("name", lambda row: row["name"] if row["name"] is not None else row["txt"]),
    ),
    Case(
        {
            "kind": "replace",
            "column": "name",
            "values": [{"old": "a", "new": "b"}, {"old": "b", "new": None}, {"old": None, "new": "n"}],
        },
        replacing("name", [("a", "b"), ("b", None), (None, "n")]),
    ),
    Case(
        {"kind": "replace", "column": "ok", "values": [{"old": True, "new": False}, {"old": None, "new": True}]},
        replacing("ok", [(True, False), (None, True)]),
    ),
    *(
        Case(
            {
                "kind": "bin",
                "column": name,
                "into": "class",
                "edges": [-1, 0.5, 7],
                "labels": labels,
                "closed": closed,
                "outside": outside,
            },
            lambda rows, name=name, labels=labels, closed=closed, outside=outside: put(
                "class",
                lambda row: classed(
                    None if row[name] is None else float(row[name]), [-1, 0.5, 7], labels, closed, outside
                ),
            )(rows),
        )
        for name in ("k", "x")
        for closed in ("left", "right")
        for outside, labels in (("open", ["a", "b", "c", "d"]), ("null", ["low", "high"]))
    ),
    Case(
        {"kind": "bin", "column": "v", "into": "class", "edges": [0, 1.5], "outside": "open"},
        put("class", lambda row: classed(row["v"], [0, 1.5], ["< 0", "[0, 1.5)", "≥ 1.5"], "left", "open")),
    ),
    *(
        Case(
            {
                "kind": "bin",
                "column": "v",
                "into": "class",
                "count": 3,
                "method": method,
                "closed": closed,
                "labels": ["0", "1", "2"],
            },
            lambda rows, method=method, closed=closed: by_count(rows, 3, method, closed),
        )
        for method in ("width", "quantile")
        for closed in ("left", "right")
    ),
    *(
        Case(
            {"kind": "outliers", "columns": [name], "method": method, "factor": 0.75, "action": action},
            lambda rows, name=name, method=method, action=action: outliers(rows, name, method, 0.75, action),
        )
        for name in ("k", "v")
        for method in ("iqr", "zscore")
        for action in ("drop", "clip", "flag", "null")
    ),
    *(
        Case(
            {"kind": "round", "columns": ["v", "price", "n", "x"], "digits": digits, "mode": mode},
            lambda rows, digits=digits, mode=mode: [
                row | {name: rounded(row[name], digits, mode) for name in ("v", "price", "n", "x")} for row in rows
            ],
            roughly="x",
        )
        for mode in _MODES
        for digits in (1, 0)
    ),
    *(
        Case(
            {"kind": "round", "columns": ["price", "k"], "digits": -1, "mode": mode},
            lambda rows, mode=mode: [
                row | {name: rounded(row[name], -1, mode) for name in ("price", "k")} for row in rows
            ],
        )
        for mode in _MODES
    ),
    Case(
        {"kind": "convert_unit", "columns": ["k", "v"], "from": "miles", "to": "km"},
        lambda rows: [
            row | {name: None if row[name] is None else row[name] * 1.609344 for name in ("k", "v")} for row in rows
        ],
    ),
    Case(
        {"kind": "convert_unit", "columns": ["v"], "from": "°F", "to": "celsius"},
        put("v", lambda row: None if row["v"] is None else (row["v"] - 32) * 5 / 9),
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


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
