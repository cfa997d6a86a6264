"""Topics of a test's own on the shared broker, and parts that run while a block does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.runs import RunRequested
from deploy.local.state import State
from services.chassis.producer import Producer
from services.chassis.topics import committed_offsets, connected_admin
from tests.integration.conftest import Place

SCHEMA = Path(__file__).parent / "schema"
SERVICE = "orchestrator"
DEADLINE = 30.0
PARTITIONS = 4


class Bus:
    """A service that exists in the tests only, its database, and its topics under a prefix of their own."""

    def __init__(self, place: Place, kafka: str, prefix: str, producer: Producer) -> None:
        self.place = place
        self.kafka = kafka
        self.prefix = prefix
        self.producer = producer
        self.runs = prefix + "runs"
        self.letters = prefix + "orchestrator-dlq"
        self.database = place.database(SERVICE)

    async def publish(self, tenant: UUID, number: int, *, key: str | None = None) -> UUID:
        """Commit one event."""
        async with self.database.work(tenant) as work:
            return await work.publish(event(number), key=key or str(number))

    def envelope(self, tenant: UUID, key: str, *, name: UUID | None = None, body: Contract | None = None) -> Envelope:
        """The envelope of an event of this service."""
        return Envelope(
            id=name or uuid4(),
            source="/services/orchestrator",
            type=type_of(body or RunRequested),
            subject=key,
            time=self.database.now(),
            tenant=tenant,
        )

    async def send(
        self,
        tenant: UUID,
        number: int,
        *,
        name: UUID | None = None,
        body: Contract | None = None,
        partition: int | None = None,
    ) -> UUID:
        """Put one event straight into the topic."""
        message = body or event(number)
        envelope = self.envelope(tenant, f"run-{number}", name=name, body=message)
        await self.producer.send_and_wait(
            self.runs,
            message.model_dump_json().encode(),
            envelope.subject.encode(),
            envelope.to_headers(),
            partition,
        )
        return envelope.id

    def body(self, number: int) -> bytes:
        """The bytes of an event that carries a number."""
        return event(number).model_dump_json().encode()

    async def has_effects(self, count: int, condition: str = "true", *, at_least: bool = False) -> bool:
        """Whether so many rows were written."""
        found = await self.count(f"SELECT count(*) FROM effects WHERE {condition}")
        assert found <= count or at_least, f"{found} effects, {count} were expected"
        return found >= count

    async def committed(self) -> dict[int, int]:
        """The group's offsets by partition."""
        offsets = await committed_offsets(self.kafka, self.prefix + "orchestrator")
        return {partition.partition: offset for partition, offset in offsets.items()}

    async def consumed(self) -> None:
        """Wait until every message of the topic is behind the group's offsets."""

        async def all_behind() -> bool:
            return sum((await self.committed()).values()) >= await self.size(self.runs)

        await until(all_behind)

    async def read(self, topic: str, count: int, *, quiet: float = 0.0) -> list[Any]:
        """The first `count` messages of a topic, by partition and offset; waits `quiet` seconds for one too many."""
        found: list[Any] = []
        client = AIOKafkaConsumer(bootstrap_servers=self.kafka, auto_offset_reset="earliest", enable_auto_commit=False)
        await client.start()
        try:
            partitions = self._partitions(topic)
            client.assign(partitions)
            await client.seek_to_beginning(*partitions)
            async with asyncio.timeout(DEADLINE):
                while len(found) < count:
                    for records in (await client.getmany(timeout_ms=200)).values():
                        found += records
            if quiet:
                for records in (await client.getmany(timeout_ms=int(quiet * 1000))).values():
                    found += records
        finally:
            await client.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def size(self, topic: str) -> int:
        """How many messages a topic has."""
        client = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await client.start()
        try:
            return sum((await client.end_offsets(self._partitions(topic))).values())
        finally:
            await client.stop()

    def _partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(PARTITIONS if topic == self.runs else 1)]

    async def admin(self, statement: str, *args: Any) -> Any:
        """Ask the database as its superuser, with the service's schema as path."""
        connection = await asyncpg.connect(self.place.admin_url, server_settings={"search_path": SERVICE})
        try:
            return await connection.fetch(statement, *args)
        finally:
            await connection.close()

    async def count(self, statement: str, *args: Any) -> int:
        """One number from the database."""
        return int((await self.admin(statement, *args))[0][0])


def event(number: int) -> RunRequested:
    """An event that carries a number."""
    return RunRequested(
        run_id=UUID(int=number), workflow_id=UUID(int=1), workflow="w", workflow_version=number, trigger="manual"
    )


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = DEADLINE) -> None:
    """Wait until a condition holds; fails when it takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await condition():
        assert loop.time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def running(*runs: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """Parts that run while the block does."""
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(run(stop)) for run in runs]
    try:
        yield stop
    finally:
        stop.set()
        _, late = await asyncio.wait(tasks, timeout=20)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not late, "a part did not end when it was told to"


async def make_topics(kafka: str, names: Iterable[str], partitions: int) -> None:
    """Make topics."""
    async with connected_admin(kafka) as admin:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])


@pytest_asyncio.fixture
async def bus(place: Place, servers: State) -> AsyncIterator[Bus]:
    """A prepared service and its topics, removed afterwards."""
    await place.prepare(SERVICE, root=SCHEMA)
    prefix = f"t{secrets.token_hex(4)}-"
    producer = Producer(servers.kafka)
    await producer.start()
    found = Bus(place, servers.kafka, prefix, producer)
    await make_topics(servers.kafka, [found.runs], PARTITIONS)
    await make_topics(servers.kafka, [found.letters], 1)
    yield found
    await producer.stop()
    async with connected_admin(servers.kafka) as admin:
        await admin.delete_topics([found.runs, found.letters])
