"""Each check of a proof refuses some wrong adaptation that no other check refuses; a right one is proven."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.adaptation import Consumer, Evidence
from contracts.data import Schema
from services.schema_drift.proving.judge import CHECKS, judge
from tests.unit.transform.evaluating import schema
from tests.unit.transform.replaying import Rows, Trial

OLD = schema(id="string", amount="decimal", city="string", note="string")
NEW = schema(key="string", amount="string", city="string", note="string")
BASE = [{"kind": "filter", "where": "amount > 0"}]
RENAME = {"kind": "rename", "columns": {"key": "id"}}
PARSE = {"kind": "cast", "columns": {"amount": "decimal"}, "on_failure": "quarantine"}
INVERSE = [{"kind": "rename", "columns": {"id": "key"}}, {"kind": "cast", "columns": {"amount": "string"}}]
CITIES = ("Rome", "Oslo", "Bern")


def past(day: int, rows: int = 400) -> Rows:
    """A day's delivery as it always came: a fifth of the rows without a note."""
    chance = random.Random(day)
    return [
        (
            f"{day}-{n}",
            round(Decimal(math.exp(chance.gauss(3, 0.4))), 2),
            chance.choice(CITIES),
            None if chance.random() < 0.2 else "seen",
        )
        for n in range(rows)
    ]


def came(**change: Any) -> list[tuple[Any, ...]]:
    """What came, in the new shape; `change` says what is otherwise in which column, given the row's number."""
    found = []
    for n, (key, amount, city, note) in enumerate(past(99)):
        row = {"key": key, "amount": str(amount), "city": city, "note": note}
        found.append(tuple(change[name](n, value) if name in change else value for name, value in row.items()))
    return found


HISTORY = [(f"2026-01-{day:02}T06:00:00+00:00", past(day)) for day in range(1, 4)]


@dataclass
class Wrong:
    """An adaptation and what came, of which one is wrong."""

    prelude: list[dict[str, Any]] = field(default_factory=lambda: [RENAME, PARSE])
    came: list[tuple[Any, ...]] = field(default_factory=came)
    others: dict[str, Any] = field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    contract: Schema = OLD

    def evidence(self, folder: Path) -> Evidence:
        given: dict[str, Any] = {"old": OLD, "new": NEW, "output": OLD, "steps": BASE, "inverse": INVERSE}
        trial = Trial(**(given | {"keys": ("id",)} | self.others), prelude=self.prelude)
        return trial.evidence(folder, HISTORY, self.came, self.consumers)


FLOATS = schema(id="string", amount="float", city="string", note="string")
TO_FLOAT = {"kind": "cast", "columns": {"amount": "float"}}
SEEDED: Mapping[str, Wrong] = {
    # It stops at the first value that is no number.
    "contract": Wrong(
        [RENAME, PARSE | {"on_failure": "fail"}], came(amount=lambda n, value: "n/a" if n == 7 else value)
    ),
    # It cuts off what told two rows apart: no key of the past had that ending.
    "keys": Wrong(
        [RENAME, PARSE, {"kind": "replace_text", "columns": ["id"], "pattern": "/b"}],
        came(key=lambda n, value: "99-0/b" if n == 1 else value),
    ),
    # It leaves out rows, and only of what came.
    "books": Wrong(
        [RENAME, PARSE, {"kind": "filter", "where": "city <> 'Nice'"}],
        came(city=lambda n, value: "Nice" if n < 4 else value),
    ),
    # It reads decimal points, and some of what came has commas.
    "set_aside": Wrong(came=came(amount=lambda n, value: value.replace(".", ",") if n % 20 == 0 else value)),
    # It is a cent off.
    "replay": Wrong(
        [RENAME, PARSE, {"kind": "derive", "columns": [{"column": "amount", "expression": "amount + 0.01"}]}]
    ),
    # What came is another unit under the same name, and it is taken as it is.
    "distributions": Wrong(came=came(amount=lambda n, value: str(round(Decimal(value) * Decimal("1.9"), 2)))),
    # What it takes for the city is not always there.
    "nulls": Wrong(came=came(city=lambda n, value: None if n < 3 else value)),
    # It makes nulls of what it cannot read, in a column that often has none.
    "lost": Wrong(
        [
            RENAME,
            PARSE,
            {"kind": "conditional", "column": "note", "cases": [{"when": "note = 'seen'", "then": "note"}]},
        ],
        came(note=lambda n, value: "SEEN" if n == 5 else value),
    ),
    # It gives another type, in which all values are the same: to those who read it, it is another all the same.
    "consumers": Wrong(
        [RENAME, PARSE, TO_FLOAT],
        others={"candidate_output": FLOATS},
        consumers=(Consumer(workflow="monthly", needs=schema(amount="decimal")),),
        contract=FLOATS,
    ),
}


def test_a_right_adaptation_is_proven(tmp_path: Path) -> None:
    right = Wrong(consumers=(Consumer(workflow="monthly", needs=schema(id="string", amount="decimal")),))
    evidence = right.evidence(tmp_path)
    proof = judge(evidence, contract=OLD, keys=("id",))
    assert (proof.verdict, proof.history) == ("proven", 3), [one for one in proof.checks if not one.passed]
    assert proof == judge(Evidence.model_validate_json(evidence.model_dump_json()), contract=OLD, keys=("id",))
    assert {check.name: bool(check.figures) for check in proof.checks} == {name: name != "lost" for name in SEEDED}


@pytest.mark.parametrize("name", SEEDED)
def test_each_check_refuses_what_no_other_does(tmp_path: Path, name: str) -> None:
    wrong = SEEDED[name]
    proof = judge(wrong.evidence(tmp_path), contract=wrong.contract, keys=("id",))
    assert {check.name: check.detail for check in proof.checks if not check.passed}.keys() == {name}, proof.checks
    assert proof.verdict == "refuted"


def test_for_every_check_there_is_a_wrong_adaptation(tmp_path: Path) -> None:
    proof = judge(Wrong().evidence(tmp_path), contract=OLD, keys=("id",))
    assert [check.name for check in proof.checks] == list(SEEDED)
    assert len(CHECKS) == len(SEEDED)
