"""A destination that cannot be written in the mode a workflow asks for is refused when the workflow is saved."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.state import State
from services.connector.kinds.registry import KINDS
from tests.customers import Customer, customer
from tests.integration.orchestrator.world import World, document, world_of

__all__ = ["customer"]


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path, customer: Customer) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url, "connector") as made:
        body = {"name": "landing", "kind": "s3", "settings": customer.s3_settings(), "secrets": customer.s3_secrets()}
        assert (await made.request("POST", "/api/connections", json=body)).status_code == 201
        yield made


def writing(mode: str) -> dict[str, Any]:
    return document(
        destination={"connection": "landing", "target": {"prefix": "out"}, "mode": mode, "keys": ["carrier"]}
    )


async def test_files_are_not_updated_row_by_row(world: World) -> None:
    for method, path in (("PUT", "/api/workflows/flights"), ("POST", "/api/workflows:validate")):
        answer = await world.request(method, path, json=writing("upsert"))
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/destination/mode", "mode_unsupported")
        assert error["message"] == (
            "a connection of kind s3 cannot be written in mode 'upsert'; use 'append' or 'replace', "
            "or a connection of kind postgres"
        )
    assert (await world.request("GET", "/api/workflows")).json()["items"] == []


@pytest.mark.parametrize("mode", KINDS["s3"].capabilities.write_modes)
async def test_what_files_can_do_is_taken(world: World, mode: str) -> None:
    assert (await world.request("PUT", "/api/workflows/flights", json=writing(mode))).status_code == 201
