"""Reads a whole topic from its beginning in every process, for what each has to know for itself."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.catalog import EventInvalid, EventUnknown, EventVersionUnknown, decode
from contracts.data import Contract
from contracts.envelope import Envelope, EnvelopeInvalid
from services.chassis import metrics
from services.chassis.errors import TransientError
from services.chassis.producer import KafkaUnavailable
from services.chassis.topics import missing_topics

Hear = Callable[[Envelope, Contract], None]
_POLL_MS = 500
_PAUSE = 1.0


class NotCaughtUp(Exception):
    """The topic has not been read to its end yet."""


class Broadcast:
    """Hears every event of a topic, old ones first. Events may come twice; nothing is committed anywhere."""

    def __init__(
        self,
        kafka: str,
        topic: str,
        hear: Hear,
        *,
        caught_up: Callable[[], None] | None = None,
        prefix: str = "",
    ) -> None:
        self._kafka = kafka
        self._topic = topic
        self._name = prefix + topic
        self._hear = hear
        self._caught_up = caught_up
        self._positions: dict[TopicPartition, int] = {}
        self._log = structlog.get_logger().bind(part="broadcast", topic=topic)
        self.complete = False

    async def check(self) -> None:
        """For readiness: raises NotCaughtUp until all that was there at the start has been heard."""
        if not self.complete:
            raise NotCaughtUp(self._topic)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until the stop event is set; an outage is waited out."""
        while not stop.is_set():
            try:
                await self._connected(stop)
            except (KafkaError, TransientError, OSError) as error:
                self._log.warning("broadcast_interrupted", error=type(error).__name__)
            except Exception:
                self._log.exception("broadcast_failed")
            try:
                await asyncio.wait_for(stop.wait(), _PAUSE)
            except TimeoutError:
                continue

    async def _connected(self, stop: asyncio.Event) -> None:
        if await missing_topics(self._kafka, [self._name]):
            raise KafkaUnavailable(f"topic {self._name} is missing; run the set-up")
        client = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            client_id="modulardata-broadcast",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await client.start()
            numbers = client.partitions_for_topic(self._name) or await self._numbers(client)
            partitions = [TopicPartition(self._name, number) for number in sorted(numbers)]
            client.assign(partitions)
            beginnings = await client.beginning_offsets(partitions)
            ends = await client.end_offsets(partitions)
            for partition in partitions:
                # What was heard before an outage is not heard again, unless it was removed meanwhile.
                start = max(self._positions.get(partition, 0), beginnings[partition])
                self._positions[partition] = start
                client.seek(partition, start)
            while not stop.is_set():
                self._note_progress(ends)
                for partition, records in (await client.getmany(timeout_ms=_POLL_MS)).items():
                    for record in records:
                        self._take(record)
                    self._positions[partition] = records[-1].offset + 1
        finally:
            await client.stop()

    async def _numbers(self, client: AIOKafkaConsumer) -> set[int]:
        client.subscribe([self._name])
        await client.topics()
        found: set[int] | None = client.partitions_for_topic(self._name)
        client.unsubscribe()
        if not found:
            raise KafkaUnavailable(f"topic {self._name} is missing; run the set-up")
        return found

    def _note_progress(self, ends: dict[TopicPartition, int]) -> None:
        if self.complete or any(self._positions[partition] < end for partition, end in ends.items()):
            return
        self.complete = True
        if self._caught_up is not None:
            self._caught_up()

    def _take(self, record: Any) -> None:
        try:
            envelope = Envelope.from_headers(record.headers)
            event = decode(envelope, record.value or b"")
        except EventUnknown:
            return
        except (EnvelopeInvalid, EventInvalid, EventVersionUnknown) as error:
            metrics.BROADCAST_SKIPPED.labels(self._topic).inc()
            self._log.error("broadcast_event_skipped", error=type(error).__name__, offset=record.offset, alert=True)
            return
        self._hear(envelope, event)
