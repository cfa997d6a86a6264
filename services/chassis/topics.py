"""Kafka's topics, made as the table of topics says; nothing else makes one."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.topics import DEAD_LETTER_RETENTION_SECONDS, SERVICES, TOPICS, dead_letter_topic
from services.chassis.producer import MAX_REQUEST_BYTES, KafkaUnavailable

COORDINATOR_SECONDS = 5.0


async def ensure_topics(kafka: str, *, replication: int = 1, prefix: str = "") -> None:
    """Make the topics that are not there yet, dead-letter topics among them; raises KafkaUnavailable.

    `prefix` stands before every name, for installations that share one cluster.
    """
    wanted = [
        NewTopic(
            prefix + topic.name,
            topic.partitions,
            replication,
            topic_configs={"retention.ms": str(topic.retention_seconds * 1000)} | topic.config,
        )
        for topic in TOPICS
    ]
    letters = {
        "retention.ms": str(DEAD_LETTER_RETENTION_SECONDS * 1000),
        "max.message.bytes": str(MAX_REQUEST_BYTES),
    }
    for service in SERVICES:
        wanted.append(NewTopic(prefix + dead_letter_topic(service), 1, replication, topic_configs=letters))
    async with connected_admin(kafka) as admin:
        present = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in present]
        if not missing:
            return
        answer = await admin.create_topics(missing)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"topic {name}")


async def missing_topics(kafka: str, names: Iterable[str]) -> list[str]:
    """Which of these topics are not there; raises KafkaUnavailable."""
    async with connected_admin(kafka) as admin:
        present = set(await admin.list_topics())
    return [name for name in names if name not in present]


async def committed_offsets(kafka: str, group: str) -> dict[TopicPartition, int]:
    """A consumer group's offsets; none for a group that never committed. Raises KafkaUnavailable."""
    deadline = asyncio.get_running_loop().time() + COORDINATOR_SECONDS
    while True:
        try:
            async with connected_admin(kafka) as admin:
                found = await admin.list_consumer_group_offsets(group)
            return {partition: meta.offset for partition, meta in found.items() if meta.offset >= 0}
        except KafkaUnavailable:
            # The first question about a group makes a new broker create the topic of its answers.
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.2)


@asynccontextmanager
async def connected_admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for a few calls; what cannot be done now becomes KafkaUnavailable."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, client_id="modulardata-admin")
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable("Kafka cannot be reached") from error
        try:
            yield admin
        except KafkaError as error:
            if error.retriable:
                raise KafkaUnavailable(f"Kafka cannot do it now: {type(error).__name__}") from error
            raise
    finally:
        await admin.close()
