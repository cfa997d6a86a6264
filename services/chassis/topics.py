"""Kafka's topics made as the table of topics says, and the one producer of a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from contracts.topics import DEAD_LETTER_RETENTION_SECONDS, SERVICES, TOPICS, dead_letter_topic
from services.chassis.errors import TransientError

REQUEST_TIMEOUT_MS = 30_000


class KafkaUnavailable(TransientError):
    """No broker answers."""


class TopicMissing(Exception):
    """A topic is not there, and nothing makes it by itself."""


async def ensure_topics(kafka: str, *, replication: int = 1) -> None:
    """Make the topics that are not there yet, dead-letter topics among them; raises KafkaUnavailable."""
    wanted = [
        NewTopic(
            topic.name,
            topic.partitions,
            replication,
            topic_configs={"retention.ms": str(topic.retention_seconds * 1000)} | topic.config,
        )
        for topic in TOPICS
    ]
    wanted += [
        NewTopic(
            dead_letter_topic(service),
            1,
            replication,
            topic_configs={"retention.ms": str(DEAD_LETTER_RETENTION_SECONDS * 1000)},
        )
        for service in SERVICES
    ]
    async with _admin(kafka) as admin:
        present = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in present]
        if not missing:
            return
        answer = await admin.create_topics(missing)
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"topic {name}")


async def missing_topics(kafka: str, names: list[str]) -> list[str]:
    """Which of these topics are not there."""
    async with _admin(kafka) as admin:
        present = set(await admin.list_topics())
    return [name for name in names if name not in present]


@asynccontextmanager
async def connected_producer(kafka: str, *, client_id: str = "modulardata") -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer; all services of one process share one."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        linger_ms=2,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=1_048_576,
    )
    await _started(producer)
    try:
        yield producer
    finally:
        await producer.stop()


async def _started(producer: AIOKafkaProducer) -> None:
    try:
        await producer.start()
    except (KafkaConnectionError, OSError) as error:
        await producer.stop()
        raise KafkaUnavailable("Kafka cannot be reached") from error


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, client_id="modulardata-setup")
    try:
        await admin.start()
        yield admin
    except (TimeoutError, KafkaConnectionError, OSError) as error:
        raise KafkaUnavailable("Kafka cannot be reached") from error
    except KafkaError as error:
        if error.retriable:
            raise KafkaUnavailable(f"Kafka cannot do it now: {type(error).__name__}") from error
        raise
    finally:
        await admin.close()
