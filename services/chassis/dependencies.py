"""What a process needs of the world, as checks that a probe can name."""

from datetime import timedelta
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS
from services.chassis.database import Database
from services.chassis.errors import TransientError
from services.chassis.producer import KafkaUnavailable
from services.chassis.revocations import Revocations
from services.chassis.temporal import TemporalGateway, TemporalUnavailable

_NOBODY = UUID(int=0)


class TopicMissing(TransientError):
    """A topic is not there, and nothing makes it by itself."""


class FeedIncomplete(TransientError):
    """Revoked credentials are not all known yet."""


class KafkaCheck:
    """Asks a broker for its metadata over one connection that stays, and compares its topics with the table."""

    def __init__(self, kafka: str, prefix: str = "") -> None:
        self._kafka = kafka
        self._topics = frozenset(prefix + topic.name for topic in TOPICS)
        self._client: AIOKafkaClient | None = None

    async def __call__(self) -> None:
        """Raises KafkaUnavailable, or TopicMissing with the name."""
        try:
            if self._client is None:
                self._client = AIOKafkaClient(bootstrap_servers=self._kafka, client_id="modulardata-probe")
                await self._client.bootstrap()
            found = await self._client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaUnavailable("Kafka does not answer") from error
        missing = self._topics - set(found.topics())
        if missing:
            raise TopicMissing(f"topics {', '.join(sorted(missing))} are not there; run the set-up first")

    async def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


class DatabaseCheck:
    """Opens a transaction; one service's stands for all, because they share the server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> None:
        """Raises DatabaseUnavailable."""
        async with self._database.work(_NOBODY):
            return


class TemporalCheck:
    """Asks the workflow server how it is."""

    def __init__(self, gateway: TemporalGateway) -> None:
        self._gateway = gateway

    async def __call__(self) -> None:
        """Raises TemporalUnavailable, or the client's own error."""
        if not await self._gateway.client.service_client.check_health(timeout=timedelta(seconds=1.5)):
            raise TemporalUnavailable("Temporal is not well")


class FeedCheck:
    """Whether the revocations have been read to their end."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    async def __call__(self) -> None:
        """Raises FeedIncomplete."""
        if not self._revocations.complete:
            raise FeedIncomplete("revoked credentials are not all known yet")
