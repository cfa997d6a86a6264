"""What the tests of connector share: the service on a real database, connected to a customer's systems.

A module of tests shares one database and one event loop; each test is a workspace of its own in it.
"""

import dataclasses
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.state import State
from tests.customers import Customer, customer
from tests.integration.composed import Composed, composed

__all__ = ["customer"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_world(
    servers: State, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Composed]:
    """The service, composed once for a module."""
    folder = tmp_path_factory.mktemp("connector")
    async with composed(["connector"], folder, servers, module_database, egress_allow="127.0.0.0/8") as made:
        yield made


@pytest.fixture
def world(module_world: Composed) -> Composed:
    """The service as a workspace of this test's own sees it."""
    return dataclasses.replace(module_world, tenant=uuid4())


@pytest_asyncio.fixture(loop_scope="module")
async def connected(world: Composed, customer: Customer) -> Composed:
    """The world with the customer's bucket and warehouse as connections `landing` and `warehouse`."""
    for body in (
        {"name": "landing", "kind": "s3", "settings": customer.s3_settings(), "secrets": customer.s3_secrets()},
        {
            "name": "warehouse",
            "kind": "postgres",
            "settings": customer.postgres_settings(),
            "secrets": customer.postgres_secrets(),
        },
    ):
        made = await world.request("POST", "/api/connections", json=body)
        assert made.status_code == 201, made.text
    return world
