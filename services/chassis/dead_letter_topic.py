"""A service's dead-letter topic: what was set aside with its reason, what waits there, and sending it back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from contracts.topics import TOPICS, dead_letter_topic
from services.chassis.producer import KafkaUnavailable, Producer
from services.chassis.topics import committed_offsets

_PREFIX = "dlq-"
_CHUNK = 200
_TOPICS = frozenset(topic.name for topic in TOPICS)
_JOIN_SECONDS = 20.0


@dataclass(frozen=True)
class DeadLetter:
    """What is told of one letter; its bytes stay in the topic."""

    offset: int
    reason: str
    kind: str
    at: datetime | None
    topic: str
    partition: int
    source_offset: int
    group: str
    type: str
    event_id: str | None
    tenant: str | None
    key: str | None
    size: int


@dataclass(frozen=True)
class Match:
    """Which letters are meant; what is None matches all."""

    kind: str | None = None
    type: str | None = None
    topic: str | None = None
    tenant: str | None = None

    def fits(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant."""
        pairs = ((self.kind, letter.kind), (self.type, letter.type), (self.topic, letter.topic))
        return all(wanted in (None, found) for wanted, found in (*pairs, (self.tenant, letter.tenant)))


@dataclass(frozen=True)
class Replayed:
    """What a replay did."""

    replayed: int
    kept: int
    left: int


async def set_aside(
    producer: Producer,
    service: str,
    record: Any,
    kind: str,
    reason: str,
    now: datetime,
    *,
    group: str,
    prefix: str = "",
) -> None:
    """Put a message's own bytes, key and headers into the dead-letter topic; raises KafkaUnavailable."""
    added = {
        "reason": reason[:1_000],
        "class": kind,
        "topic": record.topic.removeprefix(prefix),
        "partition": str(record.partition),
        "offset": str(record.offset),
        "group": group,
        "time": now.isoformat(),
    }
    headers = [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]
    headers += [(_PREFIX + name, value.encode("utf-8", "replace")) for name, value in added.items()]
    await producer.send_and_wait(prefix + dead_letter_topic(service), record.value, record.key, headers)


async def list_dead_letters(
    kafka: str, service: str, *, after: int = -1, limit: int = 100, prefix: str = ""
) -> tuple[list[DeadLetter], int]:
    """The letters that were not replayed yet, oldest first, and how many there are; raises KafkaUnavailable."""
    partition = TopicPartition(prefix + dead_letter_topic(service), 0)
    done = (await committed_offsets(kafka, _replay_group(service, prefix))).get(partition, -1)
    async with _consumer(kafka, None) as consumer:
        consumer.assign([partition])
        beginning = (await consumer.beginning_offsets([partition]))[partition]
        end = (await consumer.end_offsets([partition]))[partition]
        first = max(done, beginning)
        start = max(first, after + 1)
        letters: list[DeadLetter] = []
        if start < end:
            consumer.seek(partition, start)
            async for record in _until(consumer, end):
                letters.append(_letter(record))
                if len(letters) >= limit:
                    break
        return letters, max(0, end - first)


async def replay_dead_letters(
    kafka: str,
    producer: Producer,
    service: str,
    *,
    limit: int = 10_000,
    match: Match | None = None,
    prefix: str = "",
) -> Replayed:
    """Send letters back to the topics they came from, each once, with their own bytes and headers.

    A service that had handled the event drops it by its inbox; the one that had not handles it now. What does not
    match goes to the end of the dead-letter topic unchanged, so that the group's offset says what is done.
    """
    partition = TopicPartition(prefix + dead_letter_topic(service), 0)
    wanted = match or Match()
    replayed = kept = left = 0
    async with _consumer(kafka, _replay_group(service, prefix)) as consumer:
        await _join(consumer, partition.topic)
        end = (await consumer.end_offsets([partition]))[partition]
        position = await consumer.position(partition)
        left = max(0, end - position)
        chunk: list[ConsumerRecord] = []
        if position < end:
            async for record in _until(consumer, end):
                chunk.append(record)
                if len(chunk) >= min(_CHUNK, limit - replayed - kept) or record.offset + 1 >= end:
                    back = await _send_back(producer, chunk, wanted, prefix)
                    replayed, kept = replayed + back, kept + len(chunk) - back
                    left = end - (record.offset + 1)
                    chunk = []
                    try:
                        await consumer.commit({partition: record.offset + 1})
                    except CommitFailedError as error:
                        raise KafkaUnavailable("another replay of the same letters is under way") from error
                    if replayed + kept >= limit:
                        break
    return Replayed(replayed=replayed, kept=kept, left=left + kept)


async def _send_back(producer: Producer, records: Sequence[ConsumerRecord], match: Match, prefix: str) -> int:
    flying = []
    back = 0
    for record in records:
        letter = _letter(record)
        if letter.topic in _TOPICS and match.fits(letter):
            headers = [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]
            partition = letter.partition if letter.partition >= 0 else None
            flying.append(await producer.send(prefix + letter.topic, record.value, record.key, headers, partition))
            back += 1
        else:
            flying.append(await producer.send(record.topic, record.value, record.key, list(record.headers)))
    for future in flying:
        await producer.outcome(future)
    return back


@asynccontextmanager
async def _consumer(kafka: str, group: str | None) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=group,
        client_id="modulardata-dead-letters",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
    )
    try:
        try:
            await consumer.start()
            yield consumer
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable(f"Kafka cannot do it now: {type(error).__name__}") from error
    finally:
        await consumer.stop()


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self) -> None:
        self.some = asyncio.Event()

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.some.clear()

    def on_partitions_assigned(self, assigned: Any) -> None:
        if assigned:
            self.some.set()


async def _join(consumer: AIOKafkaConsumer, topic: str) -> None:
    listener = _Assigned()
    consumer.subscribe([topic], listener=listener)
    try:
        await asyncio.wait_for(listener.some.wait(), _JOIN_SECONDS)
    except TimeoutError:
        raise KafkaUnavailable("another replay of the same letters is under way") from None


async def _until(consumer: AIOKafkaConsumer, end: int) -> AsyncIterator[ConsumerRecord]:
    """The records before an offset."""
    while True:
        polled = await consumer.getmany(timeout_ms=1_000, max_records=_CHUNK)
        for records in polled.values():
            for record in records:
                if record.offset >= end:
                    return
                yield record
                if record.offset + 1 >= end:
                    return
        if not polled:
            # Offsets that hold no record (removed by retention) leave nothing to wait for.
            partition = next(iter(consumer.assignment()), None)
            if partition is None or await consumer.position(partition) >= end:
                return


def _replay_group(service: str, prefix: str) -> str:
    return f"{prefix}{dead_letter_topic(service)}-replay"


def _letter(record: ConsumerRecord) -> DeadLetter:
    texts = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
    at = texts.get("dlq-time")
    try:
        time = datetime.fromisoformat(at) if at else None
    except ValueError:
        time = None
    return DeadLetter(
        offset=record.offset,
        reason=texts.get("dlq-reason", ""),
        kind=texts.get("dlq-class", "?"),
        at=time,
        topic=texts.get("dlq-topic", "?"),
        partition=_number(texts.get("dlq-partition")),
        source_offset=_number(texts.get("dlq-offset")),
        group=texts.get("dlq-group", "?"),
        type=texts.get("ce_type", "?"),
        event_id=texts.get("ce_id"),
        tenant=texts.get("ce_tenant"),
        key=None if record.key is None else record.key.decode("utf-8", "replace"),
        size=len(record.value or b""),
    )


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else -1
