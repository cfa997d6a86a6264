"""Every kind of step at the ends of its types: right, or refused in words; and what it does without any row."""

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.transform.errors import TransformError
from tests.conformance.steps.plain_numbers import at_a_fence
from tests.conformance.steps.subject import (
    MAX,
    OTHER_EXTREMES,
    TABLE,
    Case,
    Row,
    Rows,
    as_rows,
    difference,
    execute,
    extremes,
    other_extremes,
    settled,
)
from tests.conformance.steps.test_steps_conform import CASES, each, expected_of, prepared_for, slack_of

# What is computed on the way may leave a type although the answer would not: a sum below a mean, a product below CASE.
_ON_THE_WAY = {"derive", "sql", "window"}
_MOST, _FIRST, _LAST = (
    Decimal("99999999999999999999999999999.999999999"),
    datetime.fromisoformat("0001-01-01"),
    datetime.fromisoformat("9999-12-31"),
)
_NOTHING: Rows = [(None,) * 13, (None,) * 13]
_BOTH_ENDS: Rows = [
    (MAX, MAX, 1.7e308, 1.7e308, "", date.max, True, _MOST, _LAST, _LAST.replace(tzinfo=UTC), "1", "[]", time.max),
    (
        -MAX,
        -MAX,
        -1.7e308,
        -1.7e308,
        "",
        date.min,
        True,
        _MOST.copy_negate(),
        _FIRST,
        _FIRST.replace(tzinfo=UTC),
        "",
        "{}",
        time.min,
    ),
]


@each
@settings(max_examples=3, deadline=None, derandomize=True)
@given(given_rows=extremes, beside=other_extremes, parts=st.integers(1, 3))
@example(given_rows=[], beside=[], parts=1)
@example(given_rows=_BOTH_ENDS, beside=[(MAX, "one", 1.7e308, -MAX), (-MAX, "", -1.7e308, MAX)], parts=2)
@example(given_rows=_NOTHING, beside=[(None,) * len(OTHER_EXTREMES)], parts=2)
def test_a_step_at_the_ends_of_its_types(case: Case, given_rows: Rows, beside: Rows, parts: int) -> None:
    _right_or_refused(case, prepared_for(case, given_rows), beside, parts)


# Where floats on the way say something else than the numbers: a distance, a square or a mean that is none.
_FAR = {
    "distances beyond floats": [1.7e308, 1.7e308, 1.6e308, 1.7e308, -1.7e308],
    "both ends": [1.7e308, -1e308],
    "squares that are nothing": [5e-324, 0.0, 5e-324, 5e-324, 1e-322],
    "beyond every number": [1.0, 2.0, 3.0, math.inf, -math.inf, math.nan, None],
    "one number and beyond": [1.0, math.inf],
    "a fence beyond floats": [1.7e308, -1.7e308, 0.0, math.inf],
}


@pytest.mark.parametrize("values", _FAR.values(), ids=_FAR.keys())
def test_outliers_are_told_as_by_numbers_without_an_end(values: list[float | None]) -> None:
    given_rows: Rows = [tuple(value if name == "v" else None for name in TABLE.names) for value in values]
    for case in CASES:
        if case.kind == "outliers" and case.step["columns"] == ["v"]:
            _right_or_refused(case, given_rows, [], 1)


def _right_or_refused(case: Case, prepared: Rows, beside: Rows, parts: int) -> None:
    expected = _fitting(case, prepared, beside)
    refused, found = "", []
    try:
        _, found = execute(prepared, case.step, beside, parts=parts)
    except TransformError as error:
        refused = error.message
    if refused:
        assert expected is None or case.kind in _ON_THE_WAY, refused
        assert "ngine" not in refused, "in words for people"
        return
    assert expected is not None, f"what does not fit came out: {found}"
    if case.kind == "outliers":
        (column,), method = case.step["columns"], case.step["method"]
        if at_a_fence(as_rows(prepared), column, method, case.step["factor"]):
            return
        # Whole numbers are cut to a bound that has sixteen digits.
        found, expected = (
            [row | {column: float(row[column])} if type(row[column]) is int else row for row in some]
            for some in (found, expected)
        )
    if not case.in_order:
        found, expected = settled(found), settled(expected)
    assert not difference(found, expected, slack_of(case, prepared))


def _fitting(case: Case, given_rows: Rows, beside: Rows) -> list[Row] | None:
    """What the oracle gives; nothing where that fits no type."""
    try:
        expected = expected_of(case, given_rows, beside)
    except (OverflowError, ValueError, duckdb.OutOfRangeException):
        return None
    return expected if all(_fits(value) for row in expected for value in row.values()) else None


def _fits(value: Any) -> bool:
    if isinstance(value, Decimal):
        return -(10**29) < value < 10**29
    return not isinstance(value, int) or -MAX - 1 <= value <= MAX


def test_the_guard_knows_what_fits() -> None:
    assert [_fits(value) for value in (MAX, MAX + 1, True, Decimal(10**29), Decimal("2.5"), "x")] == [
        True,
        False,
        True,
        False,
        True,
        True,
    ]
    with pytest.raises(TransformError):
        execute(
            [tuple(MAX if at == 0 else None for at in range(13))], {"kind": "round", "columns": ["k"], "digits": -1}
        )
