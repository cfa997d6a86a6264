"""Candidates tried in this process on rows that a test writes down: the evidence that a proof is judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.adaptation import Consumer, Evidence, Replay
from contracts.checks import Checks
from contracts.data import DatasetRef, Schema
from contracts.recipe import Recipe, Steps
from services.transform.jobs import JobModule, Replayed, ReplayJob
from services.transform.proving import job as proving
from services.transform.proving.proving import all_missing
from services.transform.steps.catalog import KINDS
from services.transform.steps.kind import StepKind
from tests.unit.transform.evaluating import frame

Rows = Sequence[Sequence[Any]]
Written = Sequence[dict[str, Any]]


def recipe(*steps: dict[str, Any]) -> Recipe:
    """Steps as people write them."""
    return Recipe(steps=Steps.validate_python(list(steps)))


def dataset(table: Schema, rows: int, name: str) -> DatasetRef:
    """A dataset of that many rows."""
    return DatasetRef(
        id=name,
        uri=f"memory:{name}",
        table_schema=table,
        fingerprint=table.fingerprint,
        content_hash=name,
        rows=rows,
        bytes=0,
    )


@dataclass
class Trial:
    """A base, what adapts, and its inverse, over the columns that were and those that came."""

    old: Schema
    new: Schema
    output: Schema
    steps: Written = ()
    prelude: Written = ()
    inverse: Written = ()
    keys: tuple[str, ...] = ()
    output_checks: Checks = ()
    candidate_steps: Written | None = None  # where they are not the base's
    candidate_input: Schema | None = None  # where not all of what came is needed
    candidate_output: Schema | None = None
    kinds: Mapping[str, StepKind[Any]] = field(default_factory=lambda: KINDS)

    def evidence(
        self,
        folder: Path,
        past: Sequence[tuple[str, Rows]],
        incoming: Rows,
        consumers: tuple[Consumer, ...] = (),
    ) -> Evidence:
        """Everything tried: past inputs with the moment of their runs, and what came."""
        replays = []
        for number, (at, rows) in enumerate(past):
            done = self.tried(folder / f"past-{number}", self.old, rows, at=at, replay=True)
            assert done.before is not None
            replays.append(
                Replay(
                    input=done.before.input,
                    at=at,
                    before=done.before,
                    after=done.after,
                    difference=done.difference or all_missing(done.before),
                )
            )
        came = self.tried(folder / "incoming", self.new, incoming, at="", replay=False)
        return Evidence(replays=tuple(replays), incoming=came.after, consumers=consumers)

    def tried(self, folder: Path, table: Schema, rows: Rows, *, at: str, replay: bool) -> Replayed:
        """One input tried."""
        (folder / "out").mkdir(parents=True)
        path = folder / "in.parquet"
        frame(table, rows).write_parquet(path)
        return proving.run(
            ReplayJob(
                dataset=dataset(table, len(rows), folder.name),
                at=at,
                inputs=(str(path),),
                table_schema=table,
                base=self._module("base", self.steps, self.old, self.output) if replay else None,
                inverse=JobModule(name="the inverse change", recipe=recipe(*self.inverse), pointer="/inverse"),
                candidate=self._module(
                    "base",
                    [*self.prelude, *(self.steps if self.candidate_steps is None else self.candidate_steps)],
                    self.candidate_input or self.new,
                    self.candidate_output or self.output,
                ),
                prelude=JobModule(name="", recipe=recipe(*self.prelude), pointer="/prelude"),
                keys=self.keys,
                output=str(folder / "out"),
            ),
            self.kinds,
        )

    def _module(self, name: str, steps: Written, input: Schema, output: Schema) -> JobModule:
        return JobModule(
            name=name,
            recipe=recipe(*steps),
            pointer=f"/{name}",
            input_contract=input,
            output_contract=output,
            output_checks=self.output_checks,
        )
