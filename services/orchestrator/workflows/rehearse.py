"""The story of a dry run: a draft's modules over rows that past runs read, compared with what came of them then."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import DIFFER, FINISH_RUN
    from contracts.commands.orchestrator import FinishRunInput, PastRun, Rehearsed, RunPlan
    from contracts.commands.transform import DifferInput
    from contracts.data import DatasetRef, RowBooks
    from contracts.recipe import Recipe
    from contracts.runs import RunResult
    from contracts.workflow import ModuleUse, ModuleVersionRef, ResolvedModule
from collections.abc import Sequence

from temporalio.exceptions import is_cancelled_exception

from services.orchestrator.workflows.calls import StepEnded, check_cancelled, note, reason_of, to_its_end
from services.orchestrator.workflows.resolving import resolved
from services.orchestrator.workflows.steps import Step, Steps

_NO_ROWS = RowBooks()  # nothing is read from a source, and nothing is loaded


async def rehearse(plan: RunPlan) -> RunResult:
    """Find out what the definition would have loaded; nothing is written anywhere, and no window is claimed."""
    found: list[Rehearsed] = []
    try:
        for past in plan.past:
            check_cancelled()
            found += await _one(plan, past)
    except StepEnded as error:
        code, message = reason_of(error)
        end = FinishRunInput(scope=plan.scope, outcome="failed", books=_NO_ROWS, error_code=code, message=message)
        outcome = "cancelled" if is_cancelled_exception(error) else "failed"
        await to_its_end(note(FINISH_RUN, end.model_copy(update={"outcome": outcome, "rehearsed": tuple(found)})))
        raise
    end = FinishRunInput(scope=plan.scope, outcome="succeeded", books=_NO_ROWS, rehearsed=tuple(found))
    await to_its_end(note(FINISH_RUN, end))
    return RunResult(outcome="succeeded", books=_NO_ROWS)


async def _one(plan: RunPlan, past: PastRun) -> list[Rehearsed]:
    """One past run, each of its datasets."""
    found = []
    # Named after the run, so that each has its line among the steps.
    async with Steps(plan.scope).step(f"rehearse {past.run_id}") as step:
        now = [await resolved(step.call, plan.scope.tenant, use) for use in plan.definition.modules]
        # In most runs every input went through the same versions.
        chains = past.chains or (past.modules,)
        uses = [[ModuleUse(name=ref.name, version=ref.version) for ref in chain] for chain in chains]
        found_then = [[await resolved(step.call, plan.scope.tenant, use) for use in chain] for chain in uses]
        for number, dataset in enumerate(past.inputs):
            then = found_then[number if past.chains else 0]
            found.append(
                await _compared(step, plan, past, dataset, then or [_as_is(dataset)], now or [_as_is(dataset)])
            )
        step.rows = sum(one.rows_in for one in found)
        step.detail = "; ".join(_said(one) for one in found)
    return found


async def _compared(
    step: Step,
    plan: RunPlan,
    past: PastRun,
    dataset: DatasetRef,
    then: Sequence[ResolvedModule],
    now: Sequence[ResolvedModule],
) -> Rehearsed:
    done = await step.call(
        DIFFER,
        DifferInput(
            tenant=plan.scope.tenant,
            dataset=dataset,
            left=then[0],
            left_then=tuple(then[1:]),
            right=now[0],
            right_then=tuple(now[1:]),
            keys=plan.definition.destination.keys or None,
        ),
    )
    return Rehearsed(
        run_id=past.run_id,
        rows_in=dataset.rows,
        difference=done.difference,
        rows=done.rows,
        set_aside_then=sum(one.dataset.rows for one in done.left.quarantined),
        set_aside_now=sum(one.dataset.rows for one in done.right.quarantined),
    )


def _as_is(dataset: DatasetRef) -> ResolvedModule:
    """What a workflow without modules does."""
    schema = dataset.table_schema
    ref = ModuleVersionRef(module_id="", name="none", version=0, content_hash="")
    return ResolvedModule(ref=ref, recipe=Recipe(), input_contract=schema, output_contract=schema)


def _said(one: Rehearsed) -> str:
    found = one.difference
    if found.same and one.set_aside_then == one.set_aside_now:
        return f"the same {found.left_rows:,} rows as then"
    parts = [f"{found.left_rows:,} rows then, {found.right_rows:,} now"]
    parts += [f"{count:,} {what}" for count, what in ((found.changed, "changed"), (found.equal, "equal")) if count]
    parts += [f"only now: {', '.join(found.columns_only_right)}"] if found.columns_only_right else []
    parts += [f"only then: {', '.join(found.columns_only_left)}"] if found.columns_only_left else []
    if one.set_aside_then != one.set_aside_now:
        parts.append(f"set aside: {one.set_aside_then:,} then, {one.set_aside_now:,} now")
    return ", ".join(parts)
