"""One running identity for the tests of a module, in a database of its own."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.state import State
from tests.integration.identity.running import Child, Installation, installation


async def execute(url: str, statement: str, *values: Any) -> list[Any]:
    """Ask a database as its superuser."""
    connection: Any = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def place(servers: State, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that was provisioned; nothing runs yet."""
    with installation(tmp_path_factory.mktemp("place"), servers, module_database) as made:
        yield made


@pytest.fixture(scope="module")
def running(place: Installation) -> Child:
    """Identity, running and set up."""
    child = place.start("identity")
    place.set_up()
    return child


@pytest.fixture
def admin(place: Installation, running: Child) -> Iterator[httpx.Client]:
    """The first workspace's admin, by API key."""
    with place.client(place.admin["api_key"]) as client:
        yield client


@pytest.fixture
def nobody(place: Installation, running: Child) -> Iterator[httpx.Client]:
    """A caller without a credential."""
    with place.client() as client:
        yield client
