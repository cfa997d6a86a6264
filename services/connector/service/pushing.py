"""Push: one load of a stream at a time, under a lease whose epoch the destination itself checks."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from contracts.commands.command import RunScope
from contracts.commands.connector import PushInput, PushResult
from contracts.data import DatasetRef
from contracts.runs import ErrorType
from services.chassis.database import Database
from services.chassis.errors import TransientError
from services.connector.destinations.base import Load, LoadKey, LoadTable
from services.connector.failures import ConnectorError, Fenced
from services.connector.progress import Progress
from services.connector.repository import windows as repository
from services.connector.service.opening import Opened, Opening
from services.connector.service.windows import Windows

if TYPE_CHECKING:
    from services.chassis.storage import Storage

_ASK_SECONDS = 0.3


class Pushing:
    """Loads datasets into destinations."""

    def __init__(
        self,
        database: Database,
        opening: Opening,
        windows: Windows,
        storage: "Storage",
        *,
        lease_seconds: float,
        wait_seconds: float,
    ) -> None:
        self._database = database
        self._opening = opening
        self._windows = windows
        self._storage = storage
        self._lease_seconds = lease_seconds
        self._wait_seconds = wait_seconds

    async def push(self, input: PushInput, attempt: int, progress: Progress) -> PushResult:
        """Load everything or nothing, once for the window."""
        async with self._opening.open(input.scope.tenant, input.destination.connection) as opened:
            self._check_mode(opened, input)
            target = opened.target(input.destination.target)
            async with self._lease(input.scope, input.stream, attempt, progress) as epoch:
                noted = {
                    "connection": opened.name,
                    "connection_id": str(opened.id),
                    "target": input.destination.target,
                    "mode": input.destination.mode,
                }
                window = await self._windows.begin_push(input.scope, input.window_id, epoch, input.part, noted)
                cursor = None
                if window["slice_of"] is not None:
                    cursor = {"slice_of": window["slice_of"], "lower": window["lower"], "upper": window["upper"]}
                progress.reached("push.begun")

                def write() -> PushResult:
                    with self._tables(input.datasets) as tables:
                        load = Load(
                            key=LoadKey(input.scope.workflow_id, input.stream, input.window_id, input.part),
                            run_id=input.scope.run_id,
                            attempt=attempt,
                            epoch=epoch,
                            target=target,
                            mode=input.destination.mode,
                            keys=input.destination.keys,
                            checksum=_checksum(input.datasets),
                            tables=tables,
                            cursor=cursor,
                            hops=input.hops,
                        )
                        done = opened.ends.destination().write(load, progress)
                    return PushResult(
                        rows=done.rows,
                        inserted=done.inserted,
                        updated=done.updated,
                        deduplicated=done.deduplicated,
                        bytes=done.bytes,
                        attempt=attempt,
                        already=done.already,
                    )

                try:
                    result = await asyncio.to_thread(write)
                except Fenced as fenced:
                    await self._count_on(input.scope, input.stream, epoch, fenced)
                    raise
        progress.reached("push.released")
        return result

    def _check_mode(self, opened: Opened, input: PushInput) -> None:
        modes = opened.kind.capabilities.write_modes
        if input.destination.mode not in modes:
            raise ConnectorError(
                ErrorType.CONFIGURATION_INVALID,
                f"Connection {opened.name!r} of kind {opened.kind.name} writes in these modes: {', '.join(modes)}.",
            )

    @contextmanager
    def _tables(self, datasets: Sequence[DatasetRef]) -> Iterator[list[LoadTable]]:
        """The datasets as local files, compared with their sums."""
        with ExitStack() as stack:
            tables = []
            for dataset in datasets:
                parts = stack.enter_context(self._storage.local_parts(dataset))
                tables.append(LoadTable(dataset.table_schema, dataset.rows, dataset.bytes, tuple(parts)))
            yield tables

    @asynccontextmanager
    async def _lease(self, scope: RunScope, stream: str, attempt: int, progress: Progress) -> AsyncIterator[int]:
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

    async def _count_on(self, scope: RunScope, stream: str, epoch: int, fenced: Fenced) -> None:
        """Count epochs on from a fence that is ahead of a lease we still hold, for the next attempt."""
        if fenced.stands is not None:
            async with self._database.work(scope.tenant) as work:
                if await repository.lift(work, scope.workflow_id, stream, epoch, fenced.stands):
                    structlog.get_logger().warning("epochs_lifted", workflow=str(scope.workflow_id))


def _checksum(datasets: Sequence[DatasetRef]) -> str:
    found = hashlib.sha256()
    for dataset in datasets:
        found.update(bytes.fromhex(dataset.content_hash))
    return found.hexdigest()
