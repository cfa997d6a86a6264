"""Windows: the slices of a source, each handed out once, recorded before a byte of it is read."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from contracts.commands.command import RunScope
from contracts.data import ObjectVersion
from contracts.events.connections import WindowCommitted
from contracts.runs import ErrorType
from services.chassis.database import Database, UnitOfWork
from services.connector.destinations.base import Loaded, LoadKey
from services.connector.failures import ConnectorError, Fenced
from services.connector.repository import windows as repository
from services.connector.run_states import RunStates
from services.connector.service.opening import Opening
from services.connector.sources.base import Bounds

_ROUNDS = 3


@dataclass(frozen=True)
class Claimed:
    """A run's window. The same run gets the same one however often it asks."""

    id: UUID
    objects: tuple[ObjectVersion, ...] = ()
    bounds: Bounds | None = None
    empty: bool = False


class Windows:
    """Hands windows out, and finds out what became of those whose runs did not say."""

    def __init__(self, database: Database, opening: Opening, runs: RunStates) -> None:
        self._database = database
        self._opening = opening
        self._runs = runs

    async def known(self, scope: RunScope, stream: str) -> Claimed | None:
        """The window that this run has claimed before."""
        async with self._database.work(scope.tenant) as work:
            return await self._known(work, scope, stream)

    async def claim_objects(self, scope: RunScope, stream: str, wanted: Sequence[ObjectVersion]) -> Claimed:
        """A window of those of these object versions that no other window of the workflow holds."""
        for _ in range(_ROUNDS):
            async with self._database.work(scope.tenant) as work:
                holders = await repository.holders(work, scope.workflow_id, stream, scope.run_id, wanted)
            # What the runs of these windows left behind is settled first, so that nothing stays stuck with them.
            if not await self._settle_ended(scope.tenant, [(row["id"], row["run_id"]) for row in holders]):
                break
        async with self._database.work(scope.tenant) as work:
            window_id = await repository.add(work, self._row(work, scope, stream))
            if window_id is not None:
                await repository.hold(work, window_id, scope.workflow_id, stream, wanted)
            return await self._surely(work, scope, stream)

    async def claim_entry(self, scope: RunScope, stream: str, entry: UUID) -> Claimed:
        """A window of one released file; an empty one when an earlier run has loaded it after all."""
        async with self._database.work(scope.tenant) as work:
            others = await repository.others_open(work, scope.workflow_id, stream, scope.run_id, entry=entry)
        await self._settle_ended(scope.tenant, [(row["id"], row["run_id"]) for row in others])
        async with self._database.work(scope.tenant) as work:
            await repository.lock_stream(work, scope.workflow_id, stream)
            known = await self._known(work, scope, stream)
            if known is not None:
                return known
            if await repository.others_open(work, scope.workflow_id, stream, scope.run_id, entry=entry):
                raise ConnectorError(ErrorType.LEASE_HELD, "Another run is loading this file.")
            loaded = await repository.entry_loaded(work, entry)
            await repository.add(work, self._row(work, scope, stream, quarantine_entry=None if loaded else entry))
            return await self._surely(work, scope, stream)

    async def lower_bound(self, scope: RunScope, stream: str, slice_of: str) -> str | None:
        """How far this slice was read; waits for nobody, but settles what ended runs left open."""
        async with self._database.work(scope.tenant) as work:
            others = await repository.others_open(work, scope.workflow_id, stream, scope.run_id)
        await self._settle_ended(scope.tenant, [(row["id"], row["run_id"]) for row in others])
        async with self._database.work(scope.tenant) as work:
            if await repository.others_open(work, scope.workflow_id, stream, scope.run_id):
                raise ConnectorError(ErrorType.LEASE_HELD, "Another run is reading this table.")
            return await repository.last_upper(work, scope.workflow_id, stream, slice_of)

    async def claim_slice(self, scope: RunScope, stream: str, slice_of: str | None, bounds: Bounds) -> Claimed:
        """A window of a table's slice. `slice_of` None: the whole table, which any number of runs may read."""
        async with self._database.work(scope.tenant) as work:
            await repository.lock_stream(work, scope.workflow_id, stream)
            known = await self._known(work, scope, stream)
            if known is not None:
                return known
            if slice_of is not None:
                others = await repository.others_open(work, scope.workflow_id, stream, scope.run_id)
                last = await repository.last_upper(work, scope.workflow_id, stream, slice_of)
                if others or last != bounds.lower:
                    raise ConnectorError(ErrorType.LEASE_HELD, "Another run is reading this table.")
            row = self._row(work, scope, stream, slice_of=slice_of, lower=bounds.lower, upper=bounds.upper)
            await repository.add(work, row)
            return await self._surely(work, scope, stream)

    async def begin_push(
        self, scope: RunScope, window_id: UUID, epoch: int, part: str, destination: dict[str, Any]
    ) -> RowMapping:
        """Note where a push goes before it goes; raises Fenced when the window is no longer this run's."""
        async with self._database.work(scope.tenant) as work:
            window = await repository.begin_push(work, window_id, scope.run_id, epoch, part, destination)
        if window is None:
            raise Fenced
        return window

    async def close(self, scope: RunScope, window_id: UUID | None, outcome: str, rows: int) -> None:
        """A run says how its window ended; saying it again changes nothing."""
        async with self._database.work(scope.tenant) as work:
            if window_id is None:
                found = await repository.of_run(work, scope.run_id)
                if found is None:
                    return
                window_id = found["id"]
            window = await repository.get(work, window_id, lock=True)
            if window is None or window["run_id"] != scope.run_id:
                raise ConnectorError(ErrorType.NOT_FOUND, "The run has no such window.")
            if window["state"] in repository.OPEN:
                await self._close(work, window, outcome, rows)

    async def ended(self, tenant: UUID, run_id: UUID, stream: str) -> RowMapping | None:
        """The window of a run that is over, as it ended; raises LEASE_HELD while it is not."""
        async with self._database.work(tenant) as work:
            window = await repository.of_run(work, run_id, stream)
        if window is None or window["state"] not in repository.OPEN:
            return window
        if not await self._settle_ended(tenant, [(window["id"], run_id)]):
            raise ConnectorError(ErrorType.LEASE_HELD, "The run is still under way.")
        async with self._database.work(tenant) as work:
            return await repository.get(work, window["id"])

    async def _close(self, work: UnitOfWork, window: RowMapping, outcome: str, rows: int) -> None:
        await repository.close(work, window["id"], outcome, rows)
        if outcome == "committed":
            await work.publish(
                WindowCommitted(
                    window_id=window["id"],
                    workflow_id=window["workflow_id"],
                    run_id=window["run_id"],
                    stream=window["stream"],
                    rows=rows,
                ),
                key=window["workflow_id"],
                run=window["run_id"],
            )

    async def _settle_ended(self, tenant: UUID, found: Sequence[tuple[UUID, UUID]]) -> bool:
        """Settle the windows whose runs are over; whether there were any."""
        some = False
        for window_id, run in found:
            if await self._runs.ended(tenant, run):
                await self._settle(tenant, window_id)
                some = True
        return some

    async def _settle(self, tenant: UUID, window_id: UUID) -> None:
        """Close an open window of a run that is over, as its destination says that it ended."""
        async with self._database.work(tenant) as work:
            window = await repository.get(work, window_id, lock=True)
            if window is None or window["state"] not in repository.OPEN:
                return
            if window["state"] == "claimed":
                # Nothing was ever sent anywhere, and from here on nothing will: a push asks for this state first.
                await repository.close(work, window_id, "released", None)
                return
        loaded = await self._ask_destination(tenant, window)
        async with self._database.work(tenant) as work:
            now = await repository.get(work, window_id, lock=True)
            if now is None or now["state"] != "pushing" or now["epoch"] != window["epoch"]:
                return
            outcome = "released" if loaded is None else "committed"
            structlog.get_logger().info("window_settled", window=str(window_id), outcome=outcome)
            await self._close(work, now, outcome, loaded.inserted + loaded.updated if loaded else 0)

    async def _ask_destination(self, tenant: UUID, window: RowMapping) -> Loaded | None:
        destination = window["destination"]
        try:
            async with self._opening.open(tenant, destination["connection"]) as opened:
                if str(opened.id) != destination["connection_id"]:
                    return None
                end, target = opened.ends.destination(), opened.target(destination["target"])
                found = None
                for part in window["parts"]:
                    key = LoadKey(window["workflow_id"], window["stream"], window["id"], part)
                    found = await asyncio.to_thread(end.settle, key, window["epoch"] + 1, target) or found
                return found
        except ConnectorError as error:
            if error.type != ErrorType.NOT_FOUND:
                raise
            # The connection is gone: what lies behind it is no longer this platform's to know.
            return None

    async def _known(self, work: UnitOfWork, scope: RunScope, stream: str) -> Claimed | None:
        window = await repository.of_run(work, scope.run_id, stream)
        if window is None:
            return None
        if window["workflow_id"] != scope.workflow_id:
            raise ConnectorError(ErrorType.CONFLICT, "The run belongs to another workflow.")
        objects = await repository.objects_of(work, window["id"])
        empty = not objects and window["quarantine_entry"] is None and window["slice_of"] is None
        bounds = Bounds(window["lower"], window["upper"])
        return Claimed(window["id"], tuple(objects), bounds, empty)

    async def _surely(self, work: UnitOfWork, scope: RunScope, stream: str) -> Claimed:
        found = await self._known(work, scope, stream)
        if found is None:
            raise ConnectorError(ErrorType.CONFLICT, "The window that was just claimed is not there.")
        return found

    def _row(self, work: UnitOfWork, scope: RunScope, stream: str, **values: Any) -> dict[str, Any]:
        made = {"id": work.ids.new(), "workflow_id": scope.workflow_id, "stream": stream, "run_id": scope.run_id}
        return {**made, **values}
