"""Events: from the outbox's commit to the consumer's, and a backlog drained, against a bare loop on the same topic."""

import asyncio
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.runs import RunRequested
from deploy.local.postgres import other_database
from deploy.local.state import State
from services.chassis.clock import SystemClock
from services.chassis.consumer import Consumer
from services.chassis.database import Database, UnitOfWork
from services.chassis.decoding import Heard
from services.chassis.delivery import Delivery
from services.chassis.garbage import settle
from services.chassis.handlers import Handlers
from services.chassis.ids import SystemIds
from services.chassis.migrations import migrate, provision
from services.chassis.outbox import Relay
from services.chassis.producer import Producer
from services.chassis.topics import connected_admin, ensure_topics
from tests.bench.figures import Figure, compared, percentile
from tests.integration.chassis.consuming import EFFECTS

SERVICE = "orchestrator"
SCHEMA = Path(__file__).resolve().parents[1] / "integration" / "chassis" / "schema"
TENANT = uuid.UUID(int=42)
BACKLOG = 100_000
POLL_RECORDS = 1_000
SINGLES = 200
# Nothing was asked of the latencies but to be shown; these are the limits we set ourselves.
P50_SECONDS, P95_SECONDS = 0.1, 0.5


async def measure(servers: State, backlog: int = BACKLOG, rounds: int = 3) -> list[Figure]:
    """All figures of this file, on a database and topics of their own that are removed afterwards."""
    settle()  # as every process of the platform does when it has started
    name = f"bench_{secrets.token_hex(4)}"
    prefix = f"{name}-"
    admin_url = other_database(servers.database_admin_url, name)
    password = _password(servers)
    await provision(admin_url, {SERVICE: password})
    await migrate(admin_url, [SERVICE], root=SCHEMA)
    await ensure_topics(servers.kafka, prefix=prefix)
    database = Database(SERVICE, "postgresql://" + admin_url.rpartition("@")[2], password)
    producer = Producer(servers.kafka)
    await producer.start()
    try:
        figures = await _latency(servers, database, producer, prefix, admin_url, password)
        await _fill(producer, prefix, backlog)
        ours, bare = [], []
        for number in range(rounds):
            bare.append(await _drain_bare(servers.kafka, prefix, f"{prefix}bare-{number}", admin_url, backlog))
            # Both write into empty tables in every round.
            await _fetch(admin_url, f"TRUNCATE {SERVICE}.effects, {SERVICE}.inbox")
            ours.append(await _drain(servers.kafka, prefix, f"{prefix}ours-{number}", database, producer, backlog))
            rows = await _fetch(admin_url, f"SELECT count(*) FROM {SERVICE}.effects WHERE subject LIKE 'backlog-%'")
            if rows != backlog:
                raise RuntimeError(f"{rows} effects of {backlog} events: a fast run that loses one counts nothing")
        title = f"backlog of {backlog:,} events with their effects"
        return [*figures, compared(title, ours, bare, "bare aiokafka loop, same rows", limit=2.0)]
    finally:
        await producer.stop()
        await database.close()
        await _remove(servers, name, prefix)


class _Timed(Delivery):
    """Notes when each event's transaction was committed, and says when so many were."""

    def __init__(self, database: Database, consumer: str, expected: int) -> None:
        super().__init__(database, consumer)
        self.at: dict[uuid.UUID, float] = {}
        self.left = expected
        self.done = asyncio.Event()
        self._news = asyncio.Condition()

    async def deliver(self, events: Sequence[Heard]) -> None:
        """Deliver, then note the time."""
        await super().deliver(events)
        if self.left <= SINGLES:
            now = time.perf_counter()
            for item in events:
                self.at[item.envelope.id] = now
            async with self._news:
                self._news.notify_all()
        self.left -= len(events)
        if self.left <= 0:
            self.done.set()

    async def seen(self, name: uuid.UUID) -> None:
        """Wait until an event's transaction is committed."""
        async with self._news:
            await self._news.wait_for(lambda: name in self.at)


def _consumer(
    kafka: str, prefix: str, group: str, database: Database, producer: Producer, expected: int
) -> tuple[Consumer, _Timed]:
    handlers = Handlers()
    handlers.on_batch([RunRequested], _write)
    timed = _Timed(database, group, expected)
    consumer = Consumer(database, kafka, handlers, producer, prefix=prefix, delivery=timed)
    consumer.group = group
    return consumer, timed


async def _write(work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
    """One row for each event, in one statement."""
    rows = [(envelope.id, envelope.subject, body.workflow_version) for envelope, body in events]  # type: ignore[attr-defined]
    ids, subjects, numbers = (list(column) for column in zip(*rows, strict=True))
    values = {"tenant": work.tenant, "ids": ids, "subjects": subjects, "numbers": numbers}
    await work.connection.execute(EFFECTS, values)


async def _latency(
    servers: State, database: Database, producer: Producer, prefix: str, admin_url: str, password: str
) -> list[Figure]:
    relay = Relay(SERVICE, "postgresql://" + admin_url.rpartition("@")[2], password, producer, prefix=prefix)
    consumer, timed = _consumer(servers.kafka, prefix, f"{prefix}latency", database, producer, SINGLES)

    async def publish() -> None:
        committed: dict[uuid.UUID, float] = {}
        for number in range(SINGLES):
            async with database.work(TENANT) as work:
                name = await work.publish(_event(number), key=f"single-{number}")
            committed[name] = time.perf_counter()
            await timed.seen(name)
            waits.append(timed.at[name] - committed[name])

    waits: list[float] = []
    await _with([relay.run, consumer.run], publish)
    title = "outbox commit → consumer's commit"
    return [
        Figure(f"{title}, p50", "s", P50_SECONDS, percentile(waits, 0.5)),
        Figure(f"{title}, p95", "s", P95_SECONDS, percentile(waits, 0.95)),
    ]


async def _drain(kafka: str, prefix: str, group: str, database: Database, producer: Producer, backlog: int) -> float:
    consumer, timed = _consumer(kafka, prefix, group, database, producer, backlog + SINGLES)
    began = time.perf_counter()
    ended: list[float] = []

    async def wait() -> None:
        async with asyncio.timeout(600):
            await timed.done.wait()
        ended.append(time.perf_counter())

    await _with([consumer.run], wait)
    return ended[0] - began


async def _drain_bare(kafka: str, prefix: str, group: str, admin_url: str, backlog: int) -> float:
    """What one would write without a platform: poll, parse, one INSERT, commit, offsets."""
    connection = await asyncpg.connect(admin_url)
    await connection.execute("DROP TABLE IF EXISTS public.bare")
    await connection.execute(
        "CREATE TABLE public.bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " tenant uuid NOT NULL, event_id uuid NOT NULL, subject text NOT NULL, number int NOT NULL)"
    )
    began = time.perf_counter()
    client = AIOKafkaConsumer(
        f"{prefix}runs",
        bootstrap_servers=kafka,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=POLL_RECORDS,
    )
    await client.start()
    left = backlog + SINGLES
    try:
        while left > 0:
            polled = await client.getmany(timeout_ms=500)
            rows: list[tuple[str, str, str, int]] = []
            for records in polled.values():
                for record in records:
                    headers = dict(record.headers)
                    body = json.loads(record.value)
                    rows.append(
                        (
                            headers["ce_tenant"].decode(),
                            headers["ce_id"].decode(),
                            record.key.decode(),
                            body["workflow_version"],
                        )
                    )
            if rows:
                async with connection.transaction():
                    await connection.execute(
                        "INSERT INTO public.bare (tenant, event_id, subject, number)"
                        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[])",
                        *(list(column) for column in zip(*rows, strict=True)),
                    )
                await client.commit()
                left -= len(rows)
        return time.perf_counter() - began
    finally:
        await client.stop()
        await connection.close()


async def _with(
    parts: Sequence[Callable[[asyncio.Event], Awaitable[None]]], body: Callable[[], Awaitable[None]]
) -> None:
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(part(stop)) for part in parts]
    try:
        await body()
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _fill(producer: Producer, prefix: str, backlog: int) -> None:
    flying, ids = [], SystemIds()
    for number in range(backlog):
        event = _event(number)
        envelope = Envelope(
            id=ids.new(),
            source="/services/orchestrator",
            type=type_of(event),
            subject=f"backlog-{number}",
            time=SystemClock().now(),
            tenant=TENANT,
        )
        flying.append(
            await producer.send(
                f"{prefix}runs", event.model_dump_json().encode(), envelope.subject.encode(), envelope.to_headers()
            )
        )
        if len(flying) >= 10_000:
            await asyncio.gather(*flying)
            flying = []
    await asyncio.gather(*flying)


def _event(number: int) -> RunRequested:
    return RunRequested(
        run_id=uuid.UUID(int=number), workflow_id=TENANT, workflow="bench", workflow_version=number, trigger="manual"
    )


def _password(servers: State) -> str:
    """The role's password: services that run on these servers know it, so it stays what it is."""
    known = servers.secrets / "database-passwords.json"
    if known.exists():
        return str(json.loads(known.read_text())[SERVICE])
    return "integration-tests-only"


async def _fetch(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _remove(servers: State, name: str, prefix: str) -> None:
    await _fetch(other_database(servers.database_admin_url, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")
    async with connected_admin(servers.kafka) as admin:
        await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(prefix)])
