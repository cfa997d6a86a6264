"""Every kind of step over any table gives what an independent implementation gives, and says so before it runs."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.recipe import Steps
from services.transform.check import stages
from services.transform.steps.catalog import KINDS
from tests.conformance.steps import (
    plain_columns,
    plain_groups,
    plain_moments,
    plain_numbers,
    plain_queries,
    plain_tables,
    plain_texts,
    plain_values,
)
from tests.conformance.steps.subject import (
    OTHER,
    TABLE,
    Case,
    Row,
    Rows,
    as_rows,
    difference,
    execute,
    others,
    recipe,
    rows,
    same,
    settled,
)

CASES: list[Case] = [
    *plain_columns.CASES,
    *plain_values.CASES,
    *plain_numbers.CASES,
    *plain_moments.CASES,
    *plain_texts.CASES,
    *plain_groups.CASES,
    *plain_tables.CASES,
    *plain_queries.CASES,
]
NAMES = [f"{number:03}-{case.kind}" for number, case in enumerate(CASES)]
each = pytest.mark.parametrize("case", CASES, ids=NAMES)
checked = settings(max_examples=8, deadline=None)


def test_every_kind_in_the_catalog_has_an_oracle() -> None:
    assert {case.kind for case in CASES} == set(KINDS)


@each
@checked
@given(given_rows=rows, beside=others, parts=st.integers(1, 4))
def test_a_step_gives_what_its_oracle_gives(case: Case, given_rows: Rows, beside: Rows, parts: int) -> None:
    prepared = prepared_for(case, given_rows)
    done, found = execute(prepared, case.step, beside, parts=parts)
    expected = expected_of(case, prepared, beside)
    if not case.in_order:
        found, expected = settled(found), settled(expected)
    assert not difference(found, expected, slack_of(case, prepared))
    (stage,) = stages(recipe(case.step), TABLE)
    assert done.table_schema == stage.after, "the columns are known before"
    for column in done.table_schema.columns:
        assert column.nullable or all(row[column.name] is not None for row in found), column
    (book,) = done.books
    gone = book.filtered + book.deduplicated + book.quarantined + book.combined
    assert book.rows_in == len(prepared)
    assert book.rows_out == len(found)
    assert book.rows_in + book.added == book.rows_out + gone


@each
@settings(max_examples=4, deadline=None)
@given(given_rows=rows, beside=others, column=st.sampled_from(TABLE.names), data=st.data())
def test_a_column_outside_its_lineage_changes_nothing(
    case: Case, given_rows: Rows, beside: Rows, column: str, data: st.DataObject
) -> None:
    if case.step.get("column") == "js" and column == "js":
        return
    prepared = prepared_for(case, given_rows)
    changed_rows = prepared_for(case, data.draw(st.lists(rows, min_size=1, max_size=1))[0])
    if not changed_rows:
        return
    at = TABLE.names.index(column)
    other = [(*row[:at], changed_rows[n % len(changed_rows)][at], *row[at + 1 :]) for n, row in enumerate(prepared)]
    (step,) = Steps.validate_python([case.step])
    lineage = KINDS[case.kind].lineage(TABLE, step, {"other": OTHER})
    _, before = execute(prepared, case.step, beside)
    _, after = execute(other, case.step, beside)
    for name, sources in lineage.items():
        if column not in sources:
            assert _values(before, name) == _values(after, name), f"{name} depends on {column}"


@each
def test_its_english_names_its_columns(case: Case) -> None:
    (step,) = Steps.validate_python([case.step])
    said = KINDS[case.kind].english(step, TABLE)
    assert said
    assert "\n" not in said
    mentioned = KINDS[case.kind].mentions(TABLE, step)
    for name in mentioned if "all columns" not in said else ():
        assert name in said, said


def prepared_for(case: Case, given_rows: Sequence[Sequence[Any]]) -> Rows:
    """A JSON array is demanded of the column that is made into rows: only such texts are given to it."""
    if case.kind != "explode" or case.step["column"] != "txt":
        return list(map(tuple, given_rows))
    js, txt = TABLE.names.index("js"), TABLE.names.index("txt")
    arrays = [None if row[js] is None or not row[js].startswith("[") else row[js] for row in given_rows]
    return [(*row[:txt], text, *row[txt + 1 :]) for row, text in zip(given_rows, arrays, strict=True)]


def expected_of(case: Case, given_rows: Rows, beside: Rows) -> list[Row]:
    """What the oracle makes of the rows."""
    mine = as_rows(given_rows)
    return case.oracle(mine, as_rows(beside, OTHER)) if case.inputs else case.oracle(mine)


def slack_of(case: Case, given_rows: Rows) -> float:
    """Differences of sums that count for nothing beside the largest value."""
    if case.roughly is None:
        return 0.0
    at = TABLE.names.index(case.roughly)
    values = [abs(row[at]) for row in given_rows if row[at] is not None and math.isfinite(row[at])]
    return max(values, default=0.0) * 1e-12


def _values(found: list[Row], name: str) -> "_Column":
    return _Column([row[name] for row in found])


class _Column:
    """Values that are equal where they are the same: NaN is."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Column) or len(self.values) != len(other.values):
            return False
        return all(same(one, two) for one, two in zip(self.values, other.values, strict=True))

    def __hash__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return repr(self.values)
