"""Each kind of step over any rows gives what the same in SQL gives, and its books agree with an independent count."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.commands.transform import StepBooks
from tests.unit.transform.evaluating import run, schema
from tests.unit.transform.oracle import ask

TABLE = schema(k="integer", v="float", name="string", day="date", ok="boolean", price="decimal")
COLUMNS = "k, v, name, day, ok, price"

rows = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 3),
        st.none() | st.sampled_from([0.0, 1.5, -2.25, 1e10]),
        st.none() | st.sampled_from(["", "a", "b", "é", "漢字", "😀", "3", "-7", "x' OR 1=1"]),
        st.none() | st.sampled_from([date(2013, 1, 1), date(2012, 2, 29)]),
        st.none() | st.booleans(),
        st.none() | st.sampled_from([Decimal("0.1"), Decimal("-5"), Decimal("12345678901.123456789")]),
    ),
    max_size=12,
)
parts = st.integers(1, 4)
checked = settings(max_examples=25, deadline=None)

Rows = list[tuple[Any, ...]]

SAME: list[tuple[str, dict[str, Any], str]] = [
    ("select", {"columns": ["name", "k"]}, "SELECT name, k FROM t ORDER BY n"),
    ("drop", {"columns": ["v", "day"]}, "SELECT k, name, ok, price FROM t ORDER BY n"),
    ("rename", {"columns": {"k": "v", "v": "k"}}, f"SELECT {COLUMNS} FROM t ORDER BY n"),
    (
        "cast",
        {"columns": {"k": "string", "day": "timestamp", "price": "float", "ok": "integer"}},
        "SELECT k::VARCHAR, v, name, day::TIMESTAMP, ok::BIGINT, price::DOUBLE FROM t ORDER BY n",
    ),
    (
        "cast",
        {"columns": {"name": "integer"}, "on_failure": "null"},
        "SELECT k, v, TRY_CAST(name AS BIGINT), day, ok, price FROM t ORDER BY n",
    ),
    ("filter", {"where": "k > 0 OR name = 'é'"}, f"SELECT {COLUMNS} FROM t WHERE k > 0 OR name = 'é' ORDER BY n"),
    (
        "derive",
        {
            "columns": [
                {"column": "twice", "expression": "k * 2"},
                {"column": "k", "expression": "COALESCE(k, twice, 9)"},
                {"column": "more", "expression": "k + 1"},
            ]
        },
        "SELECT COALESCE(k, 9), v, name, day, ok, price, k * 2, COALESCE(k, 9) + 1 FROM t ORDER BY n",
    ),
    (
        "fill_null",
        {"columns": ["k", "price"], "value": 7},
        "SELECT COALESCE(k, 7), v, name, day, ok, COALESCE(price, 7) FROM t ORDER BY n",
    ),
    (
        "fill_null",
        {"columns": ["day"], "value": "2000-01-01"},
        "SELECT k, v, name, COALESCE(day, DATE '2000-01-01'), ok, price FROM t ORDER BY n",
    ),
    (
        "drop_null",
        {"columns": ["k", "name"]},
        f"SELECT {COLUMNS} FROM t WHERE k IS NOT NULL AND name IS NOT NULL ORDER BY n",
    ),
    (
        "deduplicate",
        {"keys": ["k", "ok"]},
        f"SELECT {COLUMNS} FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k, ok ORDER BY n) = 1 ORDER BY n",
    ),
    (
        "deduplicate",
        {"keys": ["name", "day"], "keep": "last"},
        f"SELECT {COLUMNS} FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY name, day ORDER BY n DESC) = 1 ORDER BY n",
    ),
    (
        "sort",
        {"by": [{"column": "name"}, {"column": "k", "descending": True}]},
        f"SELECT {COLUMNS} FROM t ORDER BY name NULLS LAST, k DESC NULLS LAST, n",
    ),
    (
        "sort",
        {"by": [{"column": "price", "descending": True}, {"column": "day"}]},
        f"SELECT {COLUMNS} FROM t ORDER BY price DESC NULLS LAST, day NULLS LAST, n",
    ),
    ("limit", {"rows": 5}, f"SELECT {COLUMNS} FROM t ORDER BY n LIMIT 5"),
    ("limit", {"rows": 0}, f"SELECT {COLUMNS} FROM t ORDER BY n LIMIT 0"),
    (
        "replace",
        {"column": "name", "values": [{"old": "a", "new": "b"}, {"old": "b", "new": None}, {"old": None, "new": "n"}]},
        "SELECT k, v, CASE WHEN name IS NULL THEN 'n' WHEN name = 'a' THEN 'b' WHEN name = 'b' THEN NULL"
        " ELSE name END, day, ok, price FROM t ORDER BY n",
    ),
    (
        "replace",
        {"column": "price", "values": [{"old": 0.1, "new": "12.50"}, {"old": -5, "new": 1}]},
        "SELECT k, v, name, day, ok, CASE price WHEN 0.1 THEN 12.5 WHEN -5 THEN 1 ELSE price END FROM t ORDER BY n",
    ),
    (
        "replace",
        {"column": "ok", "values": [{"old": True, "new": False}, {"old": None, "new": True}]},
        "SELECT k, v, name, day, CASE WHEN ok IS NULL THEN TRUE ELSE FALSE END, price FROM t ORDER BY n",
    ),
    (
        "replace",
        {"column": "day", "values": [{"old": "2012-02-29", "new": "2012-03-01"}]},
        "SELECT k, v, name, CASE day WHEN DATE '2012-02-29' THEN DATE '2012-03-01' ELSE day END, ok, price"
        " FROM t ORDER BY n",
    ),
]


@pytest.mark.parametrize(("kind", "options", "query"), SAME, ids=[f"{kind}-{n}" for n, (kind, _, _) in enumerate(SAME)])
@checked
@given(given_rows=rows, in_parts=parts)
def test_a_step_gives_what_sql_gives(
    kind: str, options: dict[str, Any], query: str, given_rows: Rows, in_parts: int
) -> None:
    done, found = run(TABLE, given_rows, {"kind": kind, **options}, parts=in_parts)
    expected = ask(TABLE, given_rows, query)
    assert found == expected
    (book,) = done.books
    assert (book.rows_in, book.rows_out) == (len(given_rows), len(expected))
    gone = len(given_rows) - len(expected)
    removed = {"filter": "filtered", "drop_null": "filtered", "limit": "filtered", "deduplicate": "deduplicated"}
    assert removals(book) == ({removed[kind]: gone} if gone else {})


@checked
@given(given_rows=rows, in_parts=parts)
def test_cast_sends_misfits_to_quarantine(given_rows: Rows, in_parts: int) -> None:
    step = {"kind": "cast", "columns": {"name": "integer", "v": "integer"}, "on_failure": "quarantine"}
    done, found = run(TABLE, given_rows, step, parts=in_parts)
    fits = "(name IS NULL OR REGEXP_FULL_MATCH(name, '[+-]?[0-9]+')) AND (v IS NULL OR v = FLOOR(v))"
    expected = ask(
        TABLE, given_rows, f"SELECT k, v::BIGINT, name::BIGINT, day, ok, price FROM t WHERE {fits} ORDER BY n"
    )
    assert found == expected
    gone = len(given_rows) - len(expected)
    assert done.quarantined == gone
    assert removals(done.books[0]) == ({"quarantined": gone} if gone else {})


@checked
@given(given_rows=rows, in_parts=parts)
def test_whatever_the_recipe_the_books_add_up(given_rows: Rows, in_parts: int) -> None:
    steps: list[dict[str, Any]] = [
        {"kind": "drop_null", "columns": ["k"]},
        {"kind": "derive", "columns": [{"column": "x", "expression": "k % 2"}]},
        {"kind": "filter", "where": "name IS NULL OR name <> 'a'"},
        {"kind": "cast", "columns": {"name": "integer"}, "on_failure": "quarantine"},
        {"kind": "deduplicate", "keys": ["k", "name"]},
        {"kind": "sort", "by": [{"column": "k"}]},
        {"kind": "limit", "rows": 3},
        {"kind": "select", "columns": ["x", "k"]},
    ]
    done, found = run(TABLE, given_rows, *steps, parts=in_parts)
    rows_now = len(given_rows)
    for book in done.books:
        assert book.rows_in == rows_now
        rows_now = book.rows_out
        assert book.rows_in == book.rows_out + book.filtered + book.deduplicated + book.quarantined
    assert rows_now == len(found)


def removals(book: StepBooks) -> dict[str, int]:
    """What became of the rows that did not come out."""
    kinds = ("filtered", "deduplicated", "quarantined")
    return {kind: count for kind in kinds if (count := getattr(book, kind))}


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_deviations_are_right_where_squares_are_no_floats(size: float) -> None:
    step = {"kind": "aggregate", "keys": [], "measures": [{"function": "std", "column": "v", "name": "s"}]}
    _, rows = run(schema(v="float"), [[size], [3 * size]], step)
    assert rows == [(pytest.approx(math.sqrt(2) * size, rel=1e-12),)]
