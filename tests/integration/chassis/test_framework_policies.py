"""What a framework's acknowledgement policies do with the events that our own loop neither loses nor repeats for ever.

These are measured facts behind decision 0001; when one of them changes with an upgrade, the decision may be looked at
again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from deploy.local.state import State
from services.chassis.topics import connected_admin
from tests.integration.chassis.conftest import make_topics, until

Handler = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def subscribed(kafka: str, topic: str, handler: Handler, policy: AckPolicy | None) -> AsyncIterator[KafkaBroker]:
    """A framework's subscriber while the block runs."""
    options = {} if policy is None else {"ack_policy": policy}
    broker = KafkaBroker(kafka, logger=None, **options)  # type: ignore[arg-type]
    broker.subscriber(topic, group_id=f"{topic}-group", auto_offset_reset="earliest")(handler)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


@pytest.fixture
async def topic(servers: State) -> AsyncIterator[str]:
    """A topic of this test's own."""
    name = f"t{secrets.token_hex(4)}-policies"
    await make_topics(servers.kafka, [name], 1)
    yield name
    async with connected_admin(servers.kafka) as admin:
        await admin.delete_topics([name])


@pytest.mark.parametrize("policy", [None, AckPolicy.ACK_FIRST, AckPolicy.ACK, AckPolicy.REJECT_ON_ERROR])
async def test_what_a_handler_raised_for_is_lost(servers: State, topic: str, policy: AckPolicy | None) -> None:
    handled: list[int] = []
    raised = False

    async def handle(number: int) -> None:
        nonlocal raised
        if number == 2 and not raised:
            raised = True
            raise LookupError
        handled.append(number)

    async def heard(number: int) -> bool:
        return number in handled

    async with subscribed(servers.kafka, topic, handle, policy) as broker:
        for number in (1, 2, 3, 4):
            await broker.publish(number, topic=topic)
        await until(lambda: heard(4))
    # Nor does it come after a restart.
    async with subscribed(servers.kafka, topic, handle, policy) as broker:
        await broker.publish(5, topic=topic)
        await until(lambda: heard(5))
    assert raised
    assert 2 not in handled


async def test_what_always_raises_stops_all_that_is_behind_it(servers: State, topic: str) -> None:
    handled: list[int] = []
    tries = 0
    enough = asyncio.Event()

    async def handle(number: int) -> None:
        nonlocal tries
        if number == 2:
            tries += 1
            if tries > 50:
                enough.set()
            raise LookupError
        handled.append(number)

    async with subscribed(servers.kafka, topic, handle, AckPolicy.NACK_ON_ERROR) as broker:
        for number in (1, 2, 3):
            await broker.publish(number, topic=topic)
        async with asyncio.timeout(30):
            await enough.wait()
    assert handled == [1]
