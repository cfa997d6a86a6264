"""What is noted of workflows, runs and plans when others tell of them."""

from uuid import UUID

from contracts.events.modules import ModuleRestored
from contracts.events.runs import RunFinished
from contracts.events.workflows import WorkflowApplied, WorkflowDeleted
from contracts.workflow import ModuleUse
from services.chassis.database import UnitOfWork
from services.module_registry.repository import modules, uses, versions


async def workflow_applied(work: UnitOfWork, event: WorkflowApplied) -> None:
    """Note what a workflow uses. What went while the workflow was on its way comes back: it was promised."""
    if event.modules is None:
        return
    await uses.replace_uses(work, event.workflow_id, event.name, event.version, event.modules)
    for use in event.modules:
        await _bring_back(work, use)


async def workflow_deleted(work: UnitOfWork, event: WorkflowDeleted) -> None:
    """A workflow uses nothing any more."""
    await uses.drop_uses(work, event.workflow_id)


async def run_finished(work: UnitOfWork, event: RunFinished) -> None:
    """Count a run for each version it used."""
    rows = {
        "rows_read": event.books.read,
        "rows_loaded": event.books.loaded,
        "rows_quarantined": event.books.quarantined,
    }
    for module_id, version in sorted({(ref.module_id, ref.version) for ref in event.modules}):
        await uses.count_run(work, UUID(module_id), version, event.finished_at, event.outcome, rows)


async def _bring_back(work: UnitOfWork, use: ModuleUse) -> None:
    module = await modules.get_module(work, use.name, lock=True)
    if module is None:
        gone = await modules.newest_deleted(work, use.name)
        if gone is None:
            return
        await modules.change_module(work, gone["id"], deleted_at=None)
        await work.publish(ModuleRestored(module_id=gone["id"], name=use.name), key=gone["id"])
        module = gone
    if use.version != "current":
        row = await versions.get_version(work, module["id"], use.version)
        if row is not None and row["retired_at"] is not None:
            await versions.set_state(work, module["id"], use.version, retired_at=None, retired_reason=None)
