"""The consumer: a poll's events in one transaction with their inbox rows, then their offsets; none lost, none twice.

What happens to an event that cannot be handled:
- it is bad in itself (undecodable, unknown version, or its handler fails for its own reasons five times): it goes to
  the dead-letter topic with its bytes and the reason, and the next one flows;
- the world is bad (database, Kafka, Temporal away): the offset stays, and the same events come back after a pause;
- too many are bad: the consumer stands still and says so, because then the reason is not in the events.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from contracts.topics import deployable
from services.chassis import metrics
from services.chassis.database import Database
from services.chassis.decoding import Bad, Decoder, Heard
from services.chassis.delivery import Delivery
from services.chassis.errors import TransientError
from services.chassis.flood import Flood
from services.chassis.handlers import Handlers
from services.chassis.partition_work import Lane, PartitionWork, Retries, SetAside, TooManyBad, is_world
from services.chassis.producer import KafkaUnavailable, Producer
from services.chassis.topics import missing_topics

POLL_MS = 500
SESSION_TIMEOUT_MS = 6_000
HEARTBEAT_MS = 2_000
_LAG_SECONDS = 5.0


class ConsumerAway(Exception):
    """Why a consumer does not consume at this moment."""


class Consumer:
    """Consumes the topics of one service's handlers, as one group named like the service."""

    def __init__(
        self,
        database: Database,
        kafka: str,
        handlers: Handlers,
        producer: Producer,
        *,
        prefix: str = "",
        retries: Retries | None = None,
        flood: Flood | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        self.service = database.service
        self.group = prefix + deployable(database.service)
        self._kafka = kafka
        self._handlers = handlers
        self._prefix = prefix
        self._retries = retries or Retries()
        self._decoder = Decoder(handlers)
        self._delivery = delivery or Delivery(database, deployable(database.service))
        self._aside = SetAside(self.service, self.group, prefix, producer, flood or Flood(), database.now)
        self._work = PartitionWork(self._delivery, self._aside, self._retries)
        self._turn = asyncio.Lock()  # one transaction and its offsets; a rebalance waits for it
        self._stragglers: dict[TopicPartition, asyncio.Task[None]] = {}
        self._done: dict[TopicPartition, int] = {}
        self._problem: str | None = "the consumer has not started"
        self._waits = 0
        self._lag_at = 0.0
        self._log = structlog.get_logger().bind(service=self.service, part="consumer")

    async def check(self) -> None:
        """For readiness: raises ConsumerAway with the reason when it does not consume."""
        if self._problem is not None:
            raise ConsumerAway(self._problem)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until the stop event is set; whatever goes wrong in between is waited out."""
        metrics.CONSUMER_STOPPED.labels(self.service).set(0)
        attempt = 0
        while not stop.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await self._connected(stop)
            except TooManyBad:
                await self._stand_still(stop)
                return
            except (TransientError, KafkaError, OSError) as error:
                self._problem = str(error) if isinstance(error, TransientError) else "Kafka is away"
                self._log.warning("consumer_interrupted", error=type(error).__name__, reason=self._problem)
            except Exception as error:
                self._problem = f"the consumer failed: {type(error).__name__}"
                self._log.exception("consumer_failed")
            attempt = 0 if asyncio.get_running_loop().time() - started > 30 else attempt + 1
            await _wait(stop, self._retries.pause(attempt))

    async def _stand_still(self, stop: asyncio.Event) -> None:
        """Too many are bad: keep the offsets until somebody has looked and started the process again."""
        self._problem = "too many messages are bad; the consumer stands still and its offsets stay"
        metrics.CONSUMER_STOPPED.labels(self.service).set(1)
        self._log.error("consumer_stopped", reason=self._problem, alert=True)
        await stop.wait()

    async def _connected(self, stop: asyncio.Event) -> None:
        """One connection's life."""
        topics = [self._prefix + name for name in self._handlers.topics]
        missing = await missing_topics(self._kafka, topics)
        if missing:
            raise KafkaUnavailable(f"topics are missing: {', '.join(missing)}; run the set-up")
        most = self._handlers.most_at_once
        client = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            group_id=self.group,
            client_id=f"modulardata-{self.service}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_records=most,
        )
        try:
            await client.start()
            client.subscribe(topics, listener=_Listener(self))
            self._problem = None
            while not stop.is_set():
                polled = await client.getmany(timeout_ms=POLL_MS, max_records=most)
                self._look_after_stragglers(client)
                if polled:
                    async with self._turn:
                        trouble = await self._poll(client, polled)
                    await self._pause_after(trouble, stop)
                self._report_lag(client)
        finally:
            await self.abandon(list(self._stragglers))
            await client.stop()

    async def _poll(self, client: AIOKafkaConsumer, polled: dict[TopicPartition, list[Any]]) -> Exception | None:
        """Handle what one poll brought; returns what is wrong with the world, if something is."""
        lanes = [
            Lane(partition, [self._decoder.decode(record) for record in records])
            for partition, records in polled.items()
            # A rebalance may have come between the poll and this turn.
            if records and partition in client.assignment() and partition not in self._stragglers
        ]
        if not any(isinstance(item, Bad) for lane in lanes for item in lane.items):
            try:
                await self.together(client, lanes)
            except Exception as error:
                if is_world(error):
                    self._step_back(client, lanes)
                    return error
                self._log.info("batch_failed", error=type(error).__name__)
            else:
                return None
        # Something is wrong with one of them: each partition goes its own way, and the others need not wait for it.
        for lane in lanes:
            client.pause(lane.partition)
            self._stragglers[lane.partition] = asyncio.create_task(self._work.through(lane, self._commit_one(client)))
        return None

    async def together(self, client: AIOKafkaConsumer, lanes: Sequence[Lane]) -> None:
        """All events of a poll in one transaction, then their offsets."""
        await self._delivery.deliver([item for lane in lanes for item in lane.items if isinstance(item, Heard)])
        for lane in lanes:
            self._aside.good(lane.items)
        await self.commit(client, {lane.partition: lane.items[-1].record.offset + 1 for lane in lanes})

    async def commit(self, client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        """Commit offsets; a partition that went to another consumer is that one's business."""
        self._done.update(offsets)
        try:
            await client.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            self._log.info("offsets_not_committed", error=type(error).__name__)

    async def abandon(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop working on partitions that are no longer this consumer's; what was not committed is rolled back."""
        tasks = [task for partition in partitions if (task := self._stragglers.pop(partition, None)) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Partitions go to another consumer: end the transaction under way first."""
        async with self._turn:
            await self.abandon(partitions)

    def _commit_one(self, client: AIOKafkaConsumer) -> Any:
        async def commit(partition: TopicPartition, offset: int) -> None:
            await self.commit(client, {partition: offset})

        return commit

    def _step_back(self, client: AIOKafkaConsumer, lanes: Sequence[Lane]) -> None:
        """Come back to the same messages; the offsets stay."""
        for lane in lanes:
            try:
                client.seek(lane.partition, lane.items[0].record.offset)
            except IllegalStateError:
                continue  # another consumer's now

    async def _pause_after(self, trouble: Exception | None, stop: asyncio.Event) -> None:
        if trouble is None:
            if self._waits:
                self._waits, self._problem = 0, None
            return
        self._problem = str(trouble) if isinstance(trouble, TransientError) else type(trouble).__name__
        self._log.warning("consumer_waits", error=type(trouble).__name__, reason=self._problem)
        await _wait(stop, self._retries.pause(self._waits))
        self._waits += 1

    def _look_after_stragglers(self, client: AIOKafkaConsumer) -> None:
        """Take back the partitions that are through; raises what one of them failed with."""
        for partition, task in list(self._stragglers.items()):
            if task.done():
                del self._stragglers[partition]
                task.result()
                if partition in client.assignment():
                    client.resume(partition)

    def _report_lag(self, client: AIOKafkaConsumer) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._lag_at < _LAG_SECONDS:
            return
        self._lag_at = now
        lags: dict[str, int] = {}
        for partition in client.assignment():
            end, position = client.highwater(partition), self._done.get(partition)
            if end is not None and position is not None:
                lags[partition.topic] = lags.get(partition.topic, 0) + max(0, end - position)
        for topic, lag in lags.items():
            metrics.CONSUMER_LAG.labels(self.service, topic.removeprefix(self._prefix)).set(lag)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._consumer.revoked(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Positions come from the committed offsets; there is nothing to do."""


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
