"""What the tests of the registry share: it runs once for a module of tests, and each test is a workspace of its own."""

import dataclasses
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.state import State
from tests.integration.composed import Composed
from tests.integration.module_registry.registry_world import checking, registry


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_world(
    namespace: State, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Composed]:
    """The registry and those whom it asks, composed once for a module."""
    folder = tmp_path_factory.mktemp("registry")
    async with registry(namespace, module_database, folder) as made, checking(made):
        yield made


@pytest.fixture
def world(module_world: Composed) -> Composed:
    """The registry as a workspace of this test's own sees it."""
    return dataclasses.replace(module_world, tenant=uuid4())
