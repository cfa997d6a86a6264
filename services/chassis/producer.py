"""The one Kafka producer of a process: idempotent, acknowledged by all replicas, made anew when it is beyond repair."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    ProducerFenced,
    UnknownProducerId,
)

from services.chassis.errors import TransientError

Headers = Sequence[tuple[str, bytes]]
REQUEST_TIMEOUT_MS = 15_000
MAX_REQUEST_BYTES = 2 * 1024 * 1024  # a dead letter is the largest message there is, and what was added to it
LINGER_MS = 2
_BROKEN = (ProducerFenced, OutOfOrderSequenceNumber, ProducerClosed, UnknownProducerId)


class KafkaUnavailable(TransientError):
    """No broker answers, or none does what it is asked now."""


class Producer:
    """Sends bytes. Messages with the same key keep their order; a broker that is away is waited for."""

    def __init__(self, kafka: str, *, client_id: str = "modulardata") -> None:
        self._kafka = kafka
        self._client_id = client_id
        self._inner: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises KafkaUnavailable."""
        self._inner = await self._connected()

    async def stop(self) -> None:
        """Send what waits, and disconnect."""
        inner, self._inner = self._inner, None
        if inner is not None:
            await inner.stop()

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers, partition: int | None = None
    ) -> "asyncio.Future[Any]":
        """Hand over one message; the future ends when all replicas have it. Raises KafkaUnavailable."""
        inner = self._inner
        if inner is None:
            raise KafkaUnavailable("the producer is not connected")
        try:
            future: asyncio.Future[Any] = await inner.send(
                topic, value=value, key=key, headers=list(headers), partition=partition
            )
        except _BROKEN as error:
            await self._renew(inner)
            raise KafkaUnavailable(f"Kafka could not take a message: {type(error).__name__}") from error
        except KafkaError as error:
            if error.retriable or isinstance(error, KafkaConnectionError):
                raise KafkaUnavailable(f"Kafka could not take a message: {type(error).__name__}") from error
            raise
        return future

    async def outcome(self, future: "asyncio.Future[Any]") -> None:
        """Wait for a message's acknowledgement; raises KafkaUnavailable, or KafkaError when it can never be sent."""
        inner = self._inner
        try:
            await future
        except _BROKEN as error:
            await self._renew(inner)
            raise KafkaUnavailable(f"Kafka could not take a message: {type(error).__name__}") from error
        except KafkaError as error:
            if error.retriable or isinstance(error, KafkaConnectionError):
                raise KafkaUnavailable(f"Kafka could not take a message: {type(error).__name__}") from error
            raise

    async def send_and_wait(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers, partition: int | None = None
    ) -> None:
        """Send one message and wait until all replicas have it."""
        await self.outcome(await self.send(topic, value, key, headers, partition))

    async def _renew(self, broken: AIOKafkaProducer | None) -> None:
        async with self._renewing:
            if self._inner is not broken or broken is None:
                return
            structlog.get_logger().warning("kafka_producer_renewed")
            self._inner = await self._connected()
            try:
                await broken.stop()
            except KafkaError as error:
                structlog.get_logger().info("kafka_producer_stop_failed", error=type(error).__name__)

    async def _connected(self) -> AIOKafkaProducer:
        inner = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=LINGER_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_request_size=MAX_REQUEST_BYTES,
        )
        try:
            await inner.start()
        except (KafkaError, OSError) as error:
            await inner.stop()
            raise KafkaUnavailable("Kafka cannot be reached") from error
        return inner
