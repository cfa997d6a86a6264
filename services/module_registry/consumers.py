"""What module_registry does when it hears of workflows, runs and workspaces."""

from contracts.envelope import Envelope
from contracts.events.identity import WorkspaceCreated, WorkspacePlanChanged
from contracts.events.runs import RunFinished
from contracts.events.workflows import WorkflowApplied, WorkflowDeleted
from services.chassis.bus import Handlers
from services.chassis.database import UnitOfWork
from services.module_registry.repository import uses
from services.module_registry.service import hearing


def handlers() -> Handlers:
    """The table of module_registry's handlers."""

    async def workflow_applied(work: UnitOfWork, event: WorkflowApplied, envelope: Envelope) -> None:
        await hearing.workflow_applied(work, event)

    async def workflow_deleted(work: UnitOfWork, event: WorkflowDeleted, envelope: Envelope) -> None:
        await hearing.workflow_deleted(work, event)

    async def run_finished(work: UnitOfWork, event: RunFinished, envelope: Envelope) -> None:
        await hearing.run_finished(work, event)

    async def workspace_created(work: UnitOfWork, event: WorkspaceCreated, envelope: Envelope) -> None:
        if event.plan is not None:
            await uses.set_plan(work, event.plan)

    async def plan_changed(work: UnitOfWork, event: WorkspacePlanChanged, envelope: Envelope) -> None:
        await uses.set_plan(work, event.plan)

    table = Handlers()
    table.on(WorkflowApplied, workflow_applied)
    table.on(WorkflowDeleted, workflow_deleted)
    table.on(RunFinished, run_finished)
    table.on(WorkspaceCreated, workspace_created)
    table.on(WorkspacePlanChanged, plan_changed)
    return table
