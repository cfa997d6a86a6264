"""The relay between a service's outbox and Kafka: everything arrives, in order for each key, and nothing is skipped."""

import asyncio
import json
import signal
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import UnknownError

from contracts.catalog import decode
from contracts.data import RowBooks
from contracts.envelope import MAX_PAYLOAD_BYTES, Envelope
from contracts.events.connections import ConnectionDeleted
from contracts.events.runs import RunFinished
from services.chassis.database import EventTooLarge, NotTheProducer
from services.chassis.outbox import Relay, Row
from services.chassis.producer import Producer
from services.chassis.sweeping import KEEP_INBOX
from tests.integration.chassis.conftest import SERVICE, Bus, event, running, until
from tests.integration.conftest import ROLE_PASSWORD

TENANT = uuid.UUID(int=42)
HOUR = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[3]
RAW = (
    "INSERT INTO outbox (event_id, tenant, topic, key, type, headers, payload)"
    " VALUES ($1, $2, 'runs', $3, 'run.requested.v1', $4, $5)"
)


def relay(bus: Bus, kind: type[Relay] = Relay, **options: Any) -> Relay:
    """A relay of the test's service."""
    return kind(SERVICE, bus.place.url, ROLE_PASSWORD, bus.producer, prefix=bus.prefix, **options)


class HighWaterMark(Relay):
    """The mechanism removed: rows are claimed by "id greater than the last one seen"."""

    last = 0

    async def _claim(self, connection: Any) -> list[Row]:
        rows = [row for row in await super()._claim(connection) if row.id > self.last]
        self.last = max([self.last, *(row.id for row in rows)])
        return rows


async def test_a_committed_event_arrives_as_it_was_meant(bus: Bus) -> None:
    # The poll would come too late: it is NOTIFY that wakes the relay.
    async with running(relay(bus, poll=60).run):
        await until(lambda: _locked(bus))
        name = await bus.publish(TENANT, 7, key="k")
        [record] = await bus.read(bus.runs, 1, quiet=0.3)
    envelope = Envelope.from_headers(record.headers)
    assert (envelope.id, envelope.tenant, envelope.subject, envelope.type) == (name, TENANT, "k", "run.requested.v1")
    assert envelope.source == "/services/orchestrator"
    assert record.key == b"k"
    assert decode(envelope, record.value) == event(7)
    assert await bus.count("SELECT count(*) FROM outbox WHERE status = 'sent' AND sent_at IS NOT NULL") == 1


async def test_a_missed_notification_is_made_up_for(bus: Bus) -> None:
    async with running(relay(bus, poll=0.3).run):
        await until(lambda: _locked(bus))
        await bus.admin(RAW, uuid.uuid4(), TENANT, "k", _headers("k"), event(1).model_dump_json().encode())
        assert len(await bus.read(bus.runs, 1)) == 1


async def test_what_is_rolled_back_is_never_sent(bus: Bus) -> None:
    async def change_of_mind() -> None:
        async with bus.database.work(TENANT) as work:
            await work.publish(event(1), key="1")
            raise LookupError

    async with running(relay(bus).run):
        with pytest.raises(LookupError):
            await change_of_mind()
        await bus.publish(TENANT, 2)
        records = await bus.read(bus.runs, 1, quiet=0.5)
    assert [json.loads(record.value)["workflow_version"] for record in records] == [2]


async def test_a_lower_id_that_commits_later_is_not_skipped(bus: Bus) -> None:
    assert await _late_commit(bus, relay(bus)) == {1, 2}


async def test_the_same_is_skipped_by_a_high_water_mark(bus: Bus) -> None:
    assert await _late_commit(bus, relay(bus, HighWaterMark)) == {2}


async def test_order_per_key_under_load(bus: Bus) -> None:
    keys, each = 6, 80

    async def write(key: int) -> None:
        for number in range(each):
            await bus.publish(TENANT, number, key=f"key-{key}")

    async with running(relay(bus, batch=37).run, relay(bus, batch=37).run):
        await asyncio.gather(*(write(key) for key in range(keys)))
        records = await bus.read(bus.runs, keys * each, quiet=0.5)
    assert len(records) == keys * each
    by_key: dict[bytes, list[int]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(json.loads(record.value)["workflow_version"])
    assert len(by_key) == keys
    assert all(numbers == list(range(each)) for numbers in by_key.values())


async def test_another_relay_takes_over_when_the_first_loses_its_session(bus: Bus) -> None:
    async with running(relay(bus, poll=0.2).run, relay(bus, poll=0.2).run):
        await until(lambda: _locked(bus))
        for number in range(1, 4):
            await bus.publish(TENANT, number)
            await until(lambda: _all_sent(bus))
            await bus.admin(
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
        await bus.publish(TENANT, 4)
        records = await bus.read(bus.runs, 4)
    assert {json.loads(record.value)["workflow_version"] for record in records} == {1, 2, 3, 4}


async def test_a_row_that_cannot_be_sent_is_parked_and_others_flow(bus: Bus) -> None:
    large, garbled = uuid.uuid4(), uuid.uuid4()
    await bus.admin(RAW, large, TENANT, "large", _headers("large"), b"x" * (MAX_PAYLOAD_BYTES + 1))
    await bus.admin(RAW, garbled, TENANT, "garbled", '{"not": "pairs"}', b"{}")
    await bus.publish(TENANT, 1, key="large")
    await bus.publish(TENANT, 2, key="other")
    async with running(relay(bus, poll=0.2).run):
        [record] = await bus.read(bus.runs, 1, quiet=0.7)
        assert record.key == b"other"
        # What comes after a parked row of the same key waits: order is kept until somebody decides.
        rows = await bus.admin("SELECT event_id, status, reason FROM outbox ORDER BY id")
        assert [row["status"] for row in rows] == ["parked", "parked", "unsent", "sent"]
        assert str(MAX_PAYLOAD_BYTES) in rows[0]["reason"]
        await bus.admin("DELETE FROM outbox WHERE event_id = $1", large)
        assert {record.key for record in await bus.read(bus.runs, 2)} == {b"other", b"large"}


class StumblingProducer(Producer):
    """Some broker, in some bad moment, answers what nobody expects."""

    stumbles = 3

    async def send(self, *args: Any, **options: Any) -> "asyncio.Future[Any]":
        """Fail the first few."""
        if self.stumbles:
            self.stumbles -= 1
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.set_exception(UnknownError())
            return failed
        return await super().send(*args, **options)


async def test_a_broker_that_stumbles_is_no_reason_to_park(bus: Bus) -> None:
    producer = StumblingProducer(bus.kafka)
    await producer.start()
    part = Relay(SERVICE, bus.place.url, ROLE_PASSWORD, producer, prefix=bus.prefix)
    for number in range(6):
        await bus.publish(TENANT, number, key="one")
    async with running(part.run):
        await until(lambda: _all_sent(bus))
        records = await bus.read(bus.runs, 6)
    await producer.stop()
    numbers = [json.loads(record.value)["workflow_version"] for record in records]
    # What had gone out behind the stumble comes again, in its place.
    assert numbers[-6:] == list(range(6))
    assert await bus.count("SELECT count(*) FROM outbox WHERE status = 'parked'") == 0


async def test_a_relay_that_was_stopped_has_lost_its_lock(bus: Bus) -> None:
    options = {"url": bus.place.url, "password": ROLE_PASSWORD, "kafka": bus.kafka, "prefix": bus.prefix}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.chassis.relaying", json.dumps(options), cwd=ROOT
    )
    try:
        await until(lambda: _locked(bus))
        async with running(relay(bus, poll=0.2).run):
            await bus.publish(TENANT, 1)
            await until(lambda: _all_sent(bus))
            child.send_signal(signal.SIGSTOP)
            await bus.publish(TENANT, 2)
            await until(lambda: _all_sent(bus))  # by the second one, when the first one's session is over
            child.send_signal(signal.SIGCONT)
            await bus.publish(TENANT, 3)
            await until(lambda: _all_sent(bus))
            records = await bus.read(bus.runs, 3, quiet=0.5)
    finally:
        child.kill()
        await child.wait()
    assert {json.loads(record.value)["workflow_version"] for record in records} == {1, 2, 3}


async def test_old_rows_are_removed(bus: Bus) -> None:
    for number in range(3):
        await bus.publish(TENANT, number)
    await bus.admin("UPDATE outbox SET status = 'sent', sent_at = now() - interval '25 hours' WHERE key IN ('0', '1')")
    await bus.admin("INSERT INTO inbox VALUES (gen_random_uuid(), 'c', $1)", bus.database.now() - KEEP_INBOX - HOUR)
    await bus.admin("INSERT INTO inbox VALUES (gen_random_uuid(), 'c', $1)", bus.database.now() - KEEP_INBOX + HOUR)

    async def swept() -> bool:
        left = await bus.count("SELECT count(*) FROM outbox"), await bus.count("SELECT count(*) FROM inbox")
        return left == (1, 1)

    async with running(relay(bus, poll=0.1).run):
        await until(swept)


async def test_an_event_that_is_too_large_or_another_services_is_refused(bus: Bus) -> None:
    big = RunFinished(
        run_id=TENANT,
        workflow_id=TENANT,
        workflow="w",
        outcome="failed",
        books=RowBooks(),
        message="x" * MAX_PAYLOAD_BYTES,
        finished_at=bus.database.now(),
    )
    foreign = ConnectionDeleted(connection_id=TENANT, name="c")
    async with bus.database.work(TENANT) as work:
        with pytest.raises(EventTooLarge):
            await work.publish(big, key="1")
        with pytest.raises(NotTheProducer):
            await work.publish(foreign, key="1")


async def _late_commit(bus: Bus, part: Relay) -> set[int]:
    """Take id 1, commit id 2, let the relay pass, commit id 1; returns which events arrived."""
    await bus.admin("ALTER TABLE outbox ALTER COLUMN id RESTART WITH 1")
    late = await asyncpg.connect(bus.place.admin_url, server_settings={"search_path": SERVICE})
    try:
        async with running(part.run):
            transaction = late.transaction()
            await transaction.start()
            await late.execute(RAW, uuid.uuid4(), TENANT, "a", _headers("a"), event(1).model_dump_json().encode())
            await bus.publish(TENANT, 2, key="b")
            await until(lambda: _all_sent(bus))
            await transaction.commit()
            await bus.publish(TENANT, 3, key="c")
            await bus.admin("SELECT pg_notify('outbox_orchestrator', '')")
            records = await bus.read(bus.runs, 2, quiet=1.5)
    finally:
        await late.close()
    ids = await bus.admin("SELECT id FROM outbox WHERE key IN ('a', 'b') ORDER BY key")
    assert [row["id"] for row in ids] == [1, 2]
    return {json.loads(record.value)["workflow_version"] for record in records} - {3}


async def _locked(bus: Bus) -> bool:
    return await bus.count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") > 0


async def _all_sent(bus: Bus) -> bool:
    return await bus.count("SELECT count(*) FROM outbox WHERE status = 'unsent'") == 0


def _headers(key: str) -> str:
    envelope = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_source": "/services/orchestrator",
        "ce_type": "run.requested.v1",
        "ce_subject": key,
        "ce_time": "2026-01-01T00:00:00+00:00",
        "ce_tenant": str(TENANT),
    }
    return json.dumps(list(envelope.items()))
