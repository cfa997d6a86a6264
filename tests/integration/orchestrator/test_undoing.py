"""Undoing a run over HTTP: a run of its own, once, recorded with who asked; refusals say why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from contracts.permissions import Role
from contracts.runs import ErrorType
from deploy.local.state import State
from tests.integration.orchestrator.test_cancelling import Held, log
from tests.integration.orchestrator.world import World, document, world_of


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


async def undo(world: World, run: str, query: str = "", **options: Any) -> Any:
    return await world.request("POST", f"/api/runs/{run}:undo{query}", **options)


async def loaded(world: World) -> str:
    """A run that ended well."""
    await world.apply()
    run = str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])
    early = await undo(world, run)
    assert (early.status_code, early.json()["code"]) == (409, "run_requested")
    await world.hear_own()
    await world.ended(run)
    return run


async def test_an_undoing_is_a_run_that_happens_once(world: World) -> None:
    run = await loaded(world)
    dry = (await undo(world, run, "?dry_run=true")).json()["id"]
    await world.hear_own()
    ended = await world.ended(dry)
    assert (ended["state"], ended["undoes"], ended["dry_run"]) == ("succeeded", run, True)
    assert [step["detail"] for step in ended["steps"]] == ["2 would be removed, 1 would be put back as before"]
    held = Held(world, "connector.undo")
    asked = await undo(world, run)
    undoing = asked.json()["id"]
    assert (asked.status_code, asked.headers["location"]) == (202, f"/api/runs/{undoing}")
    await world.hear_own()
    await asyncio.wait_for(held.reached.wait(), 30)
    twice = await undo(world, run)
    assert (twice.status_code, twice.json()["code"]) == (409, "run_being_undone")
    held.go_on.set()
    ended = await world.ended(undoing)
    assert (ended["state"], ended["undoes"], ended["dry_run"]) == ("succeeded", run, False)
    assert ended["requested_by"] is not None
    assert [(step["step"], step["rows"], step["detail"]) for step in ended["steps"]] == [
        ("undo", 3, "2 removed, 1 put back as before")
    ]
    assert (await world.request("GET", f"/api/runs/{run}")).json()["undone_by"] == undoing
    assert f"Undone since, by run {undoing}" in await log(world, run)
    assert f"To be undone: run {run}" in await log(world, undoing)
    late, itself = await undo(world, run), await undo(world, undoing)
    assert (late.status_code, late.json()["code"]) == (409, "run_undone")
    assert undoing in late.json()["detail"]
    assert (itself.status_code, itself.json()["code"]) == (409, "run_is_undoing")
    published = await world.composed.published("orchestrator")
    assert [body for name, body in published if name == "run.undone.v1"] == [
        {
            "run_id": run,
            "workflow_id": ended["workflow_id"],
            "workflow": "flights",
            "undone_by": undoing,
            "removed": 2,
            "restored": 1,
        }
    ]
    assert [body["undoes"] for name, body in published if name == "run.finished.v1"] == [None, run, run][-3:]
    asked_of = [(given.run_id, given.dry_run) for given in world.services.named("connector.undo")]
    assert [(str(one), dry) for one, dry in asked_of] == [(run, True), (run, False)]


async def test_runs_are_found_by_the_module_version_they_used(world: World) -> None:
    run = await loaded(world)

    async def used(query: str) -> list[str]:
        return [item["id"] for item in (await world.request("GET", f"/api/runs?{query}")).json()["items"]]

    assert await used("module=clean-flights&module_version=1") == [run]
    assert await used("module=clean-flights") == [run]
    assert await used("module=clean-flights&module_version=2") == []
    assert await used("module=other&module_version=1") == []


async def test_a_dry_run_tries_a_draft_on_what_past_runs_read(world: World) -> None:
    draft = document(modules=[{"name": "clean-flights", "version": 2}, {"name": "more", "version": 1}])
    path = "/api/workflows/flights:dry-run?last=2"
    assert (await world.request("POST", path, json=draft)).status_code == 404
    first, second = await loaded(world), await loaded(world)
    wrong = await world.request("POST", path, json=draft | {"name": "other"})
    assert wrong.status_code == 422
    before = len(world.services.asked)
    dry = (await world.request("POST", path, json=draft)).json()["id"]
    await world.hear_own()
    ended = await world.ended(dry)
    assert (ended["state"], ended["dry_run"], ended["undoes"]) == ("succeeded", True, None)
    assert [module["version"] for module in ended["definition"]["modules"]] == [2, 1]
    assert [(one["run_id"], one["rows_in"]) for one in ended["rehearsed"]] == [(second, 10), (first, 10)]
    assert [step["detail"] for step in ended["steps"]] == ["the same 10 rows as then"] * 2
    asked = {name for name, _ in world.services.asked[before:]}
    assert asked == {"module_registry.resolve", "transform.differ"}
    (told, _) = world.services.named("transform.differ")
    assert (told.left.ref.name, len(told.left_then), len(told.right_then)) == ("clean-flights", 0, 1)
    assert told.keys == ("carrier", "flight")
    shown = (await world.request("GET", "/api/workflows/flights")).json()
    assert shown["version"] == 1
    never = await undo(world, dry)
    assert (never.status_code, never.json()["code"]) == (409, "run_was_dry")


async def test_a_refusal_is_told_and_may_be_tried_again(world: World) -> None:
    run = await loaded(world)

    def refuse(given: Any) -> Any:
        raise ApplicationError("warehouse: run 7 has touched it.", type=ErrorType.UNDO_REFUSED, non_retryable=True)

    good = world.services.answers["connector.undo"]
    world.services.answers["connector.undo"] = refuse
    first = (await undo(world, run)).json()["id"]
    await world.hear_own()
    ended = await world.ended(first)
    assert (ended["state"], ended["error_code"]) == ("failed", "undo_refused")
    assert ended["message"] == "warehouse: run 7 has touched it."
    assert (await world.request("GET", f"/api/runs/{run}")).json()["undone_by"] is None
    world.services.answers["connector.undo"] = good
    second = (await undo(world, run)).json()["id"]
    await world.hear_own()
    assert (await world.ended(second))["state"] == "succeeded"


async def test_who_may_only_look_may_not_undo(world: World) -> None:
    run = await loaded(world)
    assert (await undo(world, run, role=Role.ANALYST)).status_code == 403
    unknown = "0197f3a2-0000-7000-8000-000000000000"
    assert (await undo(world, unknown)).status_code == 404
