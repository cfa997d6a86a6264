"""The story of a run: pull a window, settle drift, set aside what may not go on, transform, push, close the window."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts.activities import (
        APPLY,
        CLOSE_WINDOW,
        FINISH_RUN,
        PIN_MODULES,
        PULL,
        PUSH,
        SETTLE_DRIFT,
        SETTLE_ENTRY,
        START_RUN,
    )
    from contracts.commands.connector import (
        CloseWindowInput,
        PulledGroup,
        PullInput,
        PullResult,
        PushInput,
        QuarantinedRows,
    )
    from contracts.commands.orchestrator import FinishRunInput, PinModulesInput, RunPlan, StartRunInput
    from contracts.commands.schema_drift import SettleEntryInput, SettleInput, SettleResult
    from contracts.commands.transform import ApplyInput
    from contracts.data import DatasetRef
    from contracts.runs import REVIEW_DECIDED, RUN_WORKFLOW, ErrorType, RunInput, RunResult
    from contracts.workflow import ResolvedModule

from services.orchestrator.workflows.calls import (
    StepEnded,
    call,
    check_cancelled,
    failure,
    note,
    reason_of,
    to_its_end,
)
from services.orchestrator.workflows.heal import Fitting, Healing, Unfit, pins
from services.orchestrator.workflows.rehearse import rehearse
from services.orchestrator.workflows.resolving import resolved
from services.orchestrator.workflows.set_aside import SetAside
from services.orchestrator.workflows.steps import Steps
from services.orchestrator.workflows.tally import Tally
from services.orchestrator.workflows.undo import undo

STREAM = "main"  # a workflow has one source
Outcome = Literal["succeeded", "partial", "quarantined", "failed", "cancelled"]


@dataclass
class Progress:
    """How far a run has come: what its end has to know, however it ends."""

    plan: RunPlan
    steps: Steps
    tally: Tally = field(default_factory=Tally)
    inputs: list[DatasetRef] = field(default_factory=list)  # what the first module is given
    window: UUID | None = None
    pull_tried: bool = False
    push_tried: bool = False
    hops: int = 0


@workflow.defn(name=RUN_WORKFLOW)
class RunWorkflow:
    """Run one workflow once, and say how it went."""

    def __init__(self) -> None:
        self._decided: set[UUID] = set()

    @workflow.signal(name=REVIEW_DECIDED)
    def review_decided(self, review_id: UUID) -> None:
        """A person decided; a run that waits for that goes on."""
        self._decided.add(review_id)

    @workflow.run
    async def run(self, request: RunInput) -> RunResult:
        """Follow the steps; whatever goes wrong, the run is finished with its reason."""
        plan = await to_its_end(note(START_RUN, StartRunInput(tenant=request.tenant, run_id=request.run_id)))
        if plan.undoes is not None:
            return await undo(plan, plan.undoes, STREAM)
        if plan.dry_run:
            return await rehearse(plan)
        progress = Progress(plan, Steps(plan.scope))
        try:
            check_cancelled()
            modules = await self._resolve(progress)
            pulled = await self._pull(progress, modules)
            fitting = await self._settle_drift(progress, pulled, modules)
            datasets = await self._transform(progress, fitting)
            # From here on a cancellation comes too late: rows that are in the destination belong to a run that says so.
            await to_its_end(self._load(progress, datasets))
        except StepEnded as error:
            await to_its_end(self._end_badly(progress, error))
            raise
        return await to_its_end(self._end_well(progress))

    async def _resolve(self, progress: Progress) -> tuple[ResolvedModule, ...]:
        """Find the module versions and pin them: what `current` means is decided here, once."""
        plan, found = progress.plan, []
        async with progress.steps.step("resolve_modules") as step:
            for use in plan.definition.modules:
                found.append(await resolved(step.call, plan.scope.tenant, use))
            await note(PIN_MODULES, PinModulesInput(scope=plan.scope, modules=tuple(item.ref for item in found)))
            step.detail = ", ".join(f"{item.ref.name} version {item.ref.version}" for item in found) or "no modules"
        return tuple(found)

    async def _pull(self, progress: Progress, modules: tuple[ResolvedModule, ...]) -> PullResult:
        """Claim a window and read it."""
        plan = progress.plan
        check_cancelled()
        async with progress.steps.step("pull") as step:
            progress.pull_tried = True
            pulled = await step.call(
                PULL,
                PullInput(
                    scope=plan.scope,
                    source=plan.definition.source,
                    stream=STREAM,
                    window=plan.window,
                    expected=modules[0].input_contract if modules else None,
                ),
            )
            progress.window, progress.hops = pulled.window_id, pulled.hops
            if pulled.window_id is None and pulled.groups:
                raise failure(ErrorType.CONFLICT, "The source handed out rows without a window that names them.")
            progress.tally.pulled(pulled)
            step.rows, step.bytes = pulled.rows_read, pulled.bytes_read
            names = [item.key for group in pulled.groups for item in group.objects]
            names += [item.object.key for item in pulled.unreadable]
            step.detail = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        return pulled

    async def _settle_drift(
        self, progress: Progress, pulled: PullResult, modules: tuple[ResolvedModule, ...]
    ) -> list[Fitting]:
        """Compare each group with what the first module expects; set aside what does not fit, return what does."""
        plan = progress.plan
        found: list[tuple[PulledGroup, SettleResult]] = []
        healing = Healing(plan, STREAM, progress.steps, modules, self._decided)
        check_cancelled()
        async with progress.steps.step("settle_drift") as step:
            for group in pulled.groups:
                settled = await step.call(
                    SETTLE_DRIFT,
                    SettleInput(
                        scope=plan.scope,
                        stream=STREAM,
                        group=group,
                        module=modules[0].ref if modules else None,
                        contract=modules[0].input_contract if modules else None,
                        base=modules[0] if modules else None,
                        policy=plan.definition.drift,
                        keys=plan.definition.destination.keys,
                        pinned=healing.pinned,
                        source=plan.definition.source,
                        released=plan.window.quarantine_entry is not None,
                    ),
                )
                step.detail = settled.summary or step.detail
                if settled.decision == "fail":
                    raise failure(
                        ErrorType.SCHEMA_DRIFT, settled.summary or "The source's schema is not what is expected."
                    )
                found.append((group, settled))
            if not pulled.groups:
                step.skip("nothing was read")
        fitting, unfit = await healing.heal(found)
        if (used := pins(modules, fitting)) is not None:
            await note(PIN_MODULES, PinModulesInput(scope=plan.scope, modules=used[0], chains=used[1]))
        await self._quarantine(progress, pulled, unfit)
        return fitting

    async def _quarantine(self, progress: Progress, pulled: PullResult, unfit: list[Unfit]) -> None:
        """Keep what may not go on: files that do not fit, files that cannot be read, rows that the reader refused."""
        if not (unfit or pulled.unreadable or pulled.quarantined):
            return
        for one in unfit:
            progress.tally.set_aside(one.group)
        async with progress.steps.step("quarantine") as step:
            aside = SetAside(progress.plan, STREAM, step)
            for one in unfit:
                await aside.group(one.group, one.settled)
            await aside.unreadable(pulled.unreadable)
            await aside.rows(pulled.quarantined)
            step.rows = progress.tally.quarantined

    async def _transform(self, progress: Progress, fitting: list[Fitting]) -> tuple[DatasetRef, ...]:
        """Run its modules over each group, and check that every row is accounted for before anything is loaded."""
        check_cancelled()
        progress.inputs = [one.group.dataset for one in fitting]
        modules = bool(progress.plan.definition.modules)
        datasets: list[DatasetRef] = [] if modules else list(progress.inputs)
        if not modules or not fitting:
            await progress.steps.skip("transform", "no modules" if fitting else "nothing to transform")
        else:
            async with progress.steps.step("transform") as step:
                refused: list[QuarantinedRows] = []
                for one in fitting:
                    applied = await step.call(
                        APPLY, ApplyInput(scope=progress.plan.scope, dataset=one.group.dataset, modules=one.modules)
                    )
                    progress.tally.applied(applied)
                    datasets.append(applied.dataset)
                    refused.extend(applied.quarantined)
                await SetAside(progress.plan, STREAM, step).rows(refused)
                step.rows = sum(dataset.rows for dataset in datasets)
                step.bytes = sum(dataset.bytes for dataset in datasets)
        missing = progress.tally.unaccounted(sum(dataset.rows for dataset in datasets))
        if missing:
            raise failure(ErrorType.BOOKS_UNBALANCED, unbalanced(missing) + " Nothing was loaded.")
        return tuple(datasets)

    async def _load(self, progress: Progress, datasets: tuple[DatasetRef, ...]) -> None:
        """Push, and close the window. Only the push's own answer says whether the transaction happened."""
        await self._push(progress, datasets)
        await self._close_window(progress)

    async def _push(self, progress: Progress, datasets: tuple[DatasetRef, ...]) -> None:
        """Load everything in one transaction of the destination, once for this window."""
        plan, rows = progress.plan, sum(dataset.rows for dataset in datasets)
        check_cancelled()
        if progress.window is None or not rows:
            # Also in mode `replace`: an empty source does not empty a destination.
            await progress.steps.skip("push", "nothing to load")
            return
        async with progress.steps.step("push") as step:
            check_cancelled()
            progress.push_tried = True
            pushed = await step.call(
                PUSH,
                PushInput(
                    scope=plan.scope,
                    destination=plan.definition.destination,
                    stream=STREAM,
                    window_id=progress.window,
                    datasets=datasets,
                    hops=progress.hops,
                ),
            )
            progress.tally.pushed(pushed)
            step.attempts, step.rows, step.bytes = pushed.attempt, pushed.inserted + pushed.updated, pushed.bytes
            step.detail = f"{pushed.inserted} inserted, {pushed.updated} updated" + (
                "; an earlier attempt had committed" if pushed.already else ""
            )

    async def _close_window(self, progress: Progress) -> None:
        """The window is dealt with: its objects are not handed out again."""
        if progress.window is None:
            return
        async with progress.steps.step("close_window") as step:
            await step.call(
                CLOSE_WINDOW,
                CloseWindowInput(
                    scope=progress.plan.scope,
                    window_id=progress.window,
                    outcome="committed",
                    rows=progress.tally.loaded,
                ),
            )

    async def _end_well(self, progress: Progress) -> RunResult:
        """Every step ended; the books say whether that was a success."""
        tally = progress.tally
        missing = tally.books.difference
        if missing:
            # The rows are in the destination and the window is closed: that is said as it is.
            wrong = failure(ErrorType.BOOKS_UNBALANCED, unbalanced(missing))
            await self._finish(progress, "failed", wrong)
            raise wrong
        await self._finish(progress, tally.outcome)
        return RunResult(outcome=tally.outcome, books=tally.books)

    async def _end_badly(self, progress: Progress, error: BaseException) -> None:
        """Give the window back unless something may have been loaded, and say what went wrong."""
        if progress.pull_tried and not progress.push_tried:
            await self._however(
                call(
                    CLOSE_WINDOW,
                    CloseWindowInput(scope=progress.plan.scope, window_id=progress.window, outcome="released"),
                )
            )
        # After a push was tried, nobody here knows whether it committed. The window stays with its name, and
        # whoever takes its objects up again finds the truth in the destination's own ledger.
        await self._finish(progress, "cancelled" if is_cancelled_exception(error) else "failed", error)

    async def _finish(self, progress: Progress, outcome: Outcome, error: BaseException | None = None) -> None:
        """Settle the released file, if the run was for one, and record the end."""
        plan, tally = progress.plan, progress.tally
        code, message = reason_of(error) if error else (None, None)
        if plan.window.quarantine_entry is not None:
            became: Literal["loaded", "failed", "quarantined"] = "loaded" if error is None else "failed"
            await self._however(
                call(
                    SETTLE_ENTRY,
                    SettleEntryInput(
                        scope=plan.scope,
                        entry_id=plan.window.quarantine_entry,
                        outcome="quarantined" if outcome == "quarantined" else became,
                    ),
                )
            )
        await note(
            FINISH_RUN,
            FinishRunInput(
                scope=plan.scope,
                outcome=outcome,
                books=tally.books,
                step_books=tuple(tally.steps),
                error_code=code,
                message=message,
                inputs=tuple(progress.inputs),
            ),
        )

    async def _however(self, work: Awaitable[object]) -> None:
        """Do a last service on the way out; its refusal must not keep the run from being finished."""
        try:
            await work
        except FailureError as error:
            workflow.logger.warning("a run's last call was refused: %s", reason_of(error)[1])


def unbalanced(missing: int) -> str:
    """A sentence about books that do not balance."""
    rows = "1 row" if abs(missing) == 1 else f"{abs(missing):,} rows"
    return f"The books do not balance: {rows} " + ("unaccounted for." if missing > 0 else "too many.")
