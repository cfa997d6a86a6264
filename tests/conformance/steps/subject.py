"""Any table, one step over it as the runner runs it, and how its rows are compared with an oracle's."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from contracts.data import Schema
from contracts.recipe import DatasetInput, Recipe, Steps
from services.transform.jobs import Applied, ApplyJob, JobModule
from services.transform.runner import apply
from tests.unit.transform.evaluating import frame, schema

Row = dict[str, Any]
Oracle = Callable[..., list[Row]]
KEY = b"a secret of the workspace"
MAX = 2**63 - 1

TABLE = schema(
    k="integer", n="integer", v="float", x="float", name="string", day="date", ok="boolean", price="decimal",
    at="timestamp", tz="timestamp_tz", txt="string", js="string", clock="time",
)  # fmt: skip
OTHER = schema(key="integer", label="string", v="float", n="integer")

_TEXTS = ["", "a", "b", "A b", "  two  words ", "é", "e\u0301", "Straße", "漢字", "😀", "o'neil-smith", "x;y;;z", "3",
          "HTTPServer v2", "-7", "a1b22", "ann@example.org", "+1 (555) 0100-222", "x; --", "*", "^a.*$"]  # fmt: skip
_NUMBERS = [
    "",
    "1",
    "1,234.5",
    "1.234,5",
    "-12",
    "(3.50)",
    "$4.20",
    "20%",
    "€ 7",
    "1e5",
    "12,34",
    "abc",
    "1 234",
    "0.1",
]
_DATES = ["2020-02-29", "2021-02-29", "29.02.2020", "03/04/2020", "13/01/2020", "Jan 2, 2020", "2 January 2020",
          "2020-01-02 03:04", "2020-01-02T03:04:05", "20-1-2", "x", ""]  # fmt: skip
_JSON = ['{"a": 1, "b": {"c": ["x", {"d": 2.5}, null, [1, 2]]}, "s": "t\\"]{", "n": null}', "[]", "{}", "null",
         '["a", "b,c", 3, null, {"q": [1, "]"]}, [4, 5], true]', '{"a": "7", "b": {"c": []}, "k y": true}',
         '{"a": 2.5, "b": {"c": {"z": 1}}, "s": "é😀"}']  # fmt: skip
_DAYS = [
    date(2020, 1, 31),
    date(2020, 2, 29),
    date(2019, 12, 30),
    date(2024, 3, 10),
    date(1969, 12, 31),
    date(2020, 2, 1),
]
_STAMPS = [
    datetime.fromisoformat(text)
    for text in ("2020-01-31T23:59:59.999999", "2020-03-29T02:30", "2020-10-25T02:30", "1969-12-31T12", "2020-02-29",
                 "2020-02-01T06")
]  # fmt: skip

_PRICES = [Decimal("0.1"), Decimal("-5"), Decimal("12345678901.123456789"), Decimal("2.5"), Decimal(0)]
# What a column of the tables may hold, beside null.
POOL: list[Sequence[Any]] = [
    range(-3, 4),
    [0, 1, -1, 7, MAX, -MAX, 2**53 + 1, 12345],
    [0.0, 1.5, -2.25, 0.1, 1e10, 123456.789, -3.0],
    [1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan, 1.0, 0.5],
    _TEXTS,
    _DAYS,
    [True, False],
    _PRICES,
    _STAMPS,
    [stamp.replace(tzinfo=UTC) for stamp in _STAMPS],
    _NUMBERS + _DATES,
    _JSON,
    [time(0), time(23, 59, 59, 999999), time(6, 30)],
]
OTHER_POOL: list[Sequence[Any]] = [range(-3, 4), ["one", "two", "é"], [0.5, -1.0], range(6)]


_EDGES = [
    datetime.fromisoformat(text)
    for text in ("0001-01-01", "9999-12-31T23:59:59.999999", "1582-10-10", "1969-12-31T23:59:59.999999")
]
_INTEGERS = [0, 1, -1, MAX, -MAX - 1, MAX - 1, 2**53 + 1, -(2**53) - 1, 10**18]
_FLOATS = [1.7e308, -1e308, 5e-324, 1e16, 1.5, 0.0, -0.0, math.inf, -math.inf, math.nan]
_MOST = "99999999999999999999999999999.999999999"
_SIGNS = ["\0x", "\u202eabc", "a" * 5_000, "🏳️‍🌈", "İ", "ß", "\ud7ff", "\r\n", "\u2028", "ﬁ", "Ａ１", "e\u0301\u0323"]
# The ends of each type, and texts that programs stumble over.
EXTREMES: list[Sequence[Any]] = [
    _INTEGERS,
    _INTEGERS,
    _FLOATS,
    _FLOATS,
    _TEXTS + _SIGNS,
    [date.min, date.max, date(1582, 10, 10), date(2020, 2, 29)],
    [True, False],
    [Decimal(_MOST), Decimal(f"-{_MOST}"), Decimal("0.000000001"), Decimal(0), Decimal("2.5")],
    _EDGES,
    [stamp.replace(tzinfo=UTC) for stamp in _EDGES],
    POOL[10],
    POOL[11],
    [time.min, time.max],
]
OTHER_EXTREMES: list[Sequence[Any]] = [_INTEGERS, ["one", "\0", "é"], _FLOATS, _INTEGERS]


def _drawn(pool: list[Sequence[Any]], most: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    # One draw a cell keeps tables of many columns cheap.
    return st.lists(st.tuples(*(st.sampled_from([None, *values]) for values in pool)), max_size=most)


rows = _drawn(POOL, 12)
others = _drawn(OTHER_POOL, 6)
extremes = _drawn(EXTREMES, 8)
other_extremes = _drawn(OTHER_EXTREMES, 4)


@dataclass(frozen=True)
class Case:
    """One step and what an independent implementation makes of any rows."""

    step: dict[str, Any]
    oracle: Oracle
    roughly: str | None = None  # a column beside whose largest value a difference of the sum counts for nothing
    inputs: tuple[str, ...] = field(default=())
    in_order: bool = True  # whether the order of the rows is a part of the answer

    @property
    def kind(self) -> str:
        return str(self.step["kind"])


Rows = list[tuple[Any, ...]]


def recipe(case_step: dict[str, Any]) -> Recipe:
    """The step as a recipe, which may look at another table."""
    refs = {"other": DatasetInput(dataset="0" * 64, table_schema=OTHER)}
    return Recipe(steps=Steps.validate_python([case_step]), inputs=refs)


def execute(
    given: Sequence[Sequence[Any]],
    step: dict[str, Any],
    beside: Sequence[Sequence[Any]] = (),
    *,
    parts: int = 1,
    table: Schema = TABLE,
) -> tuple[Applied, list[Row]]:
    """Run a step over rows in so many parts."""
    size = max(1, -(-len(given) // parts))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:  # a refused plan may still write
        folder = Path(name)
        paths = []
        for number, start in enumerate(range(0, max(1, len(given)), size)):
            paths.append(str(folder / f"in-{number}.parquet"))
            frame(table, given[start : start + size]).write_parquet(paths[-1])
        frame(OTHER, beside).write_parquet(folder / "other.parquet")
        (folder / "out").mkdir()
        module = JobModule(name="", recipe=recipe(step), inputs={"other": (str(folder / "other.parquet"),)})
        job = ApplyJob(
            inputs=tuple(paths),
            table_schema=table,
            modules=(module,),
            output=str(folder / "out"),
            keys={"default": KEY.hex()},
        )
        done = apply(job)
        found = [pl.read_parquet(folder / "out" / part) for part in done.parts]
        for one in found:
            assert list(one.schema.items()) == list(frame(done.table_schema, []).schema.items())
        return done, [row for one in found for row in one.rows(named=True)]


def as_rows(given: Sequence[Sequence[Any]], table: Schema = TABLE) -> list[Row]:
    """Rows as an oracle takes them."""
    return [dict(zip(table.names, row, strict=True)) for row in given]


def same(one: Any, two: Any, slack: float = 0.0) -> bool:
    """Whether two values are one: floats up to the last digits."""
    if isinstance(one, float) and isinstance(two, float):
        if math.isnan(one) or math.isnan(two):
            return math.isnan(one) and math.isnan(two)
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=max(1e-12, slack))
    return type(one) is type(two) and bool(one == two)


def settled(found: list[Row]) -> list[Row]:
    """The rows in an order of their own; floats come last, since they need not be the same to the last digit."""

    def key(row: Row) -> list[str]:
        exact = [repr(value) for value in row.values() if not isinstance(value, float)]
        return [*exact, *(f"{value:.6e}" for value in row.values() if isinstance(value, float))]

    return sorted(found, key=key)


def difference(found: list[Row], expected: list[Row], slack: float = 0.0) -> str:
    """What is not the same, or nothing."""
    if len(found) != len(expected):
        return f"{len(found)} rows and not {len(expected)}: {found} {expected}"
    for at, (one, two) in enumerate(zip(found, expected, strict=True)):
        if list(one) != list(two):
            return f"columns {list(one)} and not {list(two)}"
        for name in one:
            if not same(one[name], two[name], slack):
                return f"row {at}, {name}: {one[name]!r} and not {two[name]!r}"
    return ""
