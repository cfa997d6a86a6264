"""Push: one load of a stream at a time, under a lease whose epoch the destination itself checks."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from contracts.commands.connector import PushInput, PushResult
from contracts.data import DatasetRef
from contracts.runs import ErrorType
from services.connector.destinations.base import Load, LoadKey, LoadTable
from services.connector.failures import ConnectorError, Fenced
from services.connector.progress import Progress
from services.connector.service.leases import Leases
from services.connector.service.opening import Opened, Opening
from services.connector.service.windows import Windows

if TYPE_CHECKING:
    from services.chassis.storage import Storage


class Pushing:
    """Loads datasets into destinations."""

    def __init__(self, leases: Leases, opening: Opening, windows: Windows, storage: "Storage") -> None:
        self._leases = leases
        self._opening = opening
        self._windows = windows
        self._storage = storage

    async def push(self, input: PushInput, attempt: int, progress: Progress) -> PushResult:
        """Load everything or nothing, once for the window."""
        async with self._opening.open(input.scope.tenant, input.destination.connection) as opened:
            self._check_mode(opened, input)
            target = opened.target(input.destination.target)
            async with self._leases.hold(input.scope, input.stream, attempt, progress) as epoch:
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
                    await self._leases.count_on(input.scope, input.stream, epoch, fenced)
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


def _checksum(datasets: Sequence[DatasetRef]) -> str:
    found = hashlib.sha256()
    for dataset in datasets:
        found.update(bytes.fromhex(dataset.content_hash))
    return found.hexdigest()
