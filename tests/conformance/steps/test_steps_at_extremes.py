"""Every kind of step at the ends of its types: right, or refused in words; and what it does without any row."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.transform.errors import TransformError
from tests.conformance.steps.subject import (
    MAX,
    OTHER_EXTREMES,
    Case,
    Row,
    Rows,
    difference,
    execute,
    extremes,
    other_extremes,
    settled,
)
from tests.conformance.steps.test_steps_conform import each, expected_of, prepared_for, slack_of

# What is computed on the way may leave a type although the answer would not: a sum below a mean, a product below CASE.
_ON_THE_WAY = {"derive", "sql", "window"}
# Fences about values at both ends are infinite, whoever computes them.
_FENCED = {"outliers"}
_INFINITE = (float("inf"), float("-inf"))
_NOTHING: Rows = [(None,) * 13, (None,) * 13]


@each
@settings(max_examples=4, deadline=None, derandomize=True)
@given(given_rows=extremes, beside=other_extremes, parts=st.integers(1, 3))
@example(given_rows=[], beside=[], parts=1)
@example(given_rows=_NOTHING, beside=[(None,) * len(OTHER_EXTREMES)], parts=2)
def test_a_step_at_the_ends_of_its_types(case: Case, given_rows: Rows, beside: Rows, parts: int) -> None:
    prepared = prepared_for(case, given_rows)
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
    if case.kind in _FENCED or any(value in _INFINITE for row in expected for value in row.values()):
        return  # the oracle itself left the type on the way: it knows no answer
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
