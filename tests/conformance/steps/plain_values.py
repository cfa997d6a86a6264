"""Oracles in plain Python: types and values."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.conformance.steps.plain_moments import dated, midnight
from tests.conformance.steps.plain_texts import put, several, texts
from tests.conformance.steps.subject import Case, Row


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
]
