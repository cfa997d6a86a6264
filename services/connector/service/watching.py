"""Listing watches: new object versions below a prefix become facts, once each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.data import ObjectVersion
from contracts.events.connections import ObjectSeen
from contracts.events.workflows import WatchConfigured, WorkflowDeleted
from contracts.objects import matches, why_ignored
from services.chassis.database import Database, UnitOfWork
from services.chassis.sweeping import KEEP_RECEIPTS, LOT
from services.connector.clients.s3 import Listed
from services.connector.repository import watches as repository

# Files that are there when a watch begins are not news to it. Stores tell times in whole seconds, so what came in the
# second before is told: a file too many is claimed once all the same, one too few would be missed.
_GRACE = timedelta(seconds=1)


@dataclass(frozen=True)
class Watch:
    """What is looked for, where."""

    trigger_id: UUID
    tenant: UUID
    workflow_id: UUID
    connection: str
    bucket: str
    prefix: str
    pattern: str
    interval_seconds: float
    version: int
    since: datetime
    based: bool

    @classmethod
    def of(cls, row: RowMapping) -> "Watch":
        """The watch in a row."""
        return cls(
            trigger_id=row["trigger_id"],
            tenant=row["tenant"],
            workflow_id=row["workflow_id"],
            connection=row["connection"],
            bucket=row["bucket"],
            prefix=row["prefix"],
            pattern=row["pattern"],
            interval_seconds=row["interval_seconds"],
            version=row["version"],
            since=row["since"],
            based=row["baseline_at"] is not None,
        )


async def configure(work: UnitOfWork, event: WatchConfigured, at: datetime) -> None:
    """Begin, change or end a watch. One that looks elsewhere, or was off, begins anew."""
    if event.state == "removed":
        await repository.remove(work, event.trigger_id)
        return
    before = await repository.get(work, event.trigger_id, lock=True)
    if before is not None and before["configured_at"] > at:
        return  # an older event that comes late
    place = {
        "workflow_id": event.workflow_id,
        "connection": event.connection,
        "bucket": event.bucket,
        "prefix": event.prefix,
        "pattern": event.pattern,
    }
    same = before is not None and before["enabled"] and all(before[name] == value for name, value in place.items())
    values = {
        **place,
        "interval_seconds": event.interval_seconds,
        "enabled": event.enabled,
        "version": 1 if before is None else before["version"] + 1,
        "since": before["since"] if before is not None and same else at,
        "baseline_at": before["baseline_at"] if before is not None and same else None,
        "configured_at": at,
    }
    await repository.put(work, event.trigger_id, values)


async def forget_workflow(work: UnitOfWork, event: WorkflowDeleted) -> None:
    """A workflow is gone, and its watches with it."""
    await repository.remove_workflow(work, event.workflow_id)


class Watching:
    """What one round of one watch does, apart from listing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enabled(self) -> list[Watch]:
        """All watches that are on."""
        async with self._database.system() as work:
            return [Watch.of(row) for row in await repository.enabled(work)]

    async def known(self, watch: Watch) -> set[str]:
        """What the watch has seen so far."""
        async with self._database.work(watch.tenant) as work:
            return await repository.known(work, watch.trigger_id)

    def wanted(self, watch: Watch, listed: Sequence[Listed]) -> list[Listed]:
        """Of a listing, what the watch is about."""
        return [item for item in listed if matches(watch.pattern, item.key) and not why_ignored(item.key, item.size)]

    async def begin(self, watch: Watch, listed: Sequence[Listed], clock_difference: timedelta) -> set[str] | None:
        """Note what was there before the watch was; None when the watch is another one by now.

        `clock_difference` is how far the store's clock is ahead of ours.
        """
        border = watch.since + clock_difference - _GRACE
        old = {item.version_in(watch.bucket).identity for item in listed if item.modified.astimezone(UTC) < border}
        async with self._database.work(watch.tenant) as work:
            if not await self._still(work, watch):
                return None
            await repository.see(work, watch.trigger_id, old)
            await repository.based(work, watch.trigger_id, work.clock.now())
        return old

    async def tell(self, watch: Watch, found: Sequence[tuple[str, ObjectVersion]]) -> int:
        """Publish object versions that were not seen before, and that they are seen, in one transaction."""
        async with self._database.work(watch.tenant) as work:
            if not await self._still(work, watch):
                return 0
            by_identity = dict(found)
            new = await repository.see(work, watch.trigger_id, by_identity)
            for identity in sorted(new):
                event = ObjectSeen(
                    trigger_id=watch.trigger_id,
                    workflow_id=watch.workflow_id,
                    object=by_identity[identity],
                    seen_at=work.clock.now(),
                )
                await work.publish(event, key=watch.workflow_id)
        return len(new)

    async def forget(self, watch: Watch, gone: set[str]) -> set[str]:
        """Forget objects that were seen long ago and are not in the bucket any more; returns those.

        One that comes back with the same bytes is told again; the window that loaded it still holds it.
        """
        async with self._database.work(watch.tenant) as work:
            before = work.clock.now() - KEEP_RECEIPTS
            return await repository.forget(work, watch.trigger_id, sorted(gone)[:LOT], before)

    async def _still(self, work: UnitOfWork, watch: Watch) -> bool:
        row = await repository.get(work, watch.trigger_id, lock=True)
        return row is not None and row["enabled"] and row["version"] == watch.version
