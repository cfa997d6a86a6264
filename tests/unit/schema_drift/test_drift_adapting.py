"""What is built for a change brings what came into the old shape, takes the past back, and passes its own proof."""

from pathlib import Path

import pytest

from contracts.checks import NotNullCheck, RangeCheck
from contracts.data import Column, LogicalType, Schema
from contracts.workflow import ResolvedModule
from services.schema_drift.adapting.build import Built, Came, Unbuildable, build
from services.schema_drift.adapting.choosing import choose, rewritten, stopgaps
from services.schema_drift.adapting.words import english
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.inputs import Compared, Side, compare
from services.schema_drift.proving.judge import judge
from tests.unit.schema_drift.changing import (
    CHANGES,
    CONTRACT,
    DECIMALS,
    OUTPUT,
    Change,
    module,
    schema,
    text,
    texts,
    typed,
)
from tests.unit.transform.replaying import Trial


def compared(change: Change, contract: Schema = CONTRACT) -> tuple[Compared, Schema]:
    incoming = Schema(
        columns=tuple(
            Column(name=name, type=LogicalType(kind)) for name, kind in zip(change.names, change.types, strict=True)
        )
    )
    before = Side(contract.names, describe(contract.names, texts(typed(1))))
    after = Side(change.names, describe(change.names, [change.write(row) for row in typed(2)]))
    return compare(before, after, contract, incoming), incoming


def made(change: Change, base: ResolvedModule | None = None) -> Built:
    found, incoming = compared(change)
    chosen = choose(CONTRACT.names, found)
    assert not chosen.missing
    built = build(
        base or module(),
        Came(incoming, found.before, found.after),
        chosen.mapping,
        rewritten=rewritten(found.differences),
        stopgaps=stopgaps(found.differences),
    )
    assert isinstance(built, Built), built
    return built


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_built_is_proven_by_its_replay(name: str, tmp_path: Path) -> None:
    change, built = CHANGES[name], made(CHANGES[name])
    assert not built.doubtful
    trial = Trial(
        old=CONTRACT,
        new=built.candidate.input_contract,
        output=OUTPUT,
        steps=[step.model_dump(mode="json") for step in module().recipe.steps],
        prelude=[step.model_dump(mode="json") for step in built.prelude.steps],
        inverse=[step.model_dump(mode="json") for step in built.inverse.steps],
        keys=("flight",),
    )
    read = [change.read(row)[: len(CONTRACT.names)] for row in typed(2)]
    past = [(f"2013-0{month}-01T00:00:00+00:00", typed(month)) for month in (1, 3, 4)]
    proof = judge(trial.evidence(tmp_path, past, read), contract=OUTPUT, keys=("flight",))
    assert proof.verdict == "proven", [check for check in proof.checks if not check.passed]
    assert all(english(step) for step in built.prelude.steps)


def test_the_prelude_is_as_small_as_it_can_be() -> None:
    built = made(DECIMALS)
    assert [step.kind for step in built.prelude.steps] == ["rename", "cast"]
    assert built.mapping["dep_delay"] == "departure_delay"
    assert built.candidate.input_contract.names == ("flight", "carrier", "departure_delay", "DAY", "late")
    assert built.candidate.output_contract == OUTPUT
    assert made(Change()).prelude.steps == made(Change()).inverse.steps == ()


def test_equal_steps_of_several_columns_are_one() -> None:
    types = ("string", "string", "string", "date", "boolean")
    change = Change(types=types, write=lambda row: [f"{row[0]},5", text(row[1]), *map(text, row[2:])])
    found, incoming = compared(change)
    built = build(module(), Came(incoming, {}, {}), {})
    assert isinstance(built, Built)
    assert len(built.prelude.steps) == 1
    assert found.differences


def test_what_nobody_knows_a_way_for_is_not_built() -> None:
    incoming = schema(flight="integer", carrier="string", dep_delay="float", day="float", late="boolean")
    found = build(module(), Came(incoming, {}, {}), {})
    assert isinstance(found, Unbuildable)
    assert found.reason == "nobody knows a safe way from day (float) to day (date)"
    for mapping in ({"day": "x"}, {"day": "flight"}):
        assert isinstance(build(module(), Came(incoming, {}, {}), mapping), Unbuildable)


def test_a_person_may_say_that_nothing_carries_a_column() -> None:
    incoming = schema(flight="integer", carrier="string", dep_delay="float", late="boolean")
    built = build(module(), Came(incoming, {}, {}), {"day": None})
    assert isinstance(built, Built)
    assert [step.kind for step in built.prelude.steps] == ["derive", "cast"]
    assert [step.kind for step in built.inverse.steps] == ["select", "drop"]
    assert built.doubtful == ("day",)


def test_checks_of_the_input_go_on_under_the_new_names_or_are_missed_aloud() -> None:
    checks = (
        NotNullCheck(column="day"),
        RangeCheck(column="flight", minimum=1, enforcement="warn"),
        RangeCheck(column="dep_delay", maximum=9),
    )
    built = made(DECIMALS, module(input_checks=checks))
    assert [check.named for check in built.candidate.input_checks] == [("DAY",), ("departure_delay",)]
    assert built.doubtful == ("flight",)
    written_down = (RangeCheck(column="flight", minimum=1),)
    assert made(DECIMALS, module(input_checks=written_down)).doubtful == ()


def test_a_choice_offers_the_likeliest_and_names_the_others() -> None:
    names = ("flight", "carrier", "delay_departure_minutes", "delay_arrival_minutes", "day", "late")
    rows = [[*row[:2], row[2], (row[2] or 0) + 1, *row[3:]] for row in typed(2)]
    before = Side(CONTRACT.names, describe(CONTRACT.names, texts(typed(1))))
    after = Side(names, describe(names, [[text(value) for value in row] for row in rows]))
    incoming = schema(**dict(zip(names, ("integer", "string", "float", "float", "date", "boolean"), strict=True)))
    found = compare(before, after, CONTRACT, incoming)
    chosen = choose(CONTRACT.names, found)
    assert chosen.mapping.get("dep_delay", "delay_departure_minutes") == "delay_departure_minutes"
