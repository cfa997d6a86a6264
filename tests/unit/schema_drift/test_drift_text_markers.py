"""Texts whose missing values came to be written as a word: never loaded as data, asked about where it is not sure."""

import pytest

from contracts.recipe import Recipe, Replace
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.build import Built, Came, build
from services.schema_drift.adapting.choosing import choose, rewritten, stopgaps
from services.schema_drift.deciding.decide import Classes, decide
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.inputs import Compared, Side, compare
from tests.unit.schema_drift.changing import schema

CONTRACT = schema(flight="integer", note="string")
MODULE = ResolvedModule(
    ref=ModuleVersionRef(module_id="m", name="m", version=1, content_hash="0" * 64),
    recipe=Recipe(),
    input_contract=CONTRACT,
    output_contract=CONTRACT,
)
SIZE = 240


def compared(was: str, *markers: str) -> Compared:
    """Each eighth note is missing: first written as `was`, then as one of the markers in turn."""

    def side(start: int, missing: tuple[str, ...]) -> Side:
        notes = [f"seat {at % 60} taken" if at % 8 else missing[at // 8 % len(missing)] for at in range(SIZE)]
        rows = [[str(start + at), note] for at, note in enumerate(notes)]
        return Side(CONTRACT.names, describe(CONTRACT.names, rows))

    return compare(side(1000, (was,)), side(5000, markers), CONTRACT, CONTRACT)


def emptied(found: Compared) -> list[str]:
    """What the version that is made takes for no value."""
    built = build(
        MODULE,
        Came(CONTRACT, found.before, found.after),
        choose(CONTRACT.names, found).mapping,
        rewritten=rewritten(found.differences),
        stopgaps=stopgaps(found.differences),
    )
    assert isinstance(built, Built)
    steps = [step for step in built.prelude.steps if isinstance(step, Replace)]
    assert len(steps) == len(built.prelude.steps) <= 1
    return [str(one.old) for step in steps for one in step.values if one.new is None]


@pytest.mark.parametrize(
    ("markers", "verdict"),
    [
        (("n/a",), "auto"),
        (("-",), "auto"),
        (("NULL", "none"), "auto"),
        (("unknown",), "ask"),
        (("not known yet",), "ask"),
        (("n/a", "", "", ""), "ask"),  # most gaps are left empty: the word may be one
    ],
)
def test_what_stands_where_nothing_stood_becomes_null(markers: tuple[str, ...], verdict: str) -> None:
    found = compared("", *markers)
    assert decide(found.differences, Classes()).verdict == verdict
    assert emptied(found) == sorted({*markers} - {""})


def test_a_marker_that_was_always_there_is_no_news() -> None:
    found = compared("n/a", "n/a")
    assert (found.differences, emptied(found)) == ((), [])


def test_a_word_where_nothing_was_missing_is_asked_about() -> None:
    found = compared("aisle seat 9", "none")
    assert decide(found.differences, Classes()).verdict == "ask"
    assert emptied(found) == ["none"]
