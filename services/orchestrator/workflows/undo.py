"""The story of a run that undoes another: its rows are taken out of the destination, or it is said why not."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import FINISH_RUN, UNDO
    from contracts.commands.connector import UndoInput, UndoResult
    from contracts.commands.orchestrator import FinishRunInput, RunPlan
    from contracts.data import RowBooks
    from contracts.runs import RunResult
from uuid import UUID

from temporalio.exceptions import is_cancelled_exception

from services.orchestrator.workflows.calls import StepEnded, check_cancelled, note, reason_of, to_its_end
from services.orchestrator.workflows.steps import Steps

_NO_ROWS = RowBooks()  # nothing is read, and what is put back was counted when it was loaded


async def undo(plan: RunPlan, undoes: UUID, stream: str) -> RunResult:
    """Take out what the other run loaded; from the first attempt on a cancellation comes too late."""
    try:
        check_cancelled()
        done = await to_its_end(_take_back(plan, undoes, stream))
    except StepEnded as error:
        code, message = reason_of(error)
        outcome = "cancelled" if is_cancelled_exception(error) else "failed"
        end = FinishRunInput(scope=plan.scope, outcome="failed", books=_NO_ROWS, error_code=code, message=message)
        await to_its_end(note(FINISH_RUN, end.model_copy(update={"outcome": outcome})))
        raise
    await to_its_end(
        note(FINISH_RUN, FinishRunInput(scope=plan.scope, outcome="succeeded", books=_NO_ROWS, undone=done))
    )
    return RunResult(outcome="succeeded", books=_NO_ROWS)


async def _take_back(plan: RunPlan, undoes: UUID, stream: str) -> UndoResult:
    async with Steps(plan.scope).step("undo") as step:
        done = await step.call(UNDO, UndoInput(scope=plan.scope, run_id=undoes, stream=stream, dry_run=plan.dry_run))
        step.attempts, step.rows = done.attempt, done.removed + done.restored
        would = "would be " if plan.dry_run else ""
        step.detail = f"{done.removed} {would}removed, {done.restored} {would}put back as before" + (
            "; an earlier attempt had committed" if done.already else ""
        )
    return done
