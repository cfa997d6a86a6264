"""Data contracts of the standard: what we write is read back, and what others write is taken as far as it goes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.checks import AllowedCheck, Check, LengthCheck, NotNullCheck, PatternCheck, RangeCheck, UniqueCheck
from contracts.data import Column, LogicalType, Schema
from services.module_registry.code.reading import CodeRefused
from services.module_registry.levels import Contracts
from services.module_registry.odcs.reading import contracts_in
from services.module_registry.odcs.writing import OdcsVersion, data_contract

MODULE = {"id": UUID(int=1), "name": "m", "category": "c", "tags": ["x"], "description": "d", "owner": "o"} | {
    "archived_at": None
}
ROW = {"number": 3, "tenant": UUID(int=2), "description": "", "content_hash": "f" * 64} | {
    "published_at": datetime(2026, 3, 1, tzinfo=UTC)
}

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
bounds = st.none() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | texts
said = {"enforcement": st.sampled_from(["documented", "warn", "quarantine", "fail"]), "inferred": st.booleans()}


@st.composite
def sides(draw: st.DrawFn) -> tuple[Schema, tuple[Check, ...]]:
    names = draw(st.lists(texts, min_size=2, max_size=4, unique=True))
    columns = [Column(name=n, type=draw(st.sampled_from(LogicalType)), nullable=draw(st.booleans())) for n in names]
    column = st.sampled_from(names)
    low, high = draw(bounds), draw(bounds)
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(NotNullCheck, column=column, **said),
        st.builds(UniqueCheck, columns=st.lists(column, min_size=1, max_size=2, unique=True).map(tuple), **said),
        st.builds(PatternCheck, column=column, pattern=texts, **said),
        st.builds(AllowedCheck, column=column, values=st.lists(bounds.filter(bool), min_size=1, max_size=3), **said),
        st.builds(LengthCheck, column=column, minimum=st.integers(0, 9), **said),
    ]
    if low is not None or high is not None:
        kinds.append(st.builds(RangeCheck, column=column, minimum=st.just(low), maximum=st.just(high), **said))
    checks = draw(st.lists(st.one_of(kinds), max_size=5, unique_by=lambda check: check.identity))
    return Schema(columns=tuple(columns)), tuple(checks)


@settings(max_examples=60, deadline=None)
@given(taken=sides(), given_=sides(), standard=st.sampled_from(["v3.0.2", "v3.1.0"]))
def test_what_we_write_we_read_back(
    taken: tuple[Schema, tuple[Check, ...]], given_: tuple[Schema, tuple[Check, ...]], standard: OdcsVersion
) -> None:
    contracts = Contracts(taken[0], given_[0], taken[1], given_[1])
    text = data_contract(MODULE, ROW, contracts, "1.2.0", "both", standard)
    found = contracts_in(text)
    assert found.notes == []
    for side, (schema, checks) in ((found.input, taken), (found.output, given_)):
        assert side is not None
        assert side.columns == schema.columns
        assert sorted(side.checks, key=repr) == sorted(checks, key=repr)


FOREIGN = """\
apiVersion: v3.0.2
kind: DataContract
id: orders
version: 1.1.0
status: active
schema:
  - name: orders
    properties:
      - {name: id, logicalType: string, physicalType: uuid, required: true, unique: true}
      - name: total
        logicalType: number
        physicalType: numeric(12, 2)
        logicalTypeOptions: {minimum: 0, multipleOf: 5}
      - {name: placed, logicalType: date, physicalType: timestamptz}
      - name: state
        logicalType: string
        logicalTypeOptions: {maxLength: 9}
        quality:
          - {type: library, rule: validValues, validValues: [open, paid], mustBe: 0, severity: warning}
          - {type: sql, query: SELECT 1, mustBe: 0}
      - {name: rate, logicalType: number}
"""


def test_what_others_write_is_taken_as_far_as_it_goes() -> None:
    found = contracts_in(FOREIGN, "output")
    assert found.input is None
    assert found.output is not None
    assert [(column.name, column.type.value, column.nullable) for column in found.output.columns] == [
        ("id", "string", False),
        ("total", "decimal", True),
        ("placed", "timestamp_tz", True),
        ("state", "string", True),
        ("rate", "float", True),
    ]
    assert list(found.output.checks) == [
        UniqueCheck(columns=("id",)),
        RangeCheck(column="total", minimum=0),
        AllowedCheck(column="state", values=("open", "paid"), enforcement="warn"),
        LengthCheck(column="state", maximum=9),
    ]
    assert found.notes == [
        "column 'total': the option 'multipleOf' is not taken over",
        "column 'state': the 2. quality rule is not one that runs look at; it is not taken over",
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("kind: DataContract", "kind: Other", "not_a_contract", 1),
        ("v3.0.2", "v2.2.2", "version", 1),
        ("logicalType: date, physicalType: timestamptz", "logicalType: object", "type", 14),
        ("name: rate", "name: id", "columns", 9),
        ("minimum: 0", "minimum: [0]", "check", 13),
        ("name: orders\n", "name: orders\n  - name: input\n", "which_side", 7),
        ("{name: rate,", "{names: rate,", "no_name", 21),
        ("version: 1.1.0", "version: *x", "alias", 4),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(old: str, new: str, code: str, line: int) -> None:
    assert old in FOREIGN
    with pytest.raises(CodeRefused) as caught:
        contracts_in(FOREIGN.replace(old, new))
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == (code, line)


def test_the_document_is_one_of_the_standard() -> None:
    schema = Schema(columns=(Column(name="a", type=LogicalType.INTEGER),))
    for standard in ("v3.0.2", "v3.1.0"):
        text = data_contract(MODULE, ROW, Contracts(schema, schema), "1.2.0", "both", standard)
        document = yaml.safe_load(text)
        assert {"apiVersion", "kind", "id", "version", "status", "schema"} <= set(document)
        assert [table["name"] for table in document["schema"]] == ["input", "output"]
