"""Listing watches: what was there before is no news, what comes is told once, and one broken watch stops no other."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from contracts.envelope import Envelope
from contracts.events.workflows import WatchConfigured, WorkflowDeleted
from services.connector.consumers import handlers
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Watcher:
    """A workspace with watches, and the loop that serves them."""

    def __init__(self, world: Composed, customer: Customer) -> None:
        self.world = world
        self.customer = customer
        self.workflow_id = uuid4()
        self._runner = Runner(world, customer, watch_settle_seconds=0.0)

    def event(self, **changes: Any) -> WatchConfigured:
        values: dict[str, Any] = {
            "trigger_id": uuid4(),
            "workflow_id": self.workflow_id,
            "connection": "landing",
            "bucket": self.customer.bucket,
            "prefix": f"{self.customer.prefix}/in/",
            "pattern": f"{self.customer.prefix}/in/*.csv",
            "interval_seconds": 0.5,
            "enabled": True,
        }
        return WatchConfigured(**(values | changes))

    async def hear(self, event: WatchConfigured | WorkflowDeleted, at: datetime | None = None) -> None:
        """An event of the orchestrator arrives."""
        name = "watch.configured.v1" if isinstance(event, WatchConfigured) else "workflow.deleted.v1"
        registered = handlers().of(name)
        assert registered is not None
        assert registered.one is not None
        envelope = Envelope(
            id=uuid4(),
            source="/services/orchestrator",
            type=name,
            subject="x",
            time=at or datetime.now(UTC),
            tenant=self.world.tenant,
        )
        async with self.world.platforms["connector"].database.work(self.world.tenant) as work:
            await registered.one(work, event, envelope)

    @asynccontextmanager
    async def running(self, loops: int = 1) -> AsyncIterator[None]:
        """The loop, or several of them as in several processes."""
        stop = asyncio.Event()
        services = [self._runner.service] + [
            Runner(self.world, self.customer, watch_settle_seconds=0.0).service for _ in range(loops - 1)
        ]
        tasks = [asyncio.create_task(service.loops[0].run(stop)) for service in services]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def seen(self) -> list[tuple[str, UUID]]:
        """What was told: the name of each object, and the trigger."""
        events = await self.world.published("connector")
        return [
            (body["object"]["key"].rpartition("/")[2], UUID(body["trigger_id"]))
            for name, body in events
            if name == "object.seen.v1"
        ]

    async def until(self, holds: Callable[[list[tuple[str, UUID]]], bool], seconds: float = 20) -> list[Any]:
        """Wait until something holds of what was told."""
        deadline = time.monotonic() + seconds
        while not holds(found := await self.seen()):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)
        return found

    async def based(self, trigger_id: UUID) -> None:
        """Wait until the watch has listed for the first time."""
        deadline = time.monotonic() + 20
        query = "SELECT 1 FROM connector.watches WHERE trigger_id = $1 AND baseline_at IS NOT NULL"
        while not await self.world.sql(query, trigger_id):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


@pytest.fixture
def watcher(connected: Composed, customer: Customer) -> Watcher:
    return Watcher(connected, customer)


LATER = timedelta(seconds=5)


async def test_what_comes_is_told_once_and_what_was_there_is_not(watcher: Watcher, customer: Customer) -> None:
    customer.put("in/before.csv", "id\n1\n")
    event = watcher.event()
    # The border between before and after is the moment of the event; stores tell whole seconds.
    border = datetime.now(UTC) + LATER
    await watcher.hear(event, border)
    async with watcher.running(loops=2):
        await watcher.based(event.trigger_id)
        # What comes before the border may have been there: the other loop may still be at its first listing.
        await asyncio.sleep(max(0.0, (border - datetime.now(UTC)).total_seconds() + 1))
        customer.put("in/new.csv", "id\n2\n")
        customer.put("in/new.csv.tmp", "id\n2\n")
        customer.put("in/empty.csv", "")
        customer.put("in/deeper/no.csv", "id\n2\n")
        customer.put("other/no.csv", "id\n2\n")
        await watcher.until(lambda found: bool(found))
        customer.put("in/again.csv", "id\n3\n")
        customer.put("in/new.csv", "id\n4\n")
        found = await watcher.until(lambda found: len(found) >= 3)
        await asyncio.sleep(1.5)
    assert found == await watcher.seen()
    assert sorted(name for name, _ in found) == ["again.csv", "new.csv", "new.csv"]
    assert {trigger for _, trigger in found} == {event.trigger_id}


async def test_a_file_that_comes_while_nobody_looks_is_told_later(watcher: Watcher, customer: Customer) -> None:
    event = watcher.event()
    await watcher.hear(event, datetime.now(UTC) - LATER)
    customer.put("in/early.csv", "id\n1\n")
    async with watcher.running():
        await watcher.until(lambda found: [name for name, _ in found] == ["early.csv"])
    customer.put("in/meanwhile.csv", "id\n2\n")
    async with watcher.running():
        found = await watcher.until(lambda found: len(found) == 2)
    assert [name for name, _ in found] == ["early.csv", "meanwhile.csv"]


async def test_a_file_dropped_into_the_folder_of_the_bucket_is_seen(watcher: Watcher, customer: Customer) -> None:
    event = watcher.event()
    await watcher.hear(event, datetime.now(UTC) - LATER)
    folder: Path = customer.state.landing / customer.prefix / "in"
    customer.put("in/first.csv", "id\n1\n")
    async with watcher.running():
        await watcher.based(event.trigger_id)
        (folder / "dropped.csv").write_text("id\n1\n")
        await watcher.until(lambda found: {name for name, _ in found} == {"first.csv", "dropped.csv"})


async def test_one_broken_watch_stops_no_other(watcher: Watcher, customer: Customer) -> None:
    def failures() -> float:
        found = REGISTRY.get_sample_value(
            "modulardata_loop_failures_total", {"service": "connector", "loop": "watches"}
        )
        return found or 0.0

    before = failures()
    await watcher.hear(watcher.event(connection="nowhere"))
    bad = {"endpoint_url": "http://127.0.0.1:1", "bucket": customer.bucket}
    body = {"name": "broken", "kind": "s3", "settings": bad, "secrets": customer.s3_secrets()}
    assert (await watcher.world.request("POST", "/api/connections", json=body)).status_code == 201
    await watcher.hear(watcher.event(connection="broken"))
    good = watcher.event()
    await watcher.hear(good, datetime.now(UTC) - LATER)
    customer.put("in/a.csv", "id\n1\n")
    async with watcher.running():
        found = await watcher.until(lambda found: bool(found))
    assert found == [("a.csv", good.trigger_id)]
    assert failures() > before


async def test_a_watch_changes_and_ends_when_it_is_told(watcher: Watcher, customer: Customer) -> None:
    event = watcher.event()
    await watcher.hear(event, datetime.now(UTC) - LATER)
    async with watcher.running():
        await watcher.based(event.trigger_id)
        await watcher.hear(event.model_copy(update={"enabled": False}))
        await asyncio.sleep(1.0)
        customer.put("in/off.csv", "id\n1\n")
        # On again: what came while it was off is no news.
        await watcher.hear(event, datetime.now(UTC) + LATER)
        # An older event that comes late changes nothing.
        await watcher.hear(event.model_copy(update={"enabled": False}), datetime.now(UTC) - LATER)
        await watcher.based(event.trigger_id)
        customer.put("in/on.csv", "id\n2\n")
        await watcher.until(lambda found: [name for name, _ in found] == ["on.csv"])
        await watcher.hear(event.model_copy(update={"state": "removed"}), datetime.now(UTC) + 2 * LATER)
        await asyncio.sleep(1.0)
        customer.put("in/gone.csv", "id\n3\n")
        await asyncio.sleep(1.5)
    assert [name for name, _ in await watcher.seen()] == ["on.csv"]
    assert await watcher.world.sql("SELECT 1 FROM connector.seen_objects WHERE tenant = $1", watcher.world.tenant) == []


async def test_a_workflow_that_is_gone_takes_its_watches_along(watcher: Watcher) -> None:
    await watcher.hear(watcher.event())
    await watcher.hear(WorkflowDeleted(workflow_id=watcher.workflow_id, name="flights"))
    assert await watcher.world.sql("SELECT 1 FROM connector.watches WHERE tenant = $1", watcher.world.tenant) == []
