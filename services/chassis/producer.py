"""The one Kafka producer of a process: idempotent, acknowledged by all replicas, made anew when it is beyond repair."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from services.chassis.errors import TransientError

Headers = Sequence[tuple[str, bytes]]
REQUEST_TIMEOUT_MS = 15_000
MAX_REQUEST_BYTES = 2 * 1024 * 1024  # a dead letter is the largest message there is, and what was added to it
LINGER_MS = 2
STOP_SECONDS = 5.0
# The message's own fault. Whatever else a broker answers may be otherwise a moment later.
_REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError)


class KafkaUnavailable(TransientError):
    """No broker answers, or none does what it is asked now."""


class MessageRefused(Exception):
    """A message that no broker will ever take."""


class Producer:
    """Sends bytes. Messages with the same key keep their order; a broker that is away is waited for."""

    def __init__(self, kafka: str, *, client_id: str = "modulardata") -> None:
        self._kafka = kafka
        self._client_id = client_id
        self._inner: AIOKafkaProducer | None = None
        self._flying: set[asyncio.Future[Any]] = set()
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises KafkaUnavailable."""
        self._inner = await self._connected()

    async def stop(self) -> None:
        """Send what waits, but not for ever, and disconnect."""
        inner, self._inner = self._inner, None
        if inner is not None:
            await self._end(inner, set(self._flying))

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers, partition: int | None = None
    ) -> "asyncio.Future[Any]":
        """Hand over one message; `outcome` of the future says when all replicas have it.

        Raises KafkaUnavailable or MessageRefused.
        """
        inner = self._inner
        if inner is None:
            raise KafkaUnavailable("the producer is not connected")
        try:
            future: asyncio.Future[Any] = await inner.send(
                topic, value=value, key=key, headers=list(headers), partition=partition
            )
        except KafkaError as error:
            raise await self._judged(inner, error) from error
        self._flying.add(future)
        future.add_done_callback(self._flying.discard)
        return future

    async def outcome(self, future: "asyncio.Future[Any]") -> None:
        """Wait until all replicas have a message; raises KafkaUnavailable or MessageRefused."""
        inner = self._inner
        try:
            await future
        except KafkaError as error:
            raise await self._judged(inner, error) from error

    async def send_and_wait(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers, partition: int | None = None
    ) -> None:
        """Send one message and wait until all replicas have it."""
        await self.outcome(await self.send(topic, value, key, headers, partition))

    async def _judged(self, inner: AIOKafkaProducer | None, error: KafkaError) -> Exception:
        if isinstance(error, _REFUSED):
            return MessageRefused(type(error).__name__)
        if not error.retriable:
            # An idempotent producer numbers what it sends: after a number that was refused it gets nothing through.
            await self._renew(inner)
        return KafkaUnavailable(f"Kafka could not take a message: {type(error).__name__}")

    async def _renew(self, broken: AIOKafkaProducer | None) -> None:
        async with self._renewing:
            if broken is None or self._inner is not broken:
                return
            structlog.get_logger().warning("kafka_producer_renewed")
            flying = set(self._flying)
            self._inner = await self._connected()
            await self._end(broken, flying)

    async def _end(self, inner: AIOKafkaProducer, flying: "set[asyncio.Future[Any]]") -> None:
        try:
            await asyncio.wait_for(inner.stop(), STOP_SECONDS)
        except (KafkaError, TimeoutError) as error:
            structlog.get_logger().warning("kafka_producer_stop_failed", error=type(error).__name__)
        # Nobody else would end these, and somebody may wait for them.
        for future in flying:
            if not future.done():
                future.set_exception(KafkaUnavailable("the producer was closed before Kafka answered"))
                future.exception()

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
