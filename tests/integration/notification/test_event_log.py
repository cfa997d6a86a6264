"""The log of events: complete, in order, read once by each handler, forgotten when it is old."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.events.modules import ModuleVersionPublished
from services.chassis.errors import TransientError
from services.notification.dispatch import Janitor
from services.notification.service import EventLog
from tests.conformance.webhook_targets import serving
from tests.integration.composed import Composed
from tests.integration.notification.world import (
    MovableClock,
    dispatching,
    drift,
    finished,
    heard,
    make_rule,
    notifications,
    take,
    until,
)


async def test_a_replay_sends_nothing_twice(world: Composed) -> None:
    async with serving() as target, dispatching(world):
        await make_rule(world, url=target.url)
        events = [heard(world, drift()) for _ in range(40)]
        await take(world, *events)

        async def all_arrived() -> bool:
            return len(await notifications(world, state="delivered", rule="tell")) == 40

        await until(all_arrived)
        # As if the inbox had forgotten everything: the log and the deliveries themselves know.
        for event in events:
            await take(world, event)
        await take(world, *events)
        late = heard(world, drift())
        await take(world, late)

        async def late_arrived() -> bool:
            return len(target.requests) >= 41

        await until(late_arrived)
    ids = [request.headers["webhook-id"] for request in target.requests]
    assert len(ids) == len(set(ids)) == 41
    rows = await world.sql("SELECT count(*) AS n FROM notification.event_log WHERE tenant = $1", world.tenant)
    assert rows[0]["n"] == 41


class Forgetful(EventLog):
    """The event log without the stable identity of notifications."""

    def _delivery(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        return super()._delivery(*arguments, **named) | {"id": uuid4()}


async def test_without_a_stable_identity_a_replay_sends_twice(world: Composed) -> None:
    """The same story seen red."""
    await make_rule(world)
    event = heard(world, drift())
    for log in (EventLog("http://here"), EventLog("http://here"), Forgetful("http://here"), Forgetful("http://here")):
        async with world.platforms["notification"].database.work(world.tenant) as work:
            await log.take(work, [event])
    assert len(await notifications(world)) == 3


async def test_the_log_is_read_page_by_page_backwards_and_followed_forwards(world: Composed) -> None:
    run = uuid4()
    for number in range(7):
        envelope, event = heard(world, finished(workflow=f"w{number}"), **({"run": run} if number % 2 else {}))
        await take(world, (envelope, event))

    async def read(path: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = (await world.request("GET", f"/api/events?limit=3{path}{cursor}")).json()
            found += [item["data"]["workflow"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    assert await read("") == [f"w{n}" for n in range(6, -1, -1)]
    assert await read("&after=0") == [f"w{n}" for n in range(7)]
    assert await read(f"&run={run}") == ["w5", "w3", "w1"]
    assert await read(f"&run={run}&after=0") == ["w1", "w3", "w5"]
    assert len(await read("&type=run.*")) == len(await read("&type=run.finished")) == 7
    assert len(await read("&type=run.finished.v1")) == 7
    assert await read("&type=drift.*") == []
    third = (await world.request("GET", "/api/events?after=0&limit=3")).json()["items"][2]["position"]
    assert await read(f"&after={third}") == ["w3", "w4", "w5", "w6"]
    for wrong in ("type=nonsense", "after=-1", "run=x", "cursor=!!", "unknown=1"):
        assert (await world.request("GET", f"/api/events?{wrong}")).status_code == 422, wrong


async def test_positions_become_visible_in_their_order(world: Composed) -> None:
    """A follower that reads on from the last position it saw misses nothing, however many write at once."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        last = 0
        while True:
            ended = done.is_set()
            page = (await world.request("GET", f"/api/events?after={last}&limit=500")).json()["items"]
            seen.extend(item["position"] for item in page)
            last = seen[-1] if seen else 0
            if ended and not page:
                return

    async def write() -> None:
        for _ in range(15):
            await take(world, heard(world, finished()), heard(world, finished()))

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write() for _ in range(4)))
    done.set()
    await follower
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen)


async def test_who_writes_later_waits_for_who_wrote_first(world: Composed) -> None:
    """Positions are given out when a transaction writes, and seen when it commits: these must be the same order."""
    database, log = world.platforms["notification"].database, EventLog("http://here")
    async with database.work(world.tenant) as first:
        await log.take(first, [heard(world, finished(workflow="first"))])
        second = asyncio.create_task(take(world, heard(world, finished(workflow="second"))))
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert not done
        # Another workspace does not wait.
        other = uuid4()
        async with database.work(other) as work:
            await log.take(work, [heard(world, finished(), tenant=other)])
    await second
    items = (await world.request("GET", "/api/events?after=0")).json()["items"]
    assert [item["data"]["workflow"] for item in items] == ["first", "second"]


async def test_a_lock_that_somebody_holds_is_the_worlds_fault(world: Composed) -> None:
    """A process that stands still in its transaction must not turn the events of others into dead letters."""
    database, log = world.platforms["notification"].database, EventLog("http://here")
    async with database.work(world.tenant) as stopped:
        await log.take(stopped, [heard(world, finished())])

        async def impatient() -> None:
            async with database.work(world.tenant) as work:
                await work.connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
                await log.take(work, [heard(world, finished())])

        with pytest.raises(TransientError):
            await impatient()


async def test_many_events_at_once_are_quick(world: Composed) -> None:
    published = ModuleVersionPublished(
        module_id=uuid4(),
        name="m",
        version=1,
        content_hash="0" * 64,
        input_fingerprint="",
        output_fingerprint="",
        current=True,
    )
    events = [heard(world, published) for _ in range(1_000)]
    began = time.monotonic()
    await take(world, *events)
    assert time.monotonic() - began < 5
    rows = await world.sql("SELECT count(*) AS n FROM notification.event_log WHERE tenant = $1", world.tenant)
    assert rows[0]["n"] == 1_000


async def test_what_is_old_is_forgotten_and_what_is_owed_is_not(world: Composed, clock: MovableClock) -> None:
    await make_rule(world)
    await take(world, heard(world, drift()))
    async with dispatching(world):

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        await until(arrived)
    await take(world, heard(world, drift()))
    janitor = Janitor(world.platforms["notification"].database, clock, timedelta(days=90))
    assert await janitor.sweep() == 0
    clock.ahead = timedelta(days=91)
    assert await janitor.sweep() == 3
    assert [item["state"] for item in await notifications(world)] == ["pending"]
    assert (await world.request("GET", "/api/events")).json()["items"] == []
