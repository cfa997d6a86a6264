"""What the integration tests of services share: a database of the test's own with roles and tables in it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.state import State
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.ids import Ids
from tests.integration.namespaces import register
from tests.integration.prepared import SERVICES_FOLDER, prepare

# Roles belong to the whole server, which all tests share: every test gives them the same password.
ROLE_PASSWORD = "integration-tests-only"


class Place:
    """A database of one test."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self.url = "postgresql://" + admin_url.rpartition("@")[2]
        self._open: list[Database] = []

    def password(self, service: str) -> str:
        """The password of a service's role."""
        return ROLE_PASSWORD

    async def prepare(self, *services: str, root: Path = SERVICES_FOLDER) -> None:
        """Make roles, schemas and tables of these services."""
        await prepare(self.admin_url, {service: self.password(service) for service in services}, root=root)

    def database(
        self,
        service: str,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        pool_size: int = 2,
        pool_overflow: int = 6,
    ) -> Database:
        """A service's database, closed when the test ends."""
        database = Database(
            service,
            self.url,
            self.password(service),
            clock=clock,
            ids=ids,
            pool_size=pool_size,
            pool_overflow=pool_overflow,
        )
        self._open.append(database)
        return database

    async def close(self) -> None:
        """Close what was opened."""
        for database in self._open:
            await database.close()


@pytest.fixture(scope="session")
def namespace(servers: State) -> State:
    """The servers, with a Temporal namespace that only this process's tests use: task queues have fixed names."""
    name = f"integration-{secrets.token_hex(4)}"
    asyncio.run(register(servers.temporal, name))
    return servers.model_copy(update={"temporal_namespace": name})


@pytest_asyncio.fixture
async def place(admin_url: str) -> AsyncIterator[Place]:
    """A database of this test's own; `await place.prepare("connector")` fills it."""
    found = Place(admin_url)
    yield found
    await found.close()
