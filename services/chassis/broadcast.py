"""Reads a topic that every process needs whole: from its start to its end first, then as it grows."""

import asyncio
from collections.abc import Callable

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from contracts.catalog import EventInvalid, EventUnknown, EventVersionUnknown, decode
from contracts.data import Contract
from contracts.envelope import Envelope, EnvelopeInvalid
from services.chassis import metrics
from services.chassis.dependencies import TopicMissing
from services.chassis.errors import TransientError
from services.chassis.producer import KafkaUnavailable

_PAUSE_SECONDS = 1.0
_POLL_MS = 500


class Broadcast:
    """Every process hears every event of the topic; what it makes of them must bear hearing them again."""

    def __init__(
        self, kafka: str, topic: str, hear: Callable[[Envelope, Contract], None], complete: Callable[[], None]
    ) -> None:
        self._kafka = kafka
        self._topic = topic
        self._hear = hear
        self._complete = complete

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until the stop event is set; a broker that is away is waited for."""
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (KafkaError, TransientError, OSError) as error:
                structlog.get_logger().warning("broadcast_waits", topic=self._topic, cause=type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self, stop: asyncio.Event) -> None:
        # Without a group, a consumer is given every partition, and those that are added later.
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._kafka,
            client_id="modulardata-broadcast",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            if self._topic not in await consumer.topics():
                raise TopicMissing(f"topic {self._topic} is not there; run the set-up first")
            partitions = consumer.assignment()
            if not partitions:
                raise KafkaUnavailable("Kafka does not say where the topic is")
            left = await consumer.end_offsets(partitions)
            while not stop.is_set():
                for at in [at for at in left if await consumer.position(at) >= left[at]]:
                    del left[at]
                if not left:
                    self._complete()
                batches = await consumer.getmany(timeout_ms=_POLL_MS)
                for records in batches.values():
                    for record in records:
                        self._take(record)
        finally:
            await consumer.stop()

    def _take(self, record: ConsumerRecord) -> None:
        try:
            envelope = Envelope.from_headers(record.headers)
            self._hear(envelope, decode(envelope, record.value or b""))
        except (EnvelopeInvalid, EventUnknown, EventVersionUnknown, EventInvalid) as error:
            # Nobody's dead letter: every process would make one. What cannot be read revokes nothing.
            metrics.BROADCAST_SKIPPED.labels(self._topic).inc()
            structlog.get_logger().warning("broadcast_skipped", topic=self._topic, reason=str(error))
