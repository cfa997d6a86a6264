"""What is decided about differences, and in which words it is said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.data import Column, LogicalType, Schema
from contracts.envelope import MAX_PAYLOAD_BYTES
from contracts.events.drift import DriftDetected
from services.schema_drift.deciding.modes import Mode, decide
from services.schema_drift.detecting.schemas import Difference, detect
from services.schema_drift.report import Report, advise, restore, write


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


CONTRACT = schema(year="integer", dep_delay="float", carrier="string")
SAME = CONTRACT
ADDED = schema(year="integer", dep_delay="float", carrier="string", x="date")
MOVED = schema(carrier="string", year="integer", dep_delay="float")
WIDENED = schema(year="integer", dep_delay="integer", carrier="string")
RENAMED = schema(year="integer", departure_delay="float", carrier="string")
REMOVED = schema(year="integer", carrier="string")
RETYPED = schema(year="string", dep_delay="float", carrier="string")


def report(incoming: Schema, mode: Mode) -> Report:
    found = detect(incoming, CONTRACT)
    return write("clean-flights", mode, decide(mode, found), found)


@pytest.mark.parametrize("incoming", [ADDED, MOVED, WIDENED])
def test_what_the_module_absorbs_goes_on_with_a_warning_and_stops_when_strict(incoming: Schema) -> None:
    assert report(incoming, "warn").decision == "proceed"
    assert report(incoming, "strict").decision == "quarantine"


@pytest.mark.parametrize("incoming", [RENAMED, REMOVED, RETYPED])
@pytest.mark.parametrize("mode", ["warn", "strict"])
def test_what_the_module_cannot_absorb_is_always_set_aside(incoming: Schema, mode: Mode) -> None:
    assert report(incoming, mode).decision == "quarantine"


@pytest.mark.parametrize("mode", ["warn", "strict"])
def test_no_difference_goes_on(mode: Mode) -> None:
    assert decide(mode, detect(SAME, CONTRACT)) == "proceed"


columns = st.builds(
    Column,
    name=st.sampled_from(["a", "A", "b_c", "bC", "dep_delay", "departure_delay"]),
    type=st.sampled_from(LogicalType),
)
schemas = st.lists(columns, max_size=6, unique_by=lambda c: c.name).map(lambda c: Schema(columns=tuple(c)))


@given(incoming=schemas, contract=schemas, mode=st.sampled_from(["strict", "warn"]))
@settings(max_examples=300, deadline=None)
def test_the_same_change_gives_the_same_decision_and_the_same_words(
    incoming: Schema, contract: Schema, mode: Mode
) -> None:
    def judge() -> Report:
        found = detect(incoming, contract)
        return write("m", mode, decide(mode, found), found)

    first, second = judge(), judge()
    assert first == second
    needed_is_missing = bool(set(contract.names) - set(incoming.names))
    if needed_is_missing:
        assert first.decision == "quarantine"
    if mode == "strict":
        assert (first.decision == "quarantine") == bool(first.differences)
    stored = tuple(restore(document) for document in first.documents())
    assert stored == first.differences


def test_a_rename_is_said_with_what_it_became_and_what_to_do() -> None:
    found = report(RENAMED, "warn")
    assert found.summary == (
        "Column `dep_delay` is gone; `departure_delay` looks like it (name 0.96, type fits). "
        "Nothing was loaded: module clean-flights needs what is gone."
    )
    assert "Rename `departure_delay` back to `dep_delay`" in found.advice
    assert "`modulardata quarantine release ENTRY --with FILE`" in found.advice
    assert "version of module clean-flights that reads the new names" in found.advice
    assert "release 0193-7 --with FILE" in advise("clean-flights", "quarantine", found.differences, "0193-7")


@pytest.mark.parametrize(
    ("incoming", "mode", "summary", "advice"),
    [
        (REMOVED, "warn", "Column `dep_delay` is gone, and no incoming column looks like it", "Put `dep_delay` back"),
        (RETYPED, "warn", "Column `year` is string, not integer", "Write `year` as integer"),
        (ADDED, "strict", "The mode is strict, so nothing was loaded.", "set the workflow's drift mode to warn"),
        (ADDED, "warn", "Column `x` is new", "Nothing has to be done"),
        (MOVED, "warn", "Column `carrier` stands elsewhere", "Nothing has to be done"),
        (WIDENED, "warn", "Column `dep_delay` is integer, not float", "Nothing has to be done"),
    ],
)
def test_each_kind_of_difference_has_its_words(incoming: Schema, mode: Mode, summary: str, advice: str) -> None:
    found = report(incoming, mode)
    assert summary in found.summary
    assert advice in found.advice


@pytest.mark.parametrize("letter", ["e", "é", "\U0001f600", "\x01", "\U000e0001", "`", '"'])
def test_a_change_of_everything_fits_into_an_event_and_a_sentence(letter: str) -> None:
    old = Schema(columns=tuple(Column(name=f"{n}_a" + letter * 900, type=LogicalType.DATE) for n in range(200)))
    new = Schema(columns=tuple(Column(name=f"{n}-A" + letter * 900, type=LogicalType.DATE) for n in range(200, 0, -1)))
    found = detect(new, old)
    made = write("m", "strict", decide("strict", found), found)
    event = DriftDetected.model_validate(
        {
            "report_id": "01930000-0000-7000-8000-000000000000",
            "run_id": "01930000-0000-7000-8000-000000000000",
            "workflow_id": "01930000-0000-7000-8000-000000000000",
            "workflow": "w",
            "module": "m",
            "stream": "s",
            "decision": made.decision,
            "changes": [change.model_dump() for change in made.changes],
            "summary": made.summary,
            "advice": made.advice,
        }
    )
    assert len(event.model_dump_json().encode()) < MAX_PAYLOAD_BYTES
    assert 5 < len(event.changes) <= 50
    assert len(made.differences) >= 200


def test_a_sentence_names_a_few_and_counts_the_rest() -> None:
    wide = Schema(columns=tuple(Column(name=f"{n}_{'é' * 9_000}", type=LogicalType.DATE) for n in range(500)))
    found = detect(Schema(columns=(Column(name="only", type=LogicalType.FLOAT),)), wide)
    assert len(found) == 501
    assert "497 more are gone" in write("m", "warn", decide("warn", found), found).summary


def test_a_hostile_name_cannot_change_the_sentence_around_it() -> None:
    hostile = "a`\x1b[2J\n\u202eevil"
    found = (Difference(kind="removed", column=hostile, absorbable=False, detail="no incoming column looks like it"),)
    made = write("m", "warn", "quarantine", found)
    assert made.summary.isprintable()
    assert made.advice.isprintable()
    assert "a'\\x1b[2J\\n\\u202eevil" in made.summary
