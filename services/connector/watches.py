"""The loop that lists buckets for watches, each at its own interval; what is wrong with one is no other's concern."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from contracts.data import ObjectVersion
from contracts.runs import ErrorType
from services.chassis import metrics
from services.chassis.errors import TransientError
from services.connector.clients.s3 import Listed, S3Store
from services.connector.failures import ConnectorError
from services.connector.progress import Milestones
from services.connector.service.opening import Opening
from services.connector.service.watching import Watch, Watching

_LOOK_SECONDS = 0.5  # until a watch that was just configured is noticed
_MAX_BACKOFF = 60.0
_NAME = "watches"
_SWEEP_SECONDS = 3600.0


@dataclass
class _Round:
    """What this process remembers of a watch between its rounds."""

    watch: Watch
    next_at: float = 0.0
    failures: int = 0
    known: set[str] | None = None
    swept: float = float("-inf")
    waiting: dict[str, tuple[str, int]] = field(default_factory=dict)  # new keys, as they were last time
    task: "asyncio.Task[None] | None" = None


class WatchLoop:
    """Lists for all watches of all tenants. Two of these at once tell everything once, too: the database decides."""

    def __init__(
        self,
        watching: Watching,
        opening: Opening,
        milestones: Milestones,
        *,
        concurrency: int,
        settle_seconds: float,
    ) -> None:
        self._watching = watching
        self._opening = opening
        self._milestones = milestones
        self._places = asyncio.Semaphore(concurrency)
        self._settle = timedelta(seconds=settle_seconds)
        self._rounds: dict[UUID, _Round] = {}
        # Only spreads retries in time; nothing secret depends on it.
        self._jitter = random.Random()  # noqa: S311

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        try:
            while not stop.is_set():
                try:
                    await self._look()
                except TransientError as error:
                    metrics.LOOP_FAILURES.labels("connector", _NAME).inc()
                    structlog.get_logger().warning("watches_not_read", cause=type(error).__name__)
                try:
                    await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
                except TimeoutError:
                    continue
        finally:
            tasks = [item.task for item in self._rounds.values() if item.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Start the rounds that are due."""
        enabled = {watch.trigger_id: watch for watch in await self._watching.enabled()}
        for trigger_id in self._rounds.keys() - enabled.keys():
            gone = self._rounds.pop(trigger_id)
            if gone.task is not None:
                gone.task.cancel()
        now = time.monotonic()
        for trigger_id, watch in enabled.items():
            item = self._rounds.get(trigger_id)
            if item is None or item.watch.version != watch.version:
                if item is not None and item.task is not None:
                    item.task.cancel()
                item = self._rounds[trigger_id] = _Round(watch)
            item.watch = watch
            if item.next_at <= now and (item.task is None or item.task.done()):
                item.task = asyncio.create_task(self._one(item), name=f"watch {trigger_id}")

    async def _one(self, item: _Round) -> None:
        """One round of one watch, and when the next one is."""
        pause = item.watch.interval_seconds
        try:
            async with self._places:
                await self._list(item)
            item.failures = 0
        except Exception as error:
            item.failures += 1
            item.known = None
            pause = min(_MAX_BACKOFF, max(pause, 2.0 ** min(item.failures, 6))) * self._jitter.uniform(0.5, 1.0)
            metrics.LOOP_FAILURES.labels("connector", _NAME).inc()
            structlog.get_logger().warning(
                "watch_failed",
                tenant=str(item.watch.tenant),
                trigger=str(item.watch.trigger_id),
                failures=item.failures,
                reason=error.message if isinstance(error, ConnectorError) else type(error).__name__,
            )
        item.next_at = time.monotonic() + pause

    async def _list(self, item: _Round) -> None:
        watch = item.watch
        async with self._opening.open(watch.tenant, watch.connection) as opened:
            if opened.ends.files is None:
                return
            store = opened.ends.files()
            if store.bucket != watch.bucket:
                return
            listed, ahead = await asyncio.to_thread(_listing, store, watch)
            wanted = self._watching.wanted(watch, listed)
            if not watch.based:
                if await self._watching.begin(watch, wanted, ahead) is None:
                    return
                item.known = None
            if item.known is None:
                item.known = await self._watching.known(watch)
            await self._forget(item, {one.version_in(watch.bucket).identity for one in wanted})
            new = [one for one in wanted if one.version_in(watch.bucket).identity not in (item.known or ())]
            ready = self._settled(item, new, datetime.now(UTC) + ahead)
            if not ready:
                return
            versions = await asyncio.to_thread(_versions, store, ready)
        told = await self._watching.tell(watch, versions)
        item.known |= {identity for identity, _ in versions}
        if told:
            self._milestones.reached("watch.seen")

    async def _forget(self, item: _Round, there: set[str]) -> None:
        """Now and then, forget what was seen and has gone from the bucket since: a whole listing says so."""
        now = time.monotonic()
        if item.known is None or now - item.swept < _SWEEP_SECONDS or not (gone := item.known - there):
            return
        item.swept = now
        item.known -= await self._watching.forget(item.watch, gone)

    def _settled(self, item: _Round, new: Sequence[Listed], now: datetime) -> list[Listed]:
        """Of what is new, what is not still being written: unchanged since the last round, or for a while."""
        before, item.waiting = item.waiting, {one.key: (one.etag, one.size) for one in new}
        return [
            one
            for one in new
            if before.get(one.key) == (one.etag, one.size) or one.modified.astimezone(UTC) + self._settle <= now
        ]


def _listing(store: S3Store, watch: Watch) -> tuple[list[Listed], timedelta]:
    """What lies below the prefix, and how far the store's clock is ahead of ours."""
    listed = list(store.listing(watch.prefix))
    return listed, store.clock_difference


def _versions(store: S3Store, ready: Sequence[Listed]) -> list[tuple[str, ObjectVersion]]:
    """The versions as they are now, each with the identity its listing line had."""
    found = []
    for one in ready:
        try:
            current, _ = store.head(one.key)
        except ConnectorError as error:
            if error.type != ErrorType.NOT_FOUND:
                raise
            continue  # removed since; there is nothing to tell
        if current.etag == one.etag:
            found.append((one.version_in(store.bucket).identity, current))
    return found
