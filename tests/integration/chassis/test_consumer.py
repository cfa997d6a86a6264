"""The consumer: no event is lost or effective twice, and no poison stops a partition."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.runs import RunFinished, RunRequested
from services.chassis.consumer import Consumer, ConsumerAway
from services.chassis.database import UnitOfWork
from services.chassis.errors import PermanentError, TransientError
from services.chassis.flood import Flood
from services.chassis.handlers import Handlers
from services.chassis.partition_work import Retries
from services.chassis.tenancy import acting_tenant
from services.chassis.topics import connected_admin
from tests.integration.chassis.conftest import Bus, event, make_topics, running, until
from tests.integration.chassis.consuming import Effects

TENANT = uuid.UUID(int=42)
QUICK = Retries(tries=5, first_pause=0.02, longest_pause=0.2)


def consumer(bus: Bus, handlers: Handlers, kind: type[Consumer] = Consumer, **options: Any) -> Consumer:
    """A consumer of the test's service."""
    options = {"retries": QUICK} | options
    return kind(bus.database, bus.kafka, handlers, bus.producer, prefix=bus.prefix, **options)


def writing(batch: bool = False) -> Handlers:
    """Handlers that leave one row for each event."""
    handlers, effects = Handlers(), Effects()
    if batch:
        handlers.on_batch([RunRequested], effects.many)
    else:
        handlers.on(RunRequested, effects.one)
    return handlers


@pytest.mark.parametrize("batch", [False, True])
async def test_each_event_has_its_effect_once_for_its_own_tenant(bus: Bus, batch: bool) -> None:
    tenants = [uuid.uuid4() for _ in range(3)]
    names = [await bus.send(tenants[number % 3], number, partition=number % 4) for number in range(60)]
    for number in range(0, 60, 7):
        await bus.send(tenants[number % 3], number, name=names[number], partition=(number + 1) % 4)
    async with running(consumer(bus, writing(batch)).run):
        await until(lambda: bus.has_effects(60))
        await bus.consumed()
    rows = await bus.admin("SELECT tenant, event_id, number FROM effects")
    assert sorted(row["number"] for row in rows) == list(range(60))
    assert all(row["tenant"] == tenants[row["number"] % 3] for row in rows)
    assert await bus.count("SELECT count(*) FROM inbox WHERE consumer = 'orchestrator'") == 60
    assert await bus.size(bus.letters) == 0


async def test_bad_messages_are_set_aside_byte_for_byte_and_the_next_flows(bus: Bus) -> None:
    good = bus.envelope(TENANT, "k")
    headers = dict(good.to_headers())
    secret = b"canary-4711"
    bad: list[tuple[bytes | None, bytes | None, dict[str, bytes], str]] = [
        (b'{"' + secret, b"k", headers, "event_invalid"),
        (b'{"run_id": "canary-4711"}', b"k", headers, "event_invalid"),
        (b"\xff\xfe" + secret, b"k", headers, "event_invalid"),
        (None, b"k", headers, "event_invalid"),
        (b"{}", b"k", headers | {"ce_type": b"run.requested.v99"}, "version_unknown"),
        (b"{}", b"k", {k: v for k, v in headers.items() if k != "ce_tenant"}, "envelope_invalid"),
        (b"{}", b"k", headers | {"ce_tenant": secret}, "envelope_invalid"),
        (b"{}", b"k", headers | {"ce_id": b"\xff"}, "envelope_invalid"),
        (b"{}", b"other", headers, "envelope_invalid"),
        (b"{}", None, headers, "envelope_invalid"),
        (b"{}", b"k", {}, "envelope_invalid"),
    ]
    for value, key, given, _ in bad:
        await bus.producer.send_and_wait(bus.runs, value, key, list(given.items()), 0)
    unknown = headers | {"ce_type": b"run.exploded.v1"}
    await bus.producer.send_and_wait(bus.runs, b"{}", b"k", list(unknown.items()), 0)
    await bus.send(TENANT, 1, partition=0)
    async with running(consumer(bus, writing()).run):
        await until(lambda: bus.has_effects(1))
        await bus.consumed()
        letters = await bus.read(bus.letters, len(bad), quiet=0.5)
    assert len(letters) == len(bad)
    for offset, (letter, (value, key, given, kind)) in enumerate(zip(letters, bad, strict=True)):
        assert (letter.value, letter.key) == (value, key)
        added = {name: text for name, text in letter.headers if name.startswith("dlq-")}
        assert {name: text for name, text in letter.headers if name not in added} == given
        assert added["dlq-class"].decode() == kind
        assert added["dlq-topic"] == b"runs"
        assert (added["dlq-partition"], added["dlq-offset"]) == (b"0", str(offset).encode())
        assert added["dlq-group"].decode() == bus.prefix + "orchestrator"
        assert secret not in added["dlq-reason"]
        assert b"T" in added["dlq-time"]


async def test_a_handler_that_fails_once_is_not_a_loss(bus: Bus) -> None:
    effects = Effects()
    effects.fail_once_every = 10
    handlers = Handlers()
    handlers.on_batch([RunRequested], effects.many)
    for number in range(100):
        await bus.send(TENANT, number)
    async with running(consumer(bus, handlers).run):
        await until(lambda: bus.has_effects(100))
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == 100
    assert await bus.size(bus.letters) == 0


async def test_a_handler_that_always_fails_gets_five_tries_and_the_others_do_not_wait(bus: Bus) -> None:
    tries: list[float] = []
    loop = asyncio.get_running_loop()
    effects = Effects()

    async def handle(work: UnitOfWork, requested: RunRequested, envelope: Envelope) -> None:
        await effects.one(work, requested, envelope)
        if requested.workflow_version == 0:
            tries.append(loop.time())
            raise LookupError("canary-4711")

    handlers = Handlers()
    handlers.on(RunRequested, handle)
    for number in range(20):
        await bus.send(TENANT, number, partition=0 if number < 5 else 1)
    slow = Retries(tries=5, first_pause=0.3, longest_pause=0.3)
    async with running(consumer(bus, handlers, retries=slow).run):
        await until(lambda: bus.has_effects(15, "number >= 5"))
        assert await bus.size(bus.letters) == 0  # the other partition is through while this one is tried again
        await until(lambda: bus.has_effects(19))
        [letter] = await bus.read(bus.letters, 1, quiet=0.3)
    single = [number for number in tries if number > tries[0]]
    assert len(single) >= 4
    assert tries[-1] - tries[0] > 4 * 0.15
    reason = dict(letter.headers)["dlq-reason"]
    assert b"LookupError 5 times" in reason
    assert b"canary" not in reason
    assert await bus.count("SELECT count(*) FROM effects WHERE number = 0") == 0


async def test_a_handlers_own_verdict_needs_no_second_try(bus: Bus) -> None:
    seen: list[int] = []

    async def refuse(work: UnitOfWork, requested: RunRequested, envelope: Envelope) -> None:
        seen.append(requested.workflow_version)
        raise PermanentError("the workflow is of another kind")

    handlers = Handlers()
    handlers.on(RunRequested, refuse)
    await bus.send(TENANT, 1)
    async with running(consumer(bus, handlers).run):
        [letter] = await bus.read(bus.letters, 1)
    assert dict(letter.headers)["dlq-reason"] == b"the workflow is of another kind"
    assert len(seen) <= 2  # with the others of its poll, and alone


async def test_a_bad_world_keeps_the_offset_and_comes_back(bus: Bus) -> None:
    away = True
    tries = 0
    effects = Effects()

    async def handle(work: UnitOfWork, requested: RunRequested, envelope: Envelope) -> None:
        nonlocal tries
        await effects.one(work, requested, envelope)
        if away:
            tries += 1
            raise TransientError("Temporal does not answer")

    handlers = Handlers()
    handlers.on(RunRequested, handle)
    part = consumer(bus, handlers)
    for number in range(10):
        await bus.send(TENANT, number)
    async with running(part.run):
        await until(lambda: _true(lambda: tries >= 8))
        with pytest.raises(ConsumerAway, match="Temporal does not answer"):
            await part.check()
        assert await bus.committed() == {}
        away = False
        await until(lambda: bus.has_effects(10))
        await bus.consumed()
        await part.check()
    assert await bus.size(bus.letters) == 0
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == 10


async def test_a_database_that_ends_sessions_loses_nothing_and_doubles_nothing(bus: Bus) -> None:
    async with running(consumer(bus, writing()).run):
        for number in range(200):
            await bus.send(TENANT, number)
            if number % 20 == 10:
                await bus.admin(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'orchestrator_app' AND datname = current_database()"
                )
        await until(lambda: bus.has_effects(200))
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == 200
    assert await bus.size(bus.letters) == 0


async def test_a_flood_of_bad_messages_stops_the_consumer_with_its_offset(bus: Bus) -> None:
    for _ in range(40):
        await bus.producer.send_and_wait(bus.runs, b"garbage", b"k", [], 2)
    await bus.send(TENANT, 1, partition=2)
    part = consumer(bus, writing(), flood=Flood(in_a_row=15))
    async with running(part.run):
        await until(lambda: _is_away(part, "stands still"))
        assert await bus.size(bus.letters) == 14
        assert await bus.committed() == {2: 14}
    # Started again, it begins where it stood.
    part = consumer(bus, writing(), flood=Flood(in_a_row=1_000))
    async with running(part.run):
        await until(lambda: bus.has_effects(1))
    assert await bus.size(bus.letters) == 40


async def test_consumers_that_come_and_go_share_the_work_exactly_once(bus: Bus) -> None:
    stop_sending = asyncio.Event()
    sent = 0

    async def send(stop: asyncio.Event) -> None:
        nonlocal sent
        while not (stop_sending.is_set() or stop.is_set()):
            for _ in range(20):
                await bus.send(TENANT, sent)
                sent += 1
            await asyncio.sleep(0.01)

    async with running(send, consumer(bus, writing()).run):
        await until(lambda: bus.has_effects(100, at_least=True))
        for batch in (True, False):
            async with running(consumer(bus, writing(batch)).run):
                already = await bus.count("SELECT count(*) FROM effects")
                await until(lambda count=already: bus.has_effects(count + 200, at_least=True))  # type: ignore[misc]
        stop_sending.set()
        await until(lambda: bus.has_effects(sent))
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == sent
    assert await bus.count("SELECT count(*) FROM effects") == sent


async def test_order_of_types_within_a_key(bus: Bus) -> None:
    heard: list[tuple[str, int]] = []

    async def requested(work: UnitOfWork, requested: RunRequested, envelope: Envelope) -> None:
        assert acting_tenant() == work.tenant == envelope.tenant
        heard.append(("requested", requested.run_id.int))

    async def finished(work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
        heard.extend(("finished", body.run_id.int) for _, body in events if isinstance(body, RunFinished))

    handlers = Handlers()
    handlers.on(RunRequested, requested)
    handlers.on_batch([RunFinished], finished)
    for number in range(30):
        await bus.send(TENANT, number, partition=1)
        done = RunFinished.model_validate(
            {
                "run_id": uuid.UUID(int=number),
                "workflow_id": TENANT,
                "workflow": "w",
                "outcome": "succeeded",
                "books": {},
                "finished_at": bus.database.now(),
            }
        )
        await bus.send(TENANT, number, body=done, partition=1)
    async with running(consumer(bus, handlers).run):
        await until(lambda: _true(lambda: len(heard) >= 60))
        await bus.consumed()
    assert heard == [(kind, number) for number in range(30) for kind in ("requested", "finished")]


async def test_a_missing_topic_is_named_and_waited_for(bus: Bus) -> None:
    prefix = bus.prefix + "later-"
    part = Consumer(bus.database, bus.kafka, writing(), bus.producer, prefix=prefix, retries=QUICK)
    async with running(part.run):
        await until(lambda: _is_away(part, prefix + "runs"))
        await make_topics(bus.kafka, [prefix + "runs"], 1)
        envelope = bus.envelope(TENANT, "k")
        body = event(1).model_dump_json().encode()
        await bus.producer.send_and_wait(prefix + "runs", body, b"k", envelope.to_headers())
        await until(lambda: bus.has_effects(1))
        await part.check()
    async with connected_admin(bus.kafka) as admin:
        await admin.delete_topics([prefix + "runs"])


async def _true(condition: Any) -> bool:
    return bool(condition())


async def _is_away(part: Consumer, reason: str) -> bool:
    try:
        await part.check()
    except ConsumerAway as error:
        return reason in str(error)
    return False
