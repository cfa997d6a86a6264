"""What is built for a change brings what came into the old shape, takes the past back, and passes its own proof."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.checks import NotNullCheck, RangeCheck
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Derivation, Derive, Recipe, Sort, SortKey
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.build import Built, Came, Unbuildable, build
from services.schema_drift.adapting.choosing import choose, rewritten, stopgaps
from services.schema_drift.adapting.words import english
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.inputs import Compared, Side, compare
from services.schema_drift.proving.judge import judge
from tests.unit.transform.replaying import Trial

CARRIERS = ("UA", "AA", "B6", "DL", "EV")


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


CONTRACT = schema(flight="integer", carrier="string", dep_delay="float", day="date", late="boolean")
OUTPUT = schema(flight="integer", carrier="string", dep_delay="float", day="date", late="boolean", twice="integer")


def typed(month: int, size: int = 80) -> list[list[Any]]:
    """Rows as they are after reading."""
    return [
        [
            1000 * month + n,
            CARRIERS[(n * month) % 5],
            ((n * 37 + month) % 90) / 4 - 3 if n % 9 else None,
            date(2013, month, 1) + timedelta(days=n % 28),
            n % 3 == 0,
        ]
        for n in range(size)
    ]


def text(value: Any) -> str:
    return "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)


def texts(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    return [[text(value) for value in row] for row in rows]


def module(**more: Any) -> ResolvedModule:
    steps = (
        Derive(columns=(Derivation(column="twice", expression="flight * 2"),)),
        Sort(by=(SortKey(column="flight"),)),
    )
    ref = ModuleVersionRef(module_id="m", name="clean", version=3, content_hash="0" * 64)
    return ResolvedModule(ref=ref, recipe=Recipe(steps=steps), input_contract=CONTRACT, output_contract=OUTPUT, **more)


@dataclass(frozen=True)
class Change:
    """How a file is written from some month on: names, types that a reader gives, texts, values that it reads."""

    names: tuple[str, ...] = ("flight", "carrier", "dep_delay", "day", "late")
    types: tuple[str, ...] = ("integer", "string", "float", "date", "boolean")
    write: Callable[[list[Any]], list[str]] = lambda row: [text(value) for value in row]
    read: Callable[[list[Any]], list[Any]] = lambda row: row


def as_texts(row: list[Any], at: int, write: Callable[[Any], str]) -> list[Any]:
    return [*row[:at], None if row[at] is None else write(row[at]), *row[at + 1 :]]


def at(place: int, kind: str, write: Callable[[Any], str]) -> Change:
    """One column that arrives as texts."""
    types = ["integer", "string", "float", "date", "boolean"]
    types[place] = kind
    return Change(
        types=tuple(types),
        write=lambda row: [text(value) for value in as_texts(row, place, write)],
        read=lambda row: as_texts(row, place, write),
    )


DECIMALS = Change(
    names=("flight", "carrier", "departure_delay", "flight_date", "late", "seats"),
    types=("float", "string", "float", "date", "boolean", "integer"),
    write=lambda row: [f"{row[0]}.0", *(text(value) for value in row[1:]), "7"],
    read=lambda row: [float(row[0]), *row[1:], 7],
)
CHANGES = {
    "renamed, added, integers as decimals": DECIMALS,
    "decimal comma": at(2, "string", lambda value: f"{value:.2f}".replace(".", ",")),
    "percent": at(2, "string", lambda value: f"{value}%"),
    "day first": at(3, "string", lambda value: f"{value:%d.%m.%Y}"),
    "eight digits": Change(
        types=("integer", "string", "float", "integer", "boolean"),
        write=lambda row: [text(value) for value in [*row[:3], f"{row[3]:%Y%m%d}", row[4]]],
        read=lambda row: [*row[:3], int(f"{row[3]:%Y%m%d}"), row[4]],
    ),
    "words for truths": at(4, "string", lambda value: "yes" if value else "no"),
    "other words for truths": at(4, "string", lambda value: "ja" if value else "nein"),
}


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
    assert built.candidate.input_contract.names == ("flight", "carrier", "departure_delay", "flight_date", "late")
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
        RangeCheck(column="flight", minimum=1),
        RangeCheck(column="dep_delay", maximum=9),
    )
    built = made(DECIMALS, module(input_checks=checks))
    assert [check.named for check in built.candidate.input_checks] == [("flight_date",), ("departure_delay",)]
    assert built.doubtful == ("flight",)


def test_a_choice_offers_the_likeliest_and_names_the_others() -> None:
    names = ("flight", "carrier", "delay_departure_minutes", "delay_arrival_minutes", "day", "late")
    rows = [[*row[:2], row[2], (row[2] or 0) + 1, *row[3:]] for row in texts_of(2)]
    before = Side(CONTRACT.names, describe(CONTRACT.names, texts(typed(1))))
    after = Side(names, describe(names, [[text(value) for value in row] for row in rows]))
    incoming = schema(**dict(zip(names, ("integer", "string", "float", "float", "date", "boolean"), strict=True)))
    found = compare(before, after, CONTRACT, incoming)
    chosen = choose(CONTRACT.names, found)
    assert chosen.mapping.get("dep_delay", "delay_departure_minutes") == "delay_departure_minutes"


def texts_of(month: int) -> list[list[Any]]:
    return typed(month)
