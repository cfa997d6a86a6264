"""The record of a run, written as it goes; everything here may be asked twice and happens once."""

from uuid import UUID

from contracts.commands.command import RunScope, WindowRequest
from contracts.commands.orchestrator import (
    FindRunInput,
    FinishRunInput,
    PastInputsInput,
    PastInputsResult,
    PinModulesInput,
    RecordStepInput,
    RunPlan,
)
from contracts.commands.transform import FoundDataset
from contracts.data import DatasetRef, RowBooks
from contracts.events.runs import RunFinished, RunStarted, RunStepFinished, RunUndone
from contracts.runs import ErrorType
from contracts.workflow import ModuleVersionRef, WorkflowDefinition
from services.chassis.database import Database, UnitOfWork
from services.chassis.metrics import RUNS_FINISHED
from services.orchestrator.repository import definitions, runs
from services.orchestrator.service import rehearsing, replaying
from services.orchestrator.service.executions import Executions

# A command is tried again after a second at the soonest: a shorter step had one attempt.
FIRST_RETRY_SECONDS = 1.0
MAX_TEXT = 2_000


class RunUnknown(Exception):
    """There is no such run."""


class RunEnded(Exception):
    """The run has ended already: nothing more may happen in its name."""


class History:
    """What the workflow of a run asks to be recorded."""

    def __init__(self, database: Database, executions: Executions) -> None:
        self._database = database
        self._executions = executions

    async def start(self, tenant: UUID, run_id: UUID) -> RunPlan:
        """The run is under way: its plan, which was fixed when it was asked for."""
        async with self._database.work(tenant) as work:
            row = await runs.get_run(work, run_id)
            if row is None:
                raise RunUnknown
            definition = await definitions.get_definition(work, row["workflow_id"], row["workflow_version"])
            if definition is None:
                raise RunUnknown
            started = await runs.change_run(
                work, run_id, ["requested"], {"state": "running", "started_at": work.clock.now()}
            )
            if started is not None:
                await work.publish(
                    RunStarted(
                        run_id=run_id,
                        workflow_id=row["workflow_id"],
                        workflow=row["workflow"],
                        workflow_version=row["workflow_version"],
                    ),
                    key=run_id,
                    run=run_id,
                )
            elif row["state"] not in runs.OPEN:
                raise RunEnded
            return RunPlan(
                scope=RunScope(tenant=tenant, run_id=run_id, workflow_id=row["workflow_id"], workflow=row["workflow"]),
                workflow_version=row["workflow_version"],
                definition=WorkflowDefinition.model_validate(row["draft"] or definition),
                window=WindowRequest.model_validate(row["requested_window"]),
                undoes=row["undoes"],
                dry_run=row["dry_run"],
                past=await rehearsing.past_runs(work, row["past"] or []),
            )

    async def pin(self, pinned: PinModulesInput) -> None:
        """Note which module versions the run uses."""
        async with self._database.work(pinned.scope.tenant) as work:
            modules = [module.model_dump(mode="json") for module in pinned.modules]
            chains = [[module.model_dump(mode="json") for module in chain] for chain in pinned.chains] or None
            await runs.change_run(work, pinned.scope.run_id, ["running"], {"modules": modules, "chains": chains})

    async def record(self, step: RecordStepInput) -> None:
        """A step begins or ends."""
        if step.state == "running":
            async with self._database.work(step.scope.tenant) as work:
                await runs.begin_step(
                    work,
                    step.scope.run_id,
                    step.step,
                    work.clock.now(),
                    detail=plain(step.detail),
                    review_id=step.review_id,
                )
            return
        attempts = await self._attempts(step)
        async with self._database.work(step.scope.tenant) as work:
            now = work.clock.now()
            if step.state == "skipped":
                await runs.begin_step(work, step.scope.run_id, step.step, now)
            ended = await runs.end_step(
                work,
                step.scope.run_id,
                step.step,
                {
                    "state": step.state,
                    "attempts": attempts,
                    "rows": step.rows,
                    "bytes": step.bytes,
                    "finished_at": now,
                    "detail": plain(step.detail),
                },
            )
            if ended is None:
                return
            await work.publish(
                RunStepFinished(
                    run_id=step.scope.run_id,
                    workflow_id=step.scope.workflow_id,
                    step=step.step,
                    outcome=step.state,
                    attempts=attempts,
                    rows=step.rows,
                    bytes=step.bytes,
                    seconds=(now - ended["started_at"]).total_seconds(),
                ),
                key=step.scope.run_id,
                run=step.scope.run_id,
            )

    async def finish(self, end: FinishRunInput) -> None:
        """The run ends, once. Books that do not balance are not a success, whatever was said."""
        async with self._database.work(end.scope.tenant) as work:
            await finish(work, balanced(end))

    async def rows_of(self, wanted: FindRunInput) -> FoundDataset:
        """What a run gave to its first module."""
        async with self._database.work(wanted.tenant) as work:
            row = await runs.get_run(work, wanted.run_id)
        if row is None:
            return FoundDataset(problem="There is no such run.")
        datasets = row["inputs"] or []
        if wanted.group >= len(datasets):
            why = "did not come that far" if not datasets else f"read files of {len(datasets)} shapes"
            return FoundDataset(problem=f"The run has no such rows: it {why}.")
        return FoundDataset(dataset=DatasetRef.model_validate(datasets[wanted.group]))

    async def past_inputs(self, wanted: PastInputsInput) -> PastInputsResult:
        """What earlier runs gave to a module version, and who reads what the workflow writes."""
        async with self._database.work(wanted.scope.tenant) as work:
            return await replaying.past_inputs(work, wanted)

    async def _attempts(self, step: RecordStepInput) -> int:
        """The true number: what the step's result knew of itself, or the engine's own record if that says more."""
        if step.state == "skipped":
            return 0
        said = max(1, step.attempts)
        async with self._database.work(step.scope.tenant) as work:
            began = await runs.started_at(work, step.scope.run_id, step.step)
            lasted = 0.0 if began is None else (work.clock.now() - began).total_seconds()
        if lasted < FIRST_RETRY_SECONDS:
            return said
        return max(said, await self._executions.attempts(step.scope.tenant, step.scope.run_id, step.step) or 1)


def balanced(end: FinishRunInput) -> FinishRunInput:
    """The same end, or a failure when its books do not balance."""
    if end.outcome in ("failed", "cancelled") or end.books.balanced:
        return end
    return end.model_copy(
        update={
            "outcome": "failed",
            "error_code": ErrorType.BOOKS_UNBALANCED.value,
            "message": f"The books do not balance: they differ by {end.books.difference} rows.",
        }
    )


async def finish(work: UnitOfWork, end: FinishRunInput) -> bool:
    """Write the end of a run and say so; False when it had ended."""
    now, run_id = work.clock.now(), end.scope.run_id
    message = None if end.message is None else plain(end.message)
    changed = await runs.change_run(
        work,
        run_id,
        runs.OPEN,
        {
            "state": end.outcome,
            "books": end.books.model_dump(mode="json"),
            "step_books": [books.model_dump(mode="json") for books in end.step_books],
            "error_code": end.error_code,
            "message": message,
            "finished_at": now,
            "inputs": [dataset.model_dump(mode="json") for dataset in end.inputs] or None,
            "rehearsed": [one.model_dump(mode="json") for one in end.rehearsed] or None,
        },
    )
    if changed is None:
        return False
    await runs.end_open_steps(work, run_id, now, "The run ended before this step did.")
    await work.publish(
        RunFinished(
            run_id=run_id,
            workflow_id=end.scope.workflow_id,
            workflow=end.scope.workflow,
            outcome=end.outcome,
            books=end.books,
            error_code=end.error_code,
            message=message,
            finished_at=now,
            modules=tuple(ModuleVersionRef.model_validate(module) for module in changed["modules"] or ()),
            undoes=changed["undoes"],
        ),
        key=run_id,
        run=run_id,
    )
    if end.undone is not None and changed["undoes"] is not None and not changed["dry_run"]:
        await runs.mark_undone(work, changed["undoes"], run_id)
        await work.publish(
            RunUndone(
                run_id=changed["undoes"],
                workflow_id=end.scope.workflow_id,
                workflow=end.scope.workflow,
                undone_by=run_id,
                removed=end.undone.removed,
                restored=end.undone.restored,
            ),
            key=changed["undoes"],
            run=changed["undoes"],
        )
    RUNS_FINISHED.labels(end.outcome).inc()
    return True


NO_BOOKS = RowBooks()


def plain(text: str) -> str:
    """Text that PostgreSQL and a terminal can hold, and not more of it than a person reads."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_TEXT])
    return shown if len(text) <= MAX_TEXT else shown + "…"
