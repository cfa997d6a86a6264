"""One column that came as two, two that came as one: the way is learned from the values, and proven by the replay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.adaptation import Proof
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import SettleInput
from contracts.data import FormatFacts
from contracts.recipe import Recipe
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.build import Built, Came, Unbuildable, build
from services.schema_drift.adapting.choosing import choose
from services.schema_drift.adapting.parting import Parting, partings
from services.schema_drift.adapting.words import english
from services.schema_drift.deciding.policy import Change, Circumstances, rule
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.inputs import Compared, Side, compare
from services.schema_drift.knowledge import Accepted
from services.schema_drift.proving.judge import judge
from services.schema_drift.report import write
from services.schema_drift.service.looking import Known, change_key, look, make, recorded, two_columns
from services.schema_drift.service.samples import Samples
from tests.unit.schema_drift.changing import schema, texts
from tests.unit.transform.replaying import Trial, dataset

FIRST = ("Ann", "Bob", "Carla", "Dmitri", "Eve", "Farid", "Greta", "Hal", "Ines", "Jo")
LAST = ("Smith", "Jones", "Mbeki", "Sato", "Rossi", "Novak", "Silva", "Okafor", "Larsen", "Dubois", "Haddad")
CITIES = ("Oslo", "Lima", "Turin", "Delhi", "Quito", "Hanoi", "Porto Novo")
CARRIERS = ("UA", "AA", "B", "DL")
CODES = ("OSL", "LIM", "TRN", "DEL", "UIO", "HAN", "PTN")

Rows = Callable[[int], list[list[Any]]]


@dataclass(frozen=True)
class Case:
    """A table before and after, as names, types and rows by month."""

    before: dict[str, str]
    was: Rows
    after: dict[str, str]
    came: Rows
    steps: tuple[str, ...] = ()

    def base(self) -> ResolvedModule:
        contract, ref = schema(**self.before), ModuleVersionRef(module_id="m", name="m", version=1, content_hash="0")
        return ResolvedModule(ref=ref, recipe=Recipe(), input_contract=contract, output_contract=contract)

    def look(self) -> tuple[Compared, tuple[Parting, ...]]:
        contract, incoming = schema(**self.before), schema(**self.after)
        sides = [
            Side(one.names, describe(one.names, texts(rows)))
            for one, rows in ((contract, self.was(1)), (incoming, self.came(4)))
        ]
        found = compare(sides[0], sides[1], contract, incoming)
        return found, partings(found.differences, sides[0], sides[1])

    def built(self) -> Built | Unbuildable:
        found, parted = self.look()
        base = self.base()
        chosen = choose(base.input_contract.names, found, None, parted)
        assert not chosen.missing
        came = Came(schema(**self.after), found.before, found.after)
        return build(base, came, chosen.mapping, parted=parted)

    def proof(self, built: Built, folder: Path, incoming: Sequence[Sequence[Any]] | None = None) -> Proof:
        contract = schema(**self.before)
        trial = Trial(
            old=contract,
            new=schema(**self.after),
            output=contract,
            prelude=[step.model_dump(mode="json") for step in built.prelude.steps],
            inverse=[step.model_dump(mode="json") for step in built.inverse.steps],
            candidate_input=built.candidate.input_contract,
        )
        past = [(f"2026-0{month}-01T00:00:00+00:00", self.was(month)) for month in (1, 2, 3)]
        return judge(trial.evidence(folder, past, incoming or self.came(4)), contract=contract)


def people(month: int) -> list[list[str]]:
    return [[FIRST[(n * 3 + month) % 10], LAST[(n * 7 + month) % 11]] for n in range(120)]


def towns(month: int) -> list[list[str]]:
    return [[CITIES[(n + month) % 7], CODES[(n + month) % 7]] for n in range(120)]


def moments(month: int) -> list[datetime]:
    return [datetime.combine(date(2026, month, 1), time()) + timedelta(minutes=331 * n) for n in range(120)]


def days(month: int) -> list[date]:
    return [date(2015 + n * month % 7, 1 + n % 12, 1 + (n * 5 + month) % 28) for n in range(120)]


def numbered(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[n, *row] for n, row in enumerate(rows)]


NAMED = Case(
    {"id": "integer", "full_name": "string"},
    lambda month: numbered([[f"{last}, {first}"] for first, last in people(month)]),
    {"id": "integer", "first_name": "string", "last_name": "string"},
    lambda month: numbered(people(month)),
    ("Join last_name, first_name into full_name, with ', ' between",),
)
CASES = {
    "a name came as two": NAMED,
    "two names came as one": Case(
        NAMED.after, NAMED.came, NAMED.before, NAMED.was, ("Cut full_name at ', ' into last_name, first_name",)
    ),
    "a place and its code came as one": Case(
        {"id": "integer", "city": "string", "code": "string"},
        lambda month: numbered(towns(month)),
        {"id": "integer", "place": "string"},
        lambda month: numbered([[f"{city} ({code})"] for city, code in towns(month)]),
        (r"Take city, code out of place by the pattern (?s)^(.*?)\ \((.*)\)$",),
    ),
    "a place came as two": Case(
        {"id": "integer", "place": "string"},
        lambda month: numbered([[f"{city} ({code})"] for city, code in towns(month)]),
        {"id": "integer", "city": "string", "code": "string"},
        lambda month: numbered(towns(month)),
        ("Join city, code into place, with ' (' between", "Close place with ')'"),
    ),
    "a moment came as a day and a time": Case(
        {"id": "integer", "departed": "timestamp"},
        lambda month: numbered([[one] for one in moments(month)]),
        {"id": "integer", "day": "date", "clock": "string"},
        lambda month: numbered([[one.date(), f"{one:%H:%M:%S}"] for one in moments(month)]),
    ),
    "a day and numbers of it": Case(
        {"id": "integer", "day": "date"},
        lambda month: numbered([[one] for one in days(month)]),
        {"id": "integer", "y": "integer", "m": "integer", "d": "integer"},
        lambda month: numbered([[one.year, one.month, one.day] for one in days(month)]),
    ),
    "letters and digits came as one": Case(
        {"id": "integer", "carrier": "string", "flight": "integer"},
        lambda month: numbered([[CARRIERS[n % 4], 300 + n * month % 97] for n in range(120)]),
        {"id": "integer", "number": "string"},
        lambda month: numbered([[f"{CARRIERS[n % 4]}{300 + n * month % 97}"] for n in range(120)]),
        (
            r"Take carrier, flight out of number by the pattern (?s)^([^\W\d_]+)([0-9]+)$",
            "Convert flight into integer; rows that do not fit are set aside",
        ),
    ),
    "two numbers came as one code": Case(
        {"id": "integer", "row": "integer", "shelf": "integer"},
        lambda month: numbered([[n * month % 47, 100 + n * 3 % 60] for n in range(120)]),
        {"id": "integer", "spot": "string"},
        lambda month: numbered([[f"{n * month % 47}-{100 + n * 3 % 60}"] for n in range(120)]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_split_or_merged_is_put_right_and_proven(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    built = case.built()
    assert isinstance(built, Built), built
    said = tuple(english(step) for step in built.prelude.steps)
    assert all(said)
    assert not case.steps or said == case.steps
    proof = case.proof(built, tmp_path)
    assert proof.verdict == "proven", [check for check in proof.checks if not check.passed]
    # However good the proof: it is likely, and a person is asked.
    found, _ = case.look()
    changes = [Change(one.kind, "plain", one.proof) for one in found.differences]
    assert rule(changes, DriftPolicy(), Circumstances(verdict="proven")).ruling == "ask"


def test_the_evidence_names_the_separator_and_counts_the_values() -> None:
    was = [*NAMED.was(1)[:-4], *([n, "nobody"] for n in range(4))]
    _, (found,) = Case(NAMED.before, lambda month: was, NAMED.after, NAMED.came).look()
    assert found.told == "last_name and first_name joined with ', ' give it; 116 of 120 known values fall apart so"
    assert found.evidence == {"values": 120, "explained": 116, "share": round(116 / 120, 4)}
    assert found.partial


def test_a_part_without_a_value_leaves_no_half_a_value_behind(tmp_path: Path) -> None:
    built = NAMED.built()
    assert isinstance(built, Built)
    halves = [[*row[:2], None if row[0] % 9 == 0 else row[2]] for row in NAMED.came(4)]
    proof = NAMED.proof(built, tmp_path, halves)
    failed = {check.name: check.detail for check in proof.checks if not check.passed}
    assert (proof.verdict, set(failed)) == ("refuted", {"lost", "nulls"})
    assert failed["lost"] == "first_name: 14 values would be lost on the way."


def test_what_falls_apart_in_no_one_way_is_left_alone() -> None:
    def mixed(month: int) -> list[list[str]]:
        return [[n, f"{last}, {first}" if n % 3 else f"{first} / {last}"] for n, first, last in numbered(people(month))]

    assert Case(NAMED.before, mixed, NAMED.after, NAMED.came).look()[1] == ()


def test_a_person_who_names_a_carrier_is_obeyed() -> None:
    found, parted = NAMED.look()
    came = Came(schema(**NAMED.after), found.before, found.after)
    built = build(NAMED.base(), came, {"full_name": "last_name"}, parted=parted)
    assert isinstance(built, Built)
    assert [step.kind for step in built.prelude.steps] == ["rename"]
    assert built.mapping["full_name"] == "last_name"


class AtHand(Samples):
    """The two deliveries of a case, not in a store."""

    def __init__(self, case: Case) -> None:
        self._rows = {"before": (schema(**case.before), case.was(1)), "after": (schema(**case.after), case.came(4))}

    def side(self, kept: Accepted | None, earlier: Side | None = None) -> Side | None:
        assert kept is not None
        table, rows = self._rows[kept.sample.id]
        return Side(table.names, describe(table.names, texts(rows)))


def test_a_run_proposes_it_and_the_report_says_how_it_was_found_out() -> None:
    base, facts = NAMED.base(), FormatFacts(format="csv", encoding="utf-8", delimiter=",", header=True)
    incoming = schema(**NAMED.after)
    nobody = UUID(int=0)
    asked = SettleInput(
        scope=RunScope(tenant=nobody, run_id=nobody, workflow_id=nobody, workflow="w"),
        stream="main",
        group=PulledGroup(dataset=dataset(incoming, 120, "came"), facts=facts, sample=dataset(incoming, 120, "after")),
        module=base.ref,
        contract=base.input_contract,
        base=base,
        policy=DriftPolicy(personal=("full_name",)),
    )
    known = Known(facts, Accepted(dataset(base.input_contract, 120, "before"), facts))
    found = look(asked, base, known, AtHand(NAMED))
    assert found.decision is None
    built, _ = make(asked, base, found, None)
    assert isinstance(built, Built)
    assert [step.kind for step in built.prelude.steps] == ["join_columns"]
    (told,) = [one for one in recorded(found, base, incoming, "propose", built.doubtful) if one.kind == "split"]
    assert (told.detail[:48], told.evidence["share"]) == ("last_name and first_name joined with ', ' give i", 1.0)
    report = write("m", "evolve", "propose", recorded(found, base, incoming, "propose", built.doubtful))
    assert report.summary.startswith("Column `full_name` was split: last_name and first_name joined with ', ' give it;")
    pairs = two_columns(found, base, incoming, built.mapping)
    assert {(one["old"], one["new"], one["masked"]) for one in pairs} == {
        ("full_name", "first_name", True),
        ("full_name", "last_name", True),
        ("id", "id", False),
    }
    # Another separator is another change.
    other = replace(found, parted=tuple(replace(one, separator="; ") for one in found.parted))
    assert change_key(base, incoming, found) != change_key(base, incoming, other)
