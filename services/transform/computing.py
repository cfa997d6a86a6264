"""Recipes and profiles over datasets: parts out of the store, a job in the sandbox, files back into the store."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from contracts.checks import Check, CheckOutcome
from contracts.commands.connector import QuarantinedRows
from contracts.commands.transform import DifferResult, StepBooks
from contracts.data import SET_ASIDE_ROWS, DatasetRef, Schema
from contracts.differences import DifferenceRows, SideResult
from contracts.profile import Profile
from contracts.recipe import DatasetInput, Mask, Recipe, Step
from contracts.runs import ErrorType
from services.chassis import metrics
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.storage import DatasetCorrupt, Storage
from services.transform.errors import DatasetUnreadable, RecipeInvalid, TransformError, unexpected
from services.transform.jobs import (
    ANSWERS,
    Applied,
    ApplyJob,
    Checked,
    CheckJob,
    Differed,
    DifferJob,
    Done,
    Failed,
    Job,
    JobModule,
    Looked,
    LookJob,
    Part,
    PlanJob,
    Planned,
    Profiled,
    ProfileJob,
    Replayed,
    Sampled,
    SampleJob,
)
from services.transform.planner.view import TableView

_CHECK_SECONDS = 30.0
_WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class Result:
    """What recipes made of a dataset."""

    dataset: DatasetRef
    books: tuple[StepBooks, ...]
    quarantined: QuarantinedRows | None
    checks: tuple[CheckOutcome, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Rows that match, and how many there are where all were looked at."""

    rows: Any
    matches: int | None


class Keys(Protocol):
    """Where the workspaces' secrets are."""

    async def named(self, tenant: UUID, names: Collection[str]) -> dict[str, bytes]:
        """The secrets of these names."""


class Computing:
    """Runs jobs; knows the store and the sandbox, and neither sessions nor runs."""

    def __init__(
        self, storage: Storage, sandbox: Sandbox, scratch: Path | None = None, keys: Keys | None = None
    ) -> None:
        self._storage = storage
        self._sandbox = sandbox
        self._scratch = scratch
        self._keys = keys

    @property
    def waiting(self) -> int:
        """How many jobs wait for a place."""
        return self._sandbox.waiting

    async def apply(
        self,
        tenant: UUID,
        dataset: DatasetRef,
        modules: Sequence[JobModule],
        seconds: float,
        *,
        told: Callable[[float], None] | None = None,
    ) -> Result:
        """Run recipes in sequence; raises TransformError. `told` hears now and then which share is done."""
        async with AsyncExitStack() as open_files:
            parts = await open_files.enter_async_context(self.parts(tenant, dataset))
            given, beside = await self.given(open_files, tenant, modules)
            folder = await open_files.enter_async_context(self.folder())
            job = ApplyJob(
                inputs=tuple(map(str, parts)),
                table_schema=dataset.table_schema,
                modules=tuple(given),
                output=str(folder),
                keys=await self.secrets(tenant, modules),
            )
            async with _watched(folder, len(parts), told):
                done = await self.run(job, [*parts, *beside], folder, seconds)
            if not isinstance(done, Applied):
                raise unexpected(done)
            return await asyncio.to_thread(self._keep, tenant, folder, done)

    async def profile(self, tenant: UUID, dataset: DatasetRef, seconds: float) -> Profile:
        """Describe a dataset column by column; raises TransformError."""
        async with self.parts(tenant, dataset) as parts, self.folder() as folder:
            job = ProfileJob(inputs=tuple(map(str, parts)), table_schema=dataset.table_schema)
            done = await self.run(job, parts, folder, seconds)
        if not isinstance(done, Profiled):
            raise unexpected(done)
        return done.profile

    async def sample(
        self,
        tenant: UUID,
        dataset: DatasetRef,
        where: str,
        offset: int,
        limit: int,
        seconds: float,
        *,
        read: Callable[[Path], Any],
    ) -> "Sample":
        """The first rows that match an expression, as `read` makes them of a file; raises TransformError."""
        async with self.parts(tenant, dataset, once=True) as parts, self.folder() as folder:
            job = SampleJob(
                inputs=tuple(map(str, parts)),
                table_schema=dataset.table_schema,
                where=where,
                offset=offset,
                limit=limit,
                output=str(folder),
            )
            done = await self.run(job, parts, folder, seconds)
            if not isinstance(done, Sampled):
                raise unexpected(done)
            return Sample(await asyncio.to_thread(read, folder / done.part), done.matches)

    def warm(self) -> None:
        """Have the engine ready: somebody is likely to need it soon."""
        self._sandbox.warm()

    async def differ(
        self,
        tenant: UUID,
        dataset: DatasetRef,
        left: Sequence[JobModule],
        right: Sequence[JobModule],
        keys: tuple[str, ...] | None,
        seconds: float,
    ) -> DifferResult:
        """Run recipes over the same rows in two ways and compare what comes out; raises TransformError."""
        async with AsyncExitStack() as open_files:
            parts = await open_files.enter_async_context(self.parts(tenant, dataset))
            sides, beside = await self.given(open_files, tenant, (*left, *right))
            folder = await open_files.enter_async_context(self.folder())
            job = DifferJob(
                inputs=tuple(map(str, parts)),
                table_schema=dataset.table_schema,
                left=tuple(sides[: len(left)]),
                right=tuple(sides[len(left) :]),
                keys=keys,
                output=str(folder),
                secrets=await self.secrets(tenant, (*left, *right)),
            )
            done = await self.run(job, [*parts, *beside], folder, seconds)
            if not isinstance(done, Differed):
                raise unexpected(done)
            return await asyncio.to_thread(self._keep_difference, tenant, folder, done)

    async def check(
        self,
        recipe: Recipe,
        schema: Schema,
        *,
        pointer: str = "",
        output_contract: Schema | None = None,
        input_checks: tuple[Check, ...] = (),
        output_checks: tuple[Check, ...] = (),
        explain: bool = False,
    ) -> Checked:
        """What a recipe would do with columns; raises RecipeInvalid. Also this is read in a child."""
        job = CheckJob(
            table_schema=schema,
            recipe=recipe,
            pointer=pointer,
            output_contract=output_contract,
            input_checks=input_checks,
            output_checks=output_checks,
            explain=explain,
        )
        async with self.folder() as folder:
            done = await self.run(job, [], folder, _CHECK_SECONDS)
        if not isinstance(done, Checked):
            raise unexpected(done)
        return done

    async def look(self, tenant: UUID, dataset: DatasetRef, seconds: float) -> TableView:
        """What a planner may know of a dataset; raises TransformError."""
        async with self.parts(tenant, dataset) as parts, self.folder() as folder:
            job = LookJob(inputs=tuple(map(str, parts)), table_schema=dataset.table_schema)
            done = await self.run(job, parts, folder, seconds)
        if not isinstance(done, Looked):
            raise unexpected(done)
        return done.view

    async def plan(
        self,
        tenant: UUID,
        dataset: DatasetRef,
        seconds: float,
        *,
        instruction: str | None = None,
        steps: Sequence[Step] = (),
    ) -> Planned:
        """Steps for an instruction, or those that are given, tried on the first rows; raises TransformError."""
        async with self.parts(tenant, dataset) as parts, self.folder() as folder:
            job = PlanJob(
                inputs=tuple(map(str, parts)),
                table_schema=dataset.table_schema,
                output=str(folder),
                instruction=instruction,
                steps=tuple(steps),
                keys=await self.secrets(tenant, [JobModule(name="", recipe=Recipe(steps=tuple(steps)))]),
            )
            done = await self.run(job, parts, folder, seconds)
        if not isinstance(done, Planned):
            raise unexpected(done)
        return done

    async def given(
        self, open_files: AsyncExitStack, tenant: UUID, modules: Sequence[JobModule]
    ) -> tuple[list[JobModule], list[Path]]:
        """The modules with the files of the datasets that their recipes name, and all those files."""
        beside: list[Path] = []
        given = []
        for module in modules:
            others = {}
            for name, wanted in module.recipe.inputs.items():
                if isinstance(wanted, DatasetInput):
                    other = await self._other(tenant, wanted, f"{module.pointer}/inputs/{name}")
                    files = await open_files.enter_async_context(self.parts(tenant, other))
                    others[name] = tuple(map(str, files))
                    beside += files
            given.append(module.model_copy(update={"inputs": others}))
        return given, beside

    async def _other(self, tenant: UUID, wanted: DatasetInput, pointer: str) -> DatasetRef:
        """Another dataset of the workspace, which must have the columns that the recipe was checked with."""
        try:
            found = await asyncio.to_thread(self._storage.known, tenant, wanted.dataset)
        except DatasetCorrupt as error:
            raise DatasetUnreadable(str(error)) from error
        if found is None:
            raise RecipeInvalid.at(f"{pointer}/dataset", "dataset_unknown", "There is no such dataset here.")
        if found.fingerprint != wanted.table_schema.fingerprint:
            message = "The dataset does not have these columns and types."
            raise RecipeInvalid.at(f"{pointer}/table_schema", "wrong_columns", message)
        return found

    async def secrets(self, tenant: UUID, modules: Sequence[JobModule]) -> dict[str, str]:
        """The secrets that the recipes name, and no others."""
        steps = [step for module in modules for step in module.recipe.steps if isinstance(step, Mask)]
        names = {step.key for step in steps if step.method == "keyed_hash"}
        if not names or self._keys is None:
            return {}
        return {name: key.hex() for name, key in (await self._keys.named(tenant, names)).items()}

    async def run(self, job: Job, readable: Sequence[Path], folder: Path, seconds: float) -> Done:
        """A child's answer; raises TransformError."""
        metrics.TRANSFORM_JOBS.labels(job.kind).inc()
        said = await self._sandbox.run(job.model_dump_json(), readable=readable, folder=folder, seconds=seconds)
        answer = ANSWERS.validate_json(said)
        if isinstance(answer, Failed):
            raise failed(answer)
        return answer

    def _keep(self, tenant: UUID, folder: Path, done: Applied) -> Result:
        dataset = self._storage.adopt(tenant, [folder / name for name in done.parts], done.table_schema)
        if dataset.rows != done.rows:
            raise TransformError("The files that were written do not hold the rows that were counted.")
        return Result(dataset, done.books, self._set_aside(tenant, folder, done), done.checks)

    def _set_aside(self, tenant: UUID, folder: Path, done: Applied) -> QuarantinedRows | None:
        if not done.quarantined:
            return None
        rows = self._storage.adopt(tenant, [folder / name for name in done.quarantine_parts], SET_ASIDE_ROWS)
        checked = sum(book.quarantined for book in done.books if book.kind == "check")
        reason = "check_failed" if checked == done.quarantined else "cast_failed"
        return QuarantinedRows(dataset=rows, reason=reason, sample=done.quarantine_sample)

    def _keep_difference(self, tenant: UUID, folder: Path, done: Differed) -> DifferResult:
        def side(name: str, applied: Applied) -> SideResult:
            aside = self._set_aside(tenant, folder / name, applied)
            return SideResult(rows=applied.rows, quarantined=() if aside is None else (aside,), checks=applied.checks)

        rows = self.kept_rows(tenant, folder, done)
        return DifferResult(
            difference=done.difference, rows=rows, left=side("left", done.left), right=side("right", done.right)
        )

    def kept_rows(self, tenant: UUID, folder: Path, done: Differed | Replayed) -> DifferenceRows:
        """The rows that differ as datasets of the workspace."""

        def kept(part: Part | None) -> DatasetRef | None:
            return None if part is None else self._storage.adopt(tenant, [folder / part.file], part.table_schema)

        return DifferenceRows(
            only_left=kept(done.only_left), only_right=kept(done.only_right), changed=kept(done.changed)
        )

    @asynccontextmanager
    async def parts(self, tenant: UUID, dataset: DatasetRef, *, once: bool = False) -> AsyncIterator[list[Path]]:
        """The files of a dataset on this machine."""
        local = self._storage.local_parts(dataset, tenant=tenant, once=once)
        try:
            parts = await asyncio.to_thread(local.__enter__)
        except DatasetCorrupt as error:
            raise DatasetUnreadable(str(error)) from error
        try:
            yield [path.resolve() for path in parts]
        finally:
            await asyncio.to_thread(local.__exit__, None, None, None)

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """An empty folder that goes away."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="modulardata-job-", dir=self._scratch)).resolve()
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def failed(answer: Failed) -> TransformError:
    """A child's refusal as what it was there."""
    if answer.problems:
        return RecipeInvalid(answer.problems)
    return Refused(answer.type, answer.message, answer.pointer)


class Refused(TransformError):
    """A child's refusal, with the type it gave."""

    def __init__(self, type: ErrorType, message: str, pointer: str) -> None:
        super().__init__(message, pointer)
        self.type = type


@asynccontextmanager
async def _watched(folder: Path, parts: int, told: Callable[[float], None] | None) -> AsyncIterator[None]:
    """Tell, while inside, how many parts of the input have their output already."""
    if told is None or not parts:
        yield
        return

    async def watch() -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            # The newest file is still being written.
            written = await asyncio.to_thread(lambda: sum(1 for _ in folder.glob("*.parquet")))
            told(max(0, written - 1) / parts)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
