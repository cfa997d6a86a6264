"""Whatever changes come together: a version that is published gives what the rows mean, and no value goes unrecorded.

`DRIFT_SEQUENCES=5000 make test ARGS=tests/unit/schema_drift/test_healing_property.py` looks longer.
"""

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import SettleInput
from contracts.data import FormatFacts
from contracts.recipe import Recipe
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.build import Built
from services.schema_drift.deciding.policy import Change, Circumstances, rule
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.inputs import Side
from services.schema_drift.knowledge import Accepted
from services.schema_drift.proving.judge import judge
from services.schema_drift.service.looking import Known, by_itself, look, make, recorded
from services.schema_drift.service.samples import Samples
from tests.unit.schema_drift.changed_files import File, Table, change, read
from tests.unit.transform.replaying import Trial, dataset

SEQUENCES = int(os.environ.get("DRIFT_SEQUENCES", "40"))
# Few rows tell less: what they do not must not be published either.
ROWS = (200, 60)
FACTS = FormatFacts(format="csv", encoding="utf-8", delimiter=",", header=True)
NOBODY = UUID(int=0)
KEYS = ("id",)


class FilesAtHand(Samples):
    """Samples that are not in a store."""

    def __init__(self, files: dict[str, File]) -> None:
        self._files = files

    def side(self, kept: Accepted | None, earlier: Side | None = None) -> Side | None:
        if kept is None:
            return None
        file = self._files[kept.sample.id]
        return Side(tuple(file.names), describe(file.names, file.rows))


class Healing:
    """One table that came as it was, and then in another form."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.table = Table.made(chance)
        self.size = ROWS[seed // 4 % len(ROWS)]
        self.rows = self.table.rows(9, self.size)
        self.file = File.of(self.table, self.rows)
        for _ in range(chance.randint(1, 6)):
            self.file = change(self.file, chance)
        self.incoming, self.typed = read(self.file)
        ref = ModuleVersionRef(module_id="m", name="m", version=1, content_hash="0" * 64)
        self.base = ResolvedModule(
            ref=ref, recipe=Recipe(), input_contract=self.table.schema, output_contract=self.table.schema
        )

    def settled(self) -> tuple[str, Built | None]:
        """What is decided before anything is tried: goes on, is set aside, or a version to try."""
        before = File.of(self.table, self.table.rows(8, self.size))
        samples = FilesAtHand({"before": before, "after": self.file})
        asked = SettleInput(
            scope=RunScope(tenant=NOBODY, run_id=NOBODY, workflow_id=NOBODY, workflow="w"),
            stream="main",
            group=PulledGroup(
                dataset=dataset(self.incoming, self.size, "came"),
                facts=FACTS,
                sample=dataset(self.incoming, self.size, "after"),
            ),
            module=self.base.ref,
            contract=self.base.input_contract,
            base=self.base,
            policy=DriftPolicy(mode="evolve"),
            keys=KEYS,
        )
        known = Known(FACTS, Accepted(dataset(self.table.schema, self.size, "before"), FACTS))
        self.found = look(asked, self.base, known, samples)
        if self.found.decision is not None:
            return self.found.decision, None
        built, _ = make(asked, self.base, self.found, None)
        if not isinstance(built, Built):
            return "quarantine", None
        return ("proceed", built) if by_itself(self.found, built) else ("try", built)

    def trial(self, built: Built) -> Trial:
        """The version and its inverse."""
        return Trial(
            old=self.table.schema,
            new=self.incoming,
            output=self.table.schema,
            prelude=[step.model_dump(mode="json") for step in built.prelude.steps],
            inverse=[step.model_dump(mode="json") for step in built.inverse.steps],
            keys=KEYS,
            candidate_input=built.candidate.input_contract,
        )

    def ruling(self, trial: Trial, built: Built, folder: Path) -> str:
        """What the policy makes of the proof."""
        past = [(f"2026-0{at}-01T00:00:00+00:00", self.table.rows(at, self.size)) for at in (6, 7, 8)]
        proof = judge(trial.evidence(folder, past, self.typed), contract=self.table.schema, keys=KEYS)
        told = recorded(self.found, self.base, self.incoming, "quarantine", built.doubtful)
        changes = [Change(one.kind, one.column_class, one.proof) for one in told if one.proof]  # type: ignore[arg-type]
        return rule(changes, DriftPolicy(mode="evolve"), Circumstances(verdict=proof.verdict)).ruling


def written(folder: Path) -> tuple[list[tuple[Any, ...]], int]:
    """The rows that came out of what came, and how many were set aside with a record."""
    out = folder / "incoming" / "out"
    parts = sorted((out / "after").glob("*.parquet"))
    rows = [row for part in parts for row in pl.read_parquet(part).rows()]
    aside = sorted((out / "after" / "quarantine").glob("*.parquet"))
    return rows, sum(pl.read_parquet(part).height for part in aside)


@pytest.mark.parametrize("start", range(4))
def test_what_is_published_gives_what_the_rows_mean(start: int, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for seed in range(start, SEQUENCES, 4):
        case = Healing(seed)
        decision, built = case.settled()
        if decision == "try" and built is not None:
            folder = tmp_path / str(seed)
            decision = case.ruling(case.trial(built), built, folder)
            if decision in ("auto", "auto_after"):
                rows, aside = written(folder)
                meant = Counter(tuple(row) for row in case.rows)
                assert Counter(rows) <= meant, (seed, case.file.told)
                assert len(rows) + aside == case.size, (seed, case.file.told)
        seen[decision] += 1
    assert seen["auto"] + seen["auto_after"] > 0, seen
    assert seen["quarantine"] + seen["refuse"] + seen["ask"] > 0, seen
