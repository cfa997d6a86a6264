"""One partition's messages gone through with care: what fails is tried again, then set aside, and the rest goes on."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.chassis import metrics
from services.chassis.dead_letter_topic import set_aside
from services.chassis.decoding import Bad, Heard, Item, Passed
from services.chassis.delivery import Delivery
from services.chassis.errors import PermanentError, TransientError
from services.chassis.flood import Flood
from services.chassis.producer import Producer

TRIES = 5
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0


class TooManyBad(Exception):
    """The flood is here: nothing more is set aside."""


@dataclass
class Lane:
    """One partition's part of a poll, in order."""

    partition: TopicPartition
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Retries:
    """How often and how patiently something is tried again."""

    tries: int = TRIES
    first_pause: float = FIRST_PAUSE
    longest_pause: float = LONGEST_PAUSE

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubled each time, with jitter, so that many do not come back at once."""
        full = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 20))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret


def is_world(error: BaseException) -> bool:
    """Whether an exception speaks of the world and not of the event."""
    if isinstance(error, KafkaError):
        return True
    return isinstance(error, (TransientError, ConnectionError))


@dataclass(frozen=True)
class SetAside:
    """Puts messages into the service's dead-letter topic until they are too many."""

    service: str
    group: str
    prefix: str
    producer: Producer
    flood: Flood
    now: Callable[[], datetime]

    async def put(self, record: Any, kind: str, reason: str, type_name: str) -> None:
        """Set one message aside; raises TooManyBad or KafkaUnavailable."""
        if self.flood.would_be_over():
            raise TooManyBad
        await set_aside(
            self.producer, self.service, record, kind, reason, self.now(), group=self.group, prefix=self.prefix
        )
        self.flood.bad()
        metrics.DEAD_LETTERS.labels(self.service, kind).inc()
        metrics.EVENTS_HANDLED.labels(self.service, type_name, "dead_letter").inc()
        structlog.get_logger().error(
            "event_set_aside",
            service=self.service,
            type=type_name,
            kind=kind,
            reason=reason,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    def good(self, items: Sequence[Item]) -> None:
        """So many messages were in order, those that nobody here knows among them."""
        self.flood.good(len(items))
        for item in items:
            if isinstance(item, Passed) and item.unknown:
                metrics.EVENTS_HANDLED.labels(self.service, "?", "unknown").inc()


class PartitionWork:
    """Works through lanes; safe to be cancelled at any moment."""

    def __init__(self, delivery: Delivery, aside: SetAside, retries: Retries) -> None:
        self._delivery = delivery
        self._aside = aside
        self._retries = retries

    async def through(self, lane: Lane, commit: Callable[[TopicPartition, int], Awaitable[None]]) -> None:
        """Handle every item in order; `commit` hears the next offset after each stretch. Raises TooManyBad."""
        position, attempt = 0, 0
        while position < len(lane.items):
            try:
                position += await self._advance(lane.items[position:])
            except Exception as error:
                if not is_world(error):
                    raise
                structlog.get_logger().warning(
                    "consumer_waits", service=self._aside.service, error=type(error).__name__
                )
                await asyncio.sleep(self._retries.pause(attempt))
                attempt += 1
                continue
            attempt = 0
            await commit(lane.partition, lane.items[position - 1].record.offset + 1)

    async def _advance(self, items: Sequence[Item]) -> int:
        """Handle the longest stretch from the front that goes well, or set the first item aside; returns how many."""
        first = items[0]
        if isinstance(first, Bad):
            await self._aside.put(first.record, first.kind, first.reason, first.type)
            return 1
        count = next((number for number, item in enumerate(items) if isinstance(item, Bad)), len(items))
        while True:
            try:
                await self._delivery.deliver([item for item in items[:count] if isinstance(item, Heard)])
            except Exception as error:
                if is_world(error):
                    raise
                if count == 1:
                    await self._insist(first, error)
                    return 1
                # One of them is to blame; half of them may be without it.
                count //= 2
            else:
                self._aside.good(items[:count])
                return count

    async def _insist(self, item: Item, error: Exception) -> None:
        """Try one event a few times more; then it is set aside."""
        if not isinstance(item, Heard):
            raise error
        attempt = 1
        while attempt < self._retries.tries and not isinstance(error, PermanentError):
            await asyncio.sleep(self._retries.pause(attempt - 1))
            try:
                await self._delivery.deliver([item])
            except Exception as again:
                if is_world(again):
                    raise
                error = again
                attempt += 1
            else:
                self._aside.good([item])
                return
        if isinstance(error, PermanentError):
            # A handler's own words; the text of any other exception may hold values of the event.
            await self._aside.put(item.record, "refused", str(error), item.envelope.type)
        else:
            reason = f"the handler raised {type(error).__name__} {attempt} times"
            await self._aside.put(item.record, "handler_failed", reason, item.envelope.type)
