"""What the tests of transform share: the service on a real database, with its children.

A module of tests shares one database and one event loop; each test is a workspace of its own in it.
"""

import dataclasses
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.state import State
from tests.integration.composed import Composed, composed
from tests.integration.transform.doing import Doing


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_world(
    servers: State, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Composed]:
    """The service and the registry, composed once for a module."""
    folder = tmp_path_factory.mktemp("transform")
    async with composed(["transform", "module_registry"], folder, servers, module_database) as made:
        yield made


@pytest.fixture
def world(module_world: Composed) -> Composed:
    """The service as a workspace of this test's own sees it."""
    return dataclasses.replace(module_world, tenant=uuid4())


@pytest.fixture
def doing(world: Composed) -> Doing:
    """The activities of the service."""
    return Doing(world)
