"""Oracles in plain Python: columns, rows, and their order."""

import math
from collections import Counter
from functools import cmp_to_key
from typing import Any

from tests.conformance.steps.subject import TABLE, Case, Row

COLUMNS = list(TABLE.names)


def keyed(value: Any) -> Any:
    """A value as a key: NaN is one value, and so are the zeros."""
    if isinstance(value, float):
        return ("nan",) if math.isnan(value) else value + 0.0
    return value


def compare(one: Any, two: Any) -> int:
    """Nulls last, NaN above all numbers."""
    if one is None or two is None:
        return (one is None) - (two is None)
    if isinstance(one, float):
        one, two = ((math.isnan(value), 0.0 if math.isnan(value) else value) for value in (one, two))
    elif isinstance(one, str):
        one, two = one.encode(), two.encode()
    return int((one > two) - (one < two))


def ordered(rows: list[Row], by: list[tuple[str, bool]]) -> list[Row]:
    """The rows in order; nulls last, whichever way."""

    def order(one: Row, two: Row) -> int:
        for name, descending in by:
            found = compare(one[name], two[name])
            nulls = one[name] is None or two[name] is None
            if found:
                return -found if descending and not nulls else found
        return 0

    return sorted(rows, key=cmp_to_key(order))


def select(rows: list[Row], names: list[str]) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]


def renamed(rows: list[Row], names: dict[str, str]) -> list[Row]:
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def distinct(rows: list[Row], keys: list[str], keep: str) -> list[Row]:
    seen = Counter(tuple(keyed(row[name]) for name in keys) for row in rows)
    if keep == "none":
        return [row for row in rows if seen[tuple(keyed(row[name]) for name in keys)] == 1]
    walked = list(enumerate(rows)) if keep == "first" else list(reversed(list(enumerate(rows))))
    chosen: dict[Any, int] = {}
    for at, row in walked:
        chosen.setdefault(tuple(keyed(row[name]) for name in keys), at)
    return [row for at, row in enumerate(rows) if at in chosen.values()]


def latest(rows: list[Row]) -> list[Row]:
    numbered = [row | {"#": at} for at, row in enumerate(rows)]
    kept = distinct(ordered(numbered, [("day", True), ("k", False)]), ["name"], "first")
    return [{name: row[name] for name in COLUMNS} for row in sorted(kept, key=lambda row: row["#"])]


def lots(count: int, seed: int) -> list[int]:
    """splitmix64, as published."""
    mask = 2**64 - 1
    found = []
    state = seed * 0x9E3779B97F4A7C15 & mask
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & mask
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        found.append(z ^ (z >> 31))
    return found


def sample(rows: list[Row], size: int, seed: int) -> list[Row]:
    drawn = lots(len(rows), seed)
    least = sorted(drawn)[:size]
    return [row for row, lot in zip(rows, drawn, strict=True) if lot in least]


CASES = [
    Case({"kind": "select", "columns": ["name", "k"]}, lambda rows: select(rows, ["name", "k"])),
    Case(
        {"kind": "drop", "columns": ["v", "day"]},
        lambda rows: select(rows, [c for c in COLUMNS if c not in ("v", "day")]),
    ),
    Case(
        {"kind": "reorder", "columns": ["price", "k"], "position": "after", "anchor": "name"},
        lambda rows: select(rows, ["n", "v", "x", "name", "price", "k", *COLUMNS[5:7], *COLUMNS[8:]]),
    ),
    Case(
        {"kind": "reorder", "columns": ["price", "k"], "position": "last"},
        lambda rows: select(rows, [*[c for c in COLUMNS if c not in ("price", "k")], "price", "k"]),
    ),
    Case(
        {"kind": "reorder", "columns": ["at"], "position": "before", "anchor": "k"},
        lambda rows: select(rows, ["at", *[c for c in COLUMNS if c != "at"]]),
    ),
    Case({"kind": "rename", "columns": {"k": "v", "v": "k"}}, lambda rows: renamed(rows, {"k": "v", "v": "k"})),
    Case(
        {"kind": "rename_style", "style": "upper", "prefix": "the ", "strip_prefix": "pr"},
        lambda rows: renamed(rows, {c: f"the {c.removeprefix('pr').upper()}" for c in COLUMNS}),
    ),
    Case(
        {"kind": "rename_style", "columns": ["js", "txt"], "suffix": "_raw"},
        lambda rows: renamed(rows, {"js": "js_raw", "txt": "txt_raw"}),
    ),
    Case(
        {"kind": "filter", "where": "k > 0 OR name = 'é'"},
        lambda rows: [row for row in rows if (row["k"] or 0) > 0 or row["name"] == "é"],
    ),
    Case(
        {"kind": "drop_null", "columns": ["k", "name"]},
        lambda rows: [r for r in rows if None not in (r["k"], r["name"])],
    ),
    Case({"kind": "drop_null"}, lambda rows: [r for r in rows if None not in r.values()]),
    Case(
        {"kind": "drop_null", "columns": ["k", "x"], "how": "all"},
        lambda rows: [r for r in rows if r["k"] is not None or r["x"] is not None],
    ),
    *(
        Case(
            {"kind": "deduplicate", "keys": ["k", "x"], "keep": keep},
            lambda rows, keep=keep: distinct(rows, ["k", "x"], keep),
        )
        for keep in ("first", "last", "none")
    ),
    Case({"kind": "deduplicate"}, lambda rows: distinct(rows, COLUMNS, "first")),
    Case(
        {
            "kind": "deduplicate",
            "keys": ["name"],
            "order_by": [{"column": "day", "descending": True}, {"column": "k"}],
        },
        latest,
    ),
    Case(
        {"kind": "sort", "by": [{"column": "name"}, {"column": "x", "descending": True}]},
        lambda rows: ordered(rows, [("name", False), ("x", True)]),
    ),
    Case(
        {"kind": "sort", "by": [{"column": "price", "descending": True}, {"column": "tz"}]},
        lambda rows: ordered(rows, [("price", True), ("tz", False)]),
    ),
    Case({"kind": "limit", "rows": 4}, lambda rows: rows[:4]),
    Case({"kind": "limit", "rows": 3, "offset": 2}, lambda rows: rows[2:5]),
    Case({"kind": "limit", "rows": 0}, lambda rows: []),
    Case({"kind": "sample", "rows": 4, "seed": 1}, lambda rows: sample(rows, 4, 1)),
    Case(
        {"kind": "sample", "fraction": 0.5, "seed": 4_000_000_000},
        lambda rows: sample(rows, (len(rows) + 1) // 2, 4_000_000_000),
    ),
]
