"""What connector hears: which buckets to watch for which triggers, and which workflows are gone."""

from contracts.envelope import Envelope
from contracts.events.workflows import WatchConfigured, WorkflowDeleted
from services.chassis.database import UnitOfWork
from services.chassis.handlers import Handlers
from services.connector.service.watching import configure, forget_workflow


def handlers() -> Handlers:
    """The handlers of connector."""
    found = Handlers()
    found.on(WatchConfigured, _configured)
    found.on(WorkflowDeleted, _deleted)
    return found


async def _configured(work: UnitOfWork, event: WatchConfigured, envelope: Envelope) -> None:
    await configure(work, event, envelope.time)


async def _deleted(work: UnitOfWork, event: WorkflowDeleted, envelope: Envelope) -> None:
    await forget_workflow(work, event)
