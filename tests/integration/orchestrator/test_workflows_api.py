"""Definitions over HTTP: versions, differences, preconditions, problems with their places, and triggers that follow."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contracts.commands.connector import DescribeConnectionResult, Problem
from contracts.commands.module_registry import ResolveModuleResult
from contracts.data import LogicalType
from contracts.permissions import Role
from deploy.local.state import State
from tests.integration.orchestrator.stub_services import module, schema
from tests.integration.orchestrator.world import World, document, world_of

WATCH = {"kind": "s3_event", "name": "new-files"}
CALL = {"kind": "webhook", "name": "call"}


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


async def events(world: World, stem: str) -> list[dict[str, Any]]:
    return [body for name, body in await world.composed.published("orchestrator") if name.startswith(stem)]


async def test_same_definition_is_one_version_and_a_changed_one_another(world: World) -> None:
    first = await world.request("PUT", "/api/workflows/flights", json=document())
    assert (first.status_code, first.json()["change"], first.json()["version"]) == (201, "created", 1)
    again = await world.request("PUT", "/api/workflows/flights", json=document())
    assert (again.status_code, again.json()["change"], again.json()["changes"]) == (200, "unchanged", [])
    changed = await world.apply(description="months of flights")
    assert (changed["change"], changed["version"]) == ("updated", 2)
    assert changed["changes"] == [{"pointer": "/description", "old": "", "new": "months of flights"}]
    assert [event["version"] for event in await events(world, "workflow.applied")] == [1, 2]
    (listed,) = (await world.request("GET", "/api/workflows")).json()["items"]
    assert (listed["name"], listed["version"], listed["description"]) == ("flights", 2, "months of flights")
    found = (await world.request("GET", "/api/workflows/flights")).json()
    assert found["definition"]["source"]["selection"] == {"path": "flights/*.csv"}


async def test_dry_run_says_what_would_change_and_changes_nothing(world: World) -> None:
    path = "/api/workflows/flights?dry_run=true"
    would = await world.request("PUT", path, json=document(triggers=[WATCH]))
    assert (would.status_code, would.json()["change"]) == (200, "created")
    assert (await world.request("GET", "/api/workflows/flights")).status_code == 404
    await world.apply(triggers=[WATCH])
    would = await world.request("PUT", path, json=document(triggers=[]))
    assert would.json()["change"] == "updated"
    assert [change["pointer"] for change in would.json()["changes"]] == ["/triggers/0"]
    assert len((await world.request("GET", "/api/triggers")).json()["items"]) == 1
    assert len(await events(world, "")) == 2


async def test_stale_precondition_is_refused(world: World) -> None:
    created = await world.request("PUT", "/api/workflows/flights", json=document())
    tag = created.headers["etag"]
    changed = document(description="b")
    again = await world.request("PUT", "/api/workflows/flights", json=changed, headers={"If-Match": tag})
    assert again.status_code == 200
    stale = await world.request("PUT", "/api/workflows/flights", json=document(), headers={"If-Match": tag})
    assert stale.status_code == 412
    assert (await world.request("DELETE", "/api/workflows/flights", headers={"If-Match": tag})).status_code == 412
    assert (await world.request("GET", "/api/workflows/flights")).headers["etag"] == again.headers["etag"]


async def test_concurrent_first_applications_make_one_workflow(world: World) -> None:
    answers = await asyncio.gather(
        *(world.request("PUT", "/api/workflows/flights", json=document(description=str(n))) for n in range(4))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] in (200, 201)
    assert set(codes) <= {200, 201, 409}
    assert len((await world.request("GET", "/api/workflows")).json()["items"]) == 1


async def problems(world: World, sent: dict[str, Any], name: str = "flights") -> list[tuple[str, str]]:
    answer = await world.request("PUT", f"/api/workflows/{name}", json=sent)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def test_edge_that_does_not_fit_is_named_with_its_column(world: World) -> None:
    takes = schema(carrier=LogicalType.STRING, flight=LogicalType.STRING, gate=LogicalType.STRING)
    modules = {"clean-flights": module(), "add-gates": module("add-gates", takes=takes)}
    world.services.answers["module_registry.resolve"] = lambda i: ResolveModuleResult(module=modules[i.module.name])
    sent = document(modules=[{"name": "clean-flights"}, {"name": "add-gates"}])
    answer = await world.request("PUT", "/api/workflows/flights", json=sent)
    found = {(error["pointer"], error["code"]): error["message"] for error in answer.json()["errors"]}
    assert set(found) == {("/modules/1", "type_mismatch"), ("/modules/1", "column_missing")}
    assert "'gate'" in found["/modules/1", "column_missing"]
    assert "'flight'" in found["/modules/1", "type_mismatch"]


async def test_everything_wrong_is_said_with_its_place(world: World) -> None:
    sent = document()
    sent["destination"]["keys"] = ["carrier", "tail"]
    assert await problems(world, sent) == [("/destination/keys/1", "column_missing")]

    world.services.answers["connector.describe"] = lambda i: DescribeConnectionResult(
        problems=(Problem(pointer="/connection", code="not_found", message="no such connection"),)
    )
    world.services.answers["module_registry.resolve"] = lambda i: ResolveModuleResult(problem="no such module")
    assert await problems(world, document()) == [
        ("/source/connection", "not_found"),
        ("/destination/connection", "not_found"),
        ("/modules/0", "module_not_found"),
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "other"}, "/name"),
        ({"destination": {"connection": "landing", "target": {"prefix": "flights/"}}}, "/destination/target/prefix"),
        ({"source": {"connection": "db", "selection": {"table": "t"}}, "triggers": [WATCH]}, "/triggers/0"),
        ({"triggers": [{"kind": "cron", "name": "x"}]}, "/triggers/0"),
        ({"triggers": [CALL, CALL]}, ""),
        ({"destination": {"connection": "warehouse", "target": {}, "mode": "upsert"}}, "/destination"),
        ({"is_admin": True}, "/is_admin"),
    ],
)
async def test_definition_that_is_wrong_by_itself_never_reaches_the_others(
    world: World, changes: dict[str, Any], pointer: str
) -> None:
    assert [place for place, _ in await problems(world, document() | changes)] == [pointer]
    assert world.services.asked == []


async def test_validation_writes_nothing(world: World) -> None:
    answer = await world.request("POST", "/api/workflows:validate", json=document())
    assert (answer.status_code, answer.json()["valid"]) == (200, True)
    assert (await world.request("GET", "/api/workflows")).json()["items"] == []


async def test_triggers_follow_their_definition(world: World) -> None:
    first = await world.apply(triggers=[WATCH, CALL])
    made = {trigger["name"]: trigger for trigger in first["triggers"]}
    assert all(trigger["secret"].startswith("whsec_") for trigger in made.values())
    assert made["call"]["url"].endswith(f"/hooks/{made['call']['id']}")
    again = await world.apply(triggers=[WATCH, CALL])
    assert [trigger["secret"] for trigger in again["triggers"]] == [None, None]
    assert {trigger["id"] for trigger in again["triggers"]} == {trigger["id"] for trigger in first["triggers"]}
    (watch,) = await events(world, "watch.configured")
    assert {k: watch[k] for k in ("bucket", "prefix", "pattern", "enabled", "state", "connection")} == {
        "connection": "landing",
        "bucket": "landing",
        "prefix": "flights/",
        "pattern": "flights/*.csv",
        "enabled": True,
        "state": "active",
    }
    await world.apply(triggers=[WATCH | {"enabled": False}])
    assert [event["enabled"] for event in await events(world, "watch.configured")] == [True, False]
    (left,) = (await world.request("GET", "/api/triggers?workflow=flights")).json()["items"]
    assert (left["name"], left["enabled"]) == ("new-files", False)
    await world.apply(triggers=[{"kind": "webhook", "name": "new-files"}])
    assert (await events(world, "watch.configured"))[-1]["state"] == "removed"


async def test_deleted_workflow_takes_its_triggers_along_and_frees_its_name(world: World) -> None:
    first = await world.apply(triggers=[WATCH])
    run = (await world.request("POST", "/api/workflows/flights/runs")).json()["id"]
    assert (await world.request("DELETE", "/api/workflows/flights")).status_code == 204
    assert (await world.request("DELETE", "/api/workflows/flights")).status_code == 404
    assert (await world.request("GET", "/api/triggers")).json()["items"] == []
    assert (await events(world, "watch.configured"))[-1]["state"] == "removed"
    assert (await world.request("GET", f"/api/runs/{run}")).json()["workflow"] == "flights"
    assert (await world.request("POST", "/api/workflows/flights/runs")).status_code == 404
    second = await world.apply()
    assert (second["change"], second["version"]) == ("created", 1)
    assert second["id"] != first["id"]


async def test_another_workspace_sees_nothing(world: World) -> None:
    applied = await world.apply(triggers=[WATCH])
    run = (await world.request("POST", "/api/workflows/flights/runs")).json()["id"]
    trigger = applied["triggers"][0]["id"]
    for method, path in [
        ("GET", "/api/workflows/flights"),
        ("DELETE", "/api/workflows/flights"),
        ("POST", "/api/workflows/flights/runs"),
        ("GET", f"/api/runs/{run}"),
        ("GET", f"/api/runs/{run}/log"),
        ("POST", f"/api/triggers/{trigger}:rotate"),
    ]:
        there = await world.request(method, path, tenant=uuid4())
        unknown = await world.request(method, path.replace(run, str(uuid4())).replace("flights", "x"), tenant=uuid4())
        assert (there.status_code, there.content) == (404, unknown.content), path
    for path in ("/api/workflows", "/api/runs", "/api/triggers"):
        assert (await world.request("GET", path, tenant=uuid4())).json()["items"] == []


async def test_analyst_may_look_and_not_touch(world: World) -> None:
    await world.apply()
    assert (await world.request("GET", "/api/workflows", role=Role.ANALYST)).status_code == 200
    for method, path in [
        ("PUT", "/api/workflows/flights"),
        ("DELETE", "/api/workflows/flights"),
        ("POST", "/api/workflows/flights/runs"),
    ]:
        sent = {"json": document()} if method == "PUT" else {}
        assert (await world.request(method, path, role=Role.ANALYST, **sent)).status_code == 403
    assert (await world.request("POST", "/api/workflows/flights/runs", role=Role.OPERATOR)).status_code == 202


async def test_pages_of_runs_hold_every_run_once(world: World) -> None:
    await world.apply()
    made = [(await world.request("POST", "/api/workflows/flights/runs")).json()["id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await world.request("GET", f"/api/runs?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    assert (await world.request("GET", "/api/runs?workflow=other")).json()["items"] == []
    assert (await world.request("GET", "/api/runs?state=nonsense")).status_code == 422
