"""A broker that is killed, and one that stands still: events wait, and each has its effect once."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator

import pytest

from contracts.events.runs import RunRequested
from deploy.local.launcher import Stack
from services.chassis.consumer import Consumer
from services.chassis.handlers import Handlers
from services.chassis.outbox import Relay
from services.chassis.producer import Producer
from tests.conftest import open_folder
from tests.integration.chassis.conftest import PARTITIONS, SCHEMA, SERVICE, Bus, make_topics, running, until
from tests.integration.chassis.consuming import Effects
from tests.integration.conftest import ROLE_PASSWORD, Place

TENANT = uuid.UUID(int=42)


@pytest.fixture
async def own_bus() -> AsyncIterator[tuple[Bus, Stack]]:
    """Servers that nobody else uses, because their broker is going to be killed."""
    async with Stack(open_folder() / "stack", services=False) as stack:
        place = Place(stack.state.database_admin_url)
        await place.prepare(SERVICE, root=SCHEMA)
        producer = Producer(stack.state.kafka)
        await producer.start()
        bus = Bus(place, stack.state.kafka, "outage-", producer)
        await make_topics(bus.kafka, [bus.runs], PARTITIONS)
        await make_topics(bus.kafka, [bus.letters], 1)
        yield bus, stack
        await producer.stop()
        await place.close()


async def test_events_wait_for_the_broker(own_bus: tuple[Bus, Stack]) -> None:
    bus, stack = own_bus
    handlers = Handlers()
    handlers.on(RunRequested, Effects().one)
    relay = Relay(SERVICE, bus.place.url, ROLE_PASSWORD, bus.producer, prefix=bus.prefix)
    consumer = Consumer(bus.database, bus.kafka, handlers, bus.producer, prefix=bus.prefix)
    sent = 0

    async def publish(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            await bus.publish(TENANT, sent, key=f"key-{sent % 7}")
            sent += 1

    async def effects(count: int) -> bool:
        return await bus.count("SELECT count(*) FROM effects") >= count

    async with running(relay.run, consumer.run):
        await publish(50)
        await until(lambda: effects(50))
        for blow in (signal.SIGKILL, signal.SIGSTOP):
            pid = stack.pid("kafka")
            await publish(25)
            os.kill(pid, blow)
            await publish(100)  # the outbox takes them all the same
            if blow is signal.SIGSTOP:
                await asyncio.sleep(8)  # longer than the consumers' session lasts
                os.kill(pid, signal.SIGCONT)
            await until(lambda: effects(sent), seconds=90)
        await until(lambda: _all_sent(bus))
    rows = await bus.admin("SELECT subject, number FROM effects ORDER BY id")
    assert len(rows) == sent
    assert {row["number"] for row in rows} == set(range(sent))
    for key in range(7):
        numbers = [row["number"] for row in rows if row["subject"] == f"key-{key}"]
        assert numbers == sorted(numbers)
    assert await bus.size(bus.letters) == 0
    assert await bus.count("SELECT count(*) FROM outbox WHERE status = 'parked'") == 0


async def _all_sent(bus: Bus) -> bool:
    return await bus.count("SELECT count(*) FROM outbox WHERE status = 'unsent'") == 0
