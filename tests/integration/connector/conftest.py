"""What the tests of connector share: the service on a real database, connected to a customer's systems."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.state import State
from tests.customers import Customer, customer
from tests.integration.composed import Composed, composed

__all__ = ["customer"]


@pytest.fixture
async def world(servers: State, admin_url: str, tmp_path: Path) -> AsyncIterator[Composed]:
    async with composed(["connector"], tmp_path, servers, admin_url, egress_allow="127.0.0.0/8") as made:
        yield made


@pytest.fixture
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
