"""Leases: one load or undoing of a stream at a time; each holder has a higher epoch than the one before."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from contracts.commands.command import RunScope
from contracts.runs import ErrorType
from services.chassis.database import Database
from services.chassis.errors import TransientError
from services.connector.failures import ConnectorError, Fenced
from services.connector.progress import Progress
from services.connector.repository import windows as repository

_ASK_SECONDS = 0.3


class Leases:
    """Hands them out, renews them, and takes them back."""

    def __init__(self, database: Database, *, lease_seconds: float, wait_seconds: float) -> None:
        self._database = database
        self._lease_seconds = lease_seconds
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def hold(self, scope: RunScope, stream: str, attempt: int, progress: Progress) -> AsyncIterator[int]:
        """The right to load this stream, renewed while the block runs and given back after it."""
        epoch = await self._acquire(scope, stream, attempt, progress)
        renewing = asyncio.create_task(self._renew(scope, stream, epoch, progress))
        try:
            yield epoch
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            await self._give_back(scope, stream, epoch)

    async def _give_back(self, scope: RunScope, stream: str, epoch: int) -> None:
        try:
            async with self._database.work(scope.tenant) as work:
                await repository.renew(work, scope.workflow_id, stream, epoch, 0)
        except TransientError:
            # It ends by itself soon; what the load came to must not be forgotten over it.
            structlog.get_logger().warning("lease_not_given_back", workflow=str(scope.workflow_id))

    async def _acquire(self, scope: RunScope, stream: str, attempt: int, progress: Progress) -> int:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            progress.check()
            async with self._database.work(scope.tenant) as work:
                epoch = await repository.acquire(
                    work, scope.workflow_id, stream, scope.run_id, attempt, self._lease_seconds
                )
            if epoch is not None:
                return epoch
            if time.monotonic() > deadline:
                raise ConnectorError(ErrorType.LEASE_HELD, "Another run of this workflow is loading.")
            await asyncio.sleep(_ASK_SECONDS)

    async def _renew(self, scope: RunScope, stream: str, epoch: int, progress: Progress) -> None:
        """Renew until cancelled. When the lease is lost the work stops; the fence holds it back in any case."""
        while True:
            await asyncio.sleep(self._lease_seconds / 4)
            try:
                async with self._database.work(scope.tenant) as work:
                    kept = await repository.renew(work, scope.workflow_id, stream, epoch, self._lease_seconds)
            except TransientError as error:
                # A database that is away for a moment is no reason to stop; if it stays away, others may load.
                structlog.get_logger().warning("lease_not_renewed", cause=type(error).__name__)
                continue
            if not kept:
                progress.stop()
                return

    async def count_on(self, scope: RunScope, stream: str, epoch: int, fenced: Fenced) -> None:
        """Count epochs on from a fence that is ahead of a lease we still hold, for the next attempt."""
        if fenced.stands is not None:
            async with self._database.work(scope.tenant) as work:
                if await repository.lift(work, scope.workflow_id, stream, epoch, fenced.stands):
                    structlog.get_logger().warning("epochs_lifted", workflow=str(scope.workflow_id))
