"""Tries a candidate: each past input through the base and, carried into the new shape, through the candidate."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from contracts.adaptation import OutputFigures, PastInput, Replay
from contracts.commands.transform import ProveInput, ProveResult
from contracts.data import DatasetRef
from contracts.differences import DataDifference
from services.transform.computing import Computing
from services.transform.errors import unexpected
from services.transform.jobs import JobModule, Replayed, ReplayJob, job_module


@dataclass
class Progress:
    """How many inputs are done, of how many."""

    of: int
    inputs: int = 0


class Proving:
    """One limited child for each input, one after the other: a proof is in no hurry to take all of the machine."""

    def __init__(self, computing: Computing, seconds: float, most_bytes: int) -> None:
        self._computing = computing
        self._seconds = seconds
        self._most_bytes = most_bytes

    async def prove(self, asked: ProveInput, progress: Progress) -> ProveResult:
        """The figures of all inputs; raises TransformError."""
        replays = []
        for past in asked.past:
            replays.append(await self._replay(asked, past))
            progress.inputs += 1
        incoming = await self._incoming(asked)
        progress.inputs += 1
        return ProveResult(replays=tuple(replays), incoming=incoming)

    async def _replay(self, asked: ProveInput, past: PastInput) -> Replay:
        async with AsyncExitStack() as held:
            parts = await held.enter_async_context(self._computing.parts(asked.scope.tenant, past.dataset))
            parts, share = await asyncio.to_thread(some_of, parts, self._most_bytes)
            done, folder = await self._tried(asked, past.dataset, parts, held, past.at, share, base=True)
            if done.before is None:
                raise unexpected(done)
            rows = await asyncio.to_thread(self._computing.kept_rows, asked.scope.tenant, folder, done)
        return Replay(
            input=past.dataset,
            at=past.at,
            before=done.before,
            after=done.after,
            difference=done.difference or all_missing(done.before),
            rows=rows,
        )

    async def _incoming(self, asked: ProveInput) -> OutputFigures:
        """All of what came is looked at: it is what will be loaded."""
        async with AsyncExitStack() as held:
            parts = await held.enter_async_context(self._computing.parts(asked.scope.tenant, asked.incoming))
            done, _ = await self._tried(asked, asked.incoming, parts, held, asked.at, 1.0, base=False)
        return done.after

    async def _tried(
        self,
        asked: ProveInput,
        dataset: DatasetRef,
        parts: Sequence[Path],
        held: AsyncExitStack,
        at: str,
        share: float,
        *,
        base: bool,
    ) -> tuple[Replayed, Path]:
        tenant = asked.scope.tenant
        modules = [
            job_module(asked.base, "/base"),
            JobModule(name="the inverse change", recipe=asked.inverse, pointer="/inverse"),
            job_module(asked.candidate, "/candidate"),
            JobModule(name="", recipe=asked.prelude, pointer="/prelude"),
        ]
        given, beside = await self._computing.given(held, tenant, modules)
        folder = await held.enter_async_context(self._computing.folder())
        job = ReplayJob(
            dataset=dataset,
            at=at,
            share=share,
            inputs=tuple(map(str, parts)),
            table_schema=dataset.table_schema,
            base=given[0] if base else None,
            inverse=given[1],
            candidate=given[2],
            prelude=given[3],
            keys=asked.keys,
            output=str(folder),
            secrets=await self._computing.secrets(tenant, modules),
        )
        done = await self._computing.run(job, [*parts, *beside], folder, self._seconds)
        if not isinstance(done, Replayed):
            raise unexpected(done)
        return done, folder


def some_of(parts: Sequence[Path], most_bytes: int) -> tuple[list[Path], float]:
    """As many whole parts as the bound allows, evenly from first to last, and their share of the bytes."""
    sizes = [path.stat().st_size for path in parts]
    total = sum(sizes)
    if total <= most_bytes:
        return list(parts), 1.0
    many = max(1, int(len(parts) * most_bytes / total))
    chosen = [number * len(parts) // many for number in range(many)]
    return [parts[at] for at in chosen], sum(sizes[at] for at in chosen) / total


def all_missing(before: OutputFigures) -> DataDifference:
    """Nothing came out of the candidate: all rows of the base are alone."""
    rows = before.rows_out
    return DataDifference(
        left_rows=rows,
        right_rows=0,
        keys=(),
        keys_from="none",
        equal=0,
        only_left=rows,
        only_right=0,
        changed=0,
        columns_only_left=before.output_schema.names,
    )
