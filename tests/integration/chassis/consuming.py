"""A consumer in a process of its own, for tests that kill it; also the consumers with a mechanism removed."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.runs import RunRequested
from services.chassis.consumer import Consumer
from services.chassis.database import Database, UnitOfWork
from services.chassis.delivery import Delivery
from services.chassis.handlers import Handlers
from services.chassis.partition_work import Lane
from services.chassis.producer import Producer

SERVICE = "orchestrator"
EFFECT = text("INSERT INTO effects (tenant, event_id, subject, number) VALUES (:tenant, :event_id, :subject, :number)")
EFFECTS = text(
    "INSERT INTO effects (tenant, event_id, subject, number) SELECT :tenant, * FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:numbers AS int[]))"
)


class CommitsFirst(Consumer):
    """The mechanism removed: offsets are committed before the transaction."""

    async def together(self, client: AIOKafkaConsumer, lanes: Sequence[Lane]) -> None:
        """Offsets first."""
        await self.commit(client, {lane.partition: lane.items[-1].record.offset + 1 for lane in lanes})
        await super().together(client, lanes)


class StopsBeforeOffsets(Consumer):
    """Says that its transaction is committed, and never gets to the offsets."""

    async def commit(self, client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        """Stand still here, to be killed."""
        print("committed", flush=True)
        await asyncio.Event().wait()


class WithoutInbox(Delivery):
    """The mechanism removed: nothing is remembered, everything counts as new."""

    async def remember(self, work: UnitOfWork, ids: Sequence[UUID]) -> Sequence[UUID]:
        """All of them."""
        return ids


class Effects:
    """Handlers that leave one row for each event."""

    def __init__(self) -> None:
        self.tries: dict[int, int] = {}
        self.hold = False
        self.fail_once_every = 0

    async def one(self, work: UnitOfWork, event: RunRequested, envelope: Envelope) -> None:
        """Write a row."""
        await work.connection.execute(EFFECT, _values(work, event, envelope))
        await self._holding()

    async def many(self, work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
        """Write many rows in one statement; one event of so many fails the first time it is tried."""
        for _, event in events:
            number = _number(event)
            self.tries[number] = self.tries.get(number, 0) + 1
            if self.fail_once_every and number % self.fail_once_every == 0 and self.tries[number] == 1:
                raise LookupError("once")
        values = {
            "tenant": work.tenant,
            "ids": [envelope.id for envelope, _ in events],
            "subjects": [envelope.subject for envelope, _ in events],
            "numbers": [_number(event) for _, event in events],
        }
        await work.connection.execute(EFFECTS, values)
        await self._holding()

    async def _holding(self) -> None:
        if self.hold:
            print("handling", flush=True)
            await asyncio.Event().wait()


def _number(event: Any) -> int:
    return int(event.workflow_version)


def _values(work: UnitOfWork, event: RunRequested, envelope: Envelope) -> dict[str, Any]:
    return {
        "tenant": work.tenant,
        "event_id": envelope.id,
        "subject": envelope.subject,
        "number": event.workflow_version,
    }


async def main(options: dict[str, Any]) -> None:
    """Consume until killed."""
    database = Database(SERVICE, options["url"], options["password"])
    effects = Effects()
    effects.hold = options.get("hold", False)
    effects.fail_once_every = options.get("fail_once_every", 0)
    handlers = Handlers()
    if options.get("batch"):
        handlers.on_batch([RunRequested], effects.many)
    else:
        handlers.on(RunRequested, effects.one)
    producer = Producer(options["kafka"])
    await producer.start()
    kinds = {"ours": Consumer, "commits-first": CommitsFirst, "stops-before-offsets": StopsBeforeOffsets}
    delivery = WithoutInbox(database, SERVICE) if options.get("without_inbox") else None
    consumer = kinds[options.get("kind", "ours")](
        database, options["kafka"], handlers, producer, prefix=options["prefix"], delivery=delivery
    )
    print("ready", flush=True)
    await consumer.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
