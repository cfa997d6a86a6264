"""Ending a run before its time: the wish is recorded first, and then told to the engine until the run has ended."""

from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from services.chassis.database import UnitOfWork
from services.chassis.errors import TransientError
from services.chassis.problems import conflict, not_found
from services.orchestrator.repository import runs
from services.orchestrator.service.executions import Executions

_ENDED = {
    "succeeded": "it succeeded",
    "partial": "it ended with something set aside",
    "quarantined": "it ended with everything set aside",
    "failed": "it failed",
}


async def ask(work: UnitOfWork, run_id: UUID, by: UUID) -> RowMapping:
    """Record that a run is to end; again is once. Raises 409 with its outcome when it has ended otherwise.

    A run whose rows are on their way into the destination may still end well: then its rows are there, and it says so.
    """
    row = await runs.get_run(work, run_id)
    if row is None:
        raise not_found()
    if row["cancel_requested_at"] is None:
        wish = {"cancel_requested_at": work.clock.now(), "cancel_requested_by": by}
        row = await runs.change_run(work, run_id, runs.OPEN, wish) or await runs.get_run(work, run_id)
    if row is None:
        raise not_found()
    if row["state"] in _ENDED:
        raise conflict(f"The run has ended already: {_ENDED[row['state']]}.", f"run_{row['state']}")
    return row


async def tell(executions: Executions, tenant: UUID, run_id: UUID) -> None:
    """Tell the engine, after the wish was committed. Whoever starts the run, or looks after it, tells it again."""
    try:
        await executions.cancel_run(tenant, run_id)
    except TransientError as error:
        structlog.get_logger().warning("cancellation_waits", run=str(run_id), reason=str(error))


async def started(work: UnitOfWork, executions: Executions, run_id: UUID) -> None:
    """Cancel a run that was just started when somebody had asked for that before.

    Called after the start: a wish that is committed later finds the execution there.
    """
    row = await runs.get_run(work, run_id)
    if row is not None and row["cancel_requested_at"] is not None and row["state"] in runs.OPEN:
        await executions.cancel_run(work.tenant, run_id)
