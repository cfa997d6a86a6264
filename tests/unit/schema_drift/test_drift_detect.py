"""What counts as a difference, and that the same input gives the same answer."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.data import Column, FormatFacts, LogicalType, Schema
from services.schema_drift.detecting.schemas import Difference, detect, remember


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


CONTRACT = schema(year="integer", dep_delay="float", carrier="string", departed="timestamp")


def kinds(differences: tuple[Difference, ...]) -> list[tuple[str, str]]:
    return [(difference.kind, difference.column) for difference in differences]


def test_the_same_columns_are_no_difference() -> None:
    assert detect(CONTRACT, CONTRACT) == ()


def test_nullability_is_no_difference() -> None:
    other = Schema(columns=tuple(column.model_copy(update={"nullable": False}) for column in CONTRACT.columns))
    assert detect(other, CONTRACT) == ()


def test_an_added_column_is_absorbable() -> None:
    found = detect(
        schema(year="integer", dep_delay="float", x="date", carrier="string", departed="timestamp"), CONTRACT
    )
    assert kinds(found) == [("added", "x")]
    assert found[0].absorbable
    assert found[0].incoming_type == "date"


def test_a_removed_column_is_not_absorbable() -> None:
    found = detect(schema(year="integer", dep_delay="float", departed="timestamp"), CONTRACT)
    assert kinds(found) == [("removed", "carrier")]
    assert not found[0].absorbable


@pytest.mark.parametrize(
    ("incoming", "expected", "absorbable"),
    [
        ("integer", "float", True),
        ("integer", "decimal", True),
        ("date", "timestamp", True),
        ("float", "integer", False),
        ("float", "decimal", False),
        ("decimal", "float", False),
        ("timestamp", "date", False),
        ("timestamp", "timestamp_tz", False),
        ("date", "timestamp_tz", False),
        ("string", "integer", False),
        ("integer", "string", False),
        ("boolean", "integer", False),
        ("time", "timestamp", False),
        ("string", "binary", False),
    ],
)
def test_a_changed_type_is_absorbable_when_it_widens(incoming: str, expected: str, absorbable: bool) -> None:
    found = detect(schema(a=incoming), schema(a=expected))
    assert [(d.kind, d.column, d.absorbable) for d in found] == [("type_changed", "a", absorbable)]
    assert (found[0].incoming_type, found[0].expected_type) == (incoming, expected)


def test_a_moved_column_is_named_once_and_the_ones_it_passed_are_not() -> None:
    found = detect(schema(departed="timestamp", year="integer", dep_delay="float", carrier="string"), CONTRACT)
    assert kinds(found) == [("reordered", "departed")]
    assert found[0].absorbable
    assert found[0].detail == "column 1 now"


def test_columns_that_only_moved_apart_are_not_reordered() -> None:
    wide = schema(
        a="date", year="integer", b="date", dep_delay="float", c="date", carrier="string", departed="timestamp"
    )
    assert kinds(detect(wide, CONTRACT)) == [("added", "a"), ("added", "b"), ("added", "c")]


def test_a_renamed_column_says_what_it_became_and_how_sure_that_is() -> None:
    found = detect(schema(year="integer", departure_delay="float", carrier="string", departed="timestamp"), CONTRACT)
    assert kinds(found) == [("renamed", "dep_delay")]
    assert found[0].became == "departure_delay"
    assert not found[0].absorbable
    assert found[0].confidence is not None
    assert 0.8 < found[0].confidence < 1
    assert set(found[0].evidence) == {"name", "type", "score"}


@pytest.mark.parametrize("name", ["DEP_DELAY", "Dep Delay", "depDelay", "dep-delay", " dep_delay ", "DepDelay"])
def test_another_case_or_style_is_a_rename_that_is_nearly_certain(name: str) -> None:
    found = detect(Schema(columns=(Column(name=name, type=LogicalType.FLOAT),)), schema(dep_delay="float"))
    assert [(d.kind, d.became, d.confidence) for d in found] == [("renamed", name, 0.99)]


def test_a_rename_is_no_move() -> None:
    found = detect(schema(year="integer", departure_delay="float", carrier="string", departed="timestamp"), CONTRACT)
    assert "reordered" not in {d.kind for d in found}


def test_severe_differences_come_first() -> None:
    incoming = schema(x="date", departed="timestamp", year="float", departure_delay="integer")
    assert [d.kind for d in detect(incoming, CONTRACT)] == [
        "renamed",
        "removed",
        "type_changed",
        "reordered",
        "added",
    ]


CSV = FormatFacts(format="csv", encoding="utf-8", delimiter=",", quote='"', header=True, null_markers=("", "NA"))


def test_another_form_of_the_file_is_a_difference_even_when_the_columns_are_the_same() -> None:
    found = detect(CONTRACT, CONTRACT, CSV.model_copy(update={"delimiter": ";", "encoding": "utf-16"}), CSV)
    assert kinds(found) == [("format_changed", "encoding"), ("format_changed", "delimiter")]
    assert found[1].detail == "was ',', is ';'"
    assert all(d.absorbable for d in found)


def test_what_a_reader_does_not_know_is_no_difference() -> None:
    assert detect(CONTRACT, CONTRACT, CSV.model_copy(update={"encoding": None}), CSV) == ()
    assert detect(CONTRACT, CONTRACT, CSV, CSV.model_copy(update={"encoding": None})) == ()
    assert detect(CONTRACT, CONTRACT, CSV, None) == ()


def test_only_a_marker_for_null_that_was_never_met_is_news() -> None:
    assert detect(CONTRACT, CONTRACT, CSV.model_copy(update={"null_markers": ("NA",)}), CSV) == ()
    found = detect(CONTRACT, CONTRACT, CSV.model_copy(update={"null_markers": ("NA", "-99")}), CSV)
    assert [d.detail for d in found] == ["new marker for empty values: '-99'"]


def test_markers_ever_accepted_are_remembered() -> None:
    first = remember(None, CSV)
    second = remember(first, CSV.model_copy(update={"null_markers": (), "encoding": None, "delimiter": ";"}))
    assert second.null_markers == ("", "NA")
    assert (second.encoding, second.delimiter) == ("utf-8", ";")


def test_a_very_wide_table_is_compared_in_reasonable_time() -> None:
    contract = Schema(columns=tuple(Column(name=f"value_{n}", type=LogicalType.FLOAT) for n in range(8_000)))
    incoming = Schema(columns=tuple(Column(name=f"VALUE-{n}", type=LogicalType.FLOAT) for n in range(8_000)))
    found = detect(incoming, contract)
    assert {d.kind for d in found} == {"renamed"}
    assert all(d.became == d.column.upper().replace("_", "-") for d in found)


names = st.text(alphabet=string.ascii_letters + "_é ", min_size=1, max_size=12)
schemas = st.lists(
    st.builds(Column, name=names, type=st.sampled_from(LogicalType)), max_size=12, unique_by=lambda column: column.name
).map(lambda columns: Schema(columns=tuple(columns)))


@given(incoming=schemas, contract=schemas)
@settings(max_examples=300, deadline=None)
def test_every_column_is_accounted_for_exactly_once(incoming: Schema, contract: Schema) -> None:
    found = detect(incoming, contract)
    assert found == detect(incoming, contract)
    assert (found == ()) == (incoming.fingerprint == contract.fingerprint)

    gone = {d.column for d in found if d.kind in ("removed", "renamed")}
    assert gone == set(contract.names) - set(incoming.names)
    new = [d.column for d in found if d.kind == "added"] + [d.became for d in found if d.kind == "renamed"]
    assert sorted(str(name) for name in new) == sorted(set(incoming.names) - set(contract.names))
    retyped = {d.column for d in found if d.kind == "type_changed"}
    assert retyped == {c.name for c in contract.columns if (o := incoming.column(c.name)) and o.type != c.type}
    for difference in found:
        assert difference.confidence is None or 0 <= difference.confidence <= 1


@given(contract=schemas, data=st.data())
@settings(max_examples=200, deadline=None)
def test_moves_alone_explain_a_permutation(contract: Schema, data: st.DataObject) -> None:
    mixed = Schema(columns=tuple(data.draw(st.permutations(contract.columns))))
    found = detect(mixed, contract)
    assert {d.kind for d in found} <= {"reordered"}
    moved = {d.column for d in found}
    rest = [name for name in mixed.names if name not in moved]
    assert rest == [name for name in contract.names if name not in moved]
