"""Workflows that would start one another for ever: the one that would close the circle is refused when it is saved."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.commands.connector import PullResult
from deploy.local.state import State
from tests.integration.orchestrator.stub_services import group, pulled
from tests.integration.orchestrator.world import World, document, world_of


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


def link(name: str, reads: str, writes: str) -> dict[str, Any]:
    return document(
        name,
        source={"connection": "landing", "selection": {"path": f"{reads}/*.csv"}},
        destination={"connection": "landing", "target": {"prefix": writes}},
        triggers=[{"kind": "s3_event", "name": "files"}],
    )


async def test_the_last_link_of_a_circle_is_refused(world: World) -> None:
    for body in (link("a", "1", "2"), link("b", "2", "3")):
        assert (await world.request("PUT", f"/api/workflows/{body['name']}", json=body)).status_code == 201
    closing = link("c", "3", "1")
    for method, path in (
        ("POST", "/api/workflows:validate"),
        ("PUT", "/api/workflows/c?dry_run=true"),
        ("PUT", "/api/workflows/c"),
    ):
        answer = await world.request(method, path, json=closing)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/destination/target/prefix", "loop")
        assert "c → a → b → c" in error["message"]
    assert len((await world.request("GET", "/api/workflows")).json()["items"]) == 2
    # When one link is gone, there is no circle any more.
    assert (await world.request("DELETE", "/api/workflows/b")).status_code == 204
    assert (await world.request("PUT", "/api/workflows/c", json=closing)).status_code == 201


async def test_another_workspace_is_no_link(world: World) -> None:
    stranger = {"tenant": world.composed.foundation.ids.new()}
    assert (await world.request("PUT", "/api/workflows/a", json=link("a", "1", "2"), **stranger)).status_code == 201
    assert (await world.request("PUT", "/api/workflows/b", json=link("b", "2", "1"))).status_code == 201


async def test_a_run_hands_on_what_its_source_came_through(world: World) -> None:
    def far_travelled(given: Any) -> PullResult:
        return pulled(group(10)).model_copy(update={"hops": 5})

    world.services.answers["connector.pull"] = far_travelled
    await world.apply()
    run = (await world.request("POST", "/api/workflows/flights/runs")).json()["id"]
    await world.hear_own()
    assert (await world.ended(run))["state"] == "succeeded"
    (push,) = world.services.named("connector.push")
    assert push.hops == 5
