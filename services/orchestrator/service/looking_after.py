"""Looks after open runs: those that were never started are started, those whose execution is gone are ended truly."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import RowMapping

from contracts.commands.command import RunScope
from contracts.commands.orchestrator import FinishRunInput
from services.chassis.database import Database
from services.chassis.errors import TransientError
from services.chassis.metrics import RUNS_RECONCILED
from services.orchestrator.repository import runs
from services.orchestrator.service.executions import Executions, Status
from services.orchestrator.service.history import NO_BOOKS, finish

BATCH = 100
_SAID = {
    "completed": "The run's execution ended without saying how.",
    "failed": "The run's execution failed before it could say why.",
    "terminated": "The run's execution was terminated by an operator of Temporal.",
    "timed_out": "The run's execution took longer than it may.",
    "cancelled": "The run's execution was cancelled.",
}


class Reconciler:
    """The belt beside the braces: what a lost message or a wiped server would leave open for ever, ends."""

    def __init__(self, database: Database, executions: Executions, *, every: float, patience: float) -> None:
        self._database = database
        self._executions = executions
        self._every = every
        self._patience = timedelta(seconds=patience)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep again and again until the stop event is set."""
        while not stop.is_set():
            try:
                await self.sweep()
            except TransientError as error:
                structlog.get_logger().warning("reconciler_waits", reason=str(error))
            try:
                await asyncio.wait_for(stop.wait(), self._every)
            except TimeoutError:
                continue

    async def sweep(self) -> int:
        """Look once at the open runs that nobody looked at for the longest time; how many were mended."""
        async with self._database.system() as system:
            now = system.clock.now()
            found = await runs.open_runs(system, created_before=now - self._patience, limit=BATCH)
            if found:
                await runs.mark_checked(system, [row["id"] for row in found], now)
        mended = 0
        for row in found:
            mended += await self._look(row)
        return mended

    async def _look(self, row: RowMapping) -> bool:
        tenant, run_id = row["tenant"], row["id"]
        status = await self._executions.status(tenant, run_id)
        if status == "running":
            # Somebody wants it to end, and the engine may have been away when it was told.
            return row["cancel_requested_at"] is not None and await self._executions.cancel_run(tenant, run_id)
        if status == "absent":
            # Never started, or the server lost it. Every step is safe to repeat: what was loaded stays loaded once.
            started = await self._executions.start_run(tenant, run_id, row["workflow"])
            if started:
                RUNS_RECONCILED.labels("started").inc()
                structlog.get_logger().warning("run_started_again", run=str(run_id), tenant=str(tenant))
            if row["cancel_requested_at"] is not None:
                await self._executions.cancel_run(tenant, run_id)
            return started
        return await self._end(row, status)

    async def _end(self, row: RowMapping, status: Status) -> bool:
        async with self._database.work(row["tenant"]) as work:
            run = await runs.get_run(work, row["id"])
            if run is None or run["state"] not in runs.OPEN:
                return False
            ended = await finish(
                work,
                FinishRunInput(
                    scope=RunScope(
                        tenant=row["tenant"],
                        run_id=run["id"],
                        workflow_id=run["workflow_id"],
                        workflow=run["workflow"],
                    ),
                    outcome="cancelled" if status == "cancelled" else "failed",
                    books=NO_BOOKS,
                    error_code=f"execution_{status}",
                    message=_SAID[status],
                ),
            )
        if ended:
            RUNS_RECONCILED.labels("ended").inc()
            structlog.get_logger().warning("run_ended_by_reconciler", run=str(row["id"]), status=status)
        return ended
