"""Ending a run before its time: what it took is given back, what was loaded is owned up to, asking twice is once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands.schema_drift import SettleResult
from contracts.permissions import Role
from contracts.runs import run_id
from deploy.local.state import State
from services.chassis.temporal import TemporalGateway
from services.orchestrator.service import cancelling
from services.orchestrator.service.looking_after import Reconciler
from services.orchestrator.temporal import TemporalExecutions
from tests.customers import Customer, customer
from tests.integration.orchestrator.world import World, document, until, world_of

__all__ = ["customer"]


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


class Held:
    """A command that waits until it is let go."""

    def __init__(self, world: World, command: str) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self._answer = world.services.answers[command]
        world.services.answers[command] = self._wait

    async def _wait(self, given: Any) -> Any:
        self.reached.set()
        await self.go_on.wait()
        return self._answer(given)


async def asked(world: World) -> str:
    await world.apply()
    return str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])


async def cancel(world: World, run: str, **options: Any) -> Any:
    return await world.request("POST", f"/api/runs/{run}:cancel", **options)


def executions(world: World, gateway: TemporalGateway | None = None) -> TemporalExecutions:
    return TemporalExecutions(gateway or world.executions, world.composed.foundation.ids, validation_seconds=20)


async def looked_after(world: World) -> int:
    world.clock.ahead = timedelta(minutes=1)
    database = world.composed.platforms["orchestrator"].database
    return await Reconciler(database, executions(world), every=3600, patience=30).sweep()


async def log(world: World, run: str) -> list[str]:
    items = (await world.request("GET", f"/api/runs/{run}/log")).json()["items"]
    return [item["message"] for item in items]


async def test_a_run_under_way_is_cancelled_and_gives_its_window_back(world: World) -> None:
    held, run = Held(world, "schema_drift.settle"), await asked(world)
    await world.hear_own()
    await asyncio.wait_for(held.reached.wait(), 30)
    first = await cancel(world, run)
    assert (first.status_code, first.headers["location"]) == (202, f"/api/runs/{run}")
    assert first.json()["cancel_requested_at"] is not None
    again = await cancel(world, run)
    assert (again.status_code, again.json()["cancel_requested_at"]) == (202, first.json()["cancel_requested_at"])
    ended = await world.ended(run)
    held.go_on.set()
    assert (ended["state"], ended["error_code"], ended["books"]["loaded"]) == ("cancelled", "cancelled", 0)
    assert [close.outcome for close in world.services.named("connector.close_window")] == ["released"]
    assert "connector.push" not in world.services.order
    assert "Asked to end before its time" in await log(world, run)
    late = await cancel(world, run)
    assert (late.status_code, late.json()["state"]) == (202, "cancelled")
    (row,) = await world.composed.sql("SELECT cancel_requested_by FROM orchestrator.runs")
    assert row["cancel_requested_by"] is not None
    finished = [body for name, body in await world.composed.published("orchestrator") if name == "run.finished.v1"]
    assert [body["outcome"] for body in finished] == ["cancelled"]


async def test_a_run_that_has_ended_says_how(world: World) -> None:
    run = await asked(world)
    await world.hear_own()
    assert (await world.ended(run))["state"] == "succeeded"
    answer = await cancel(world, run)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_succeeded")
    assert answer.json()["detail"] == "The run has ended already: it succeeded."
    (row,) = await world.composed.sql("SELECT cancel_requested_at FROM orchestrator.runs")
    assert row["cancel_requested_at"] is None


@pytest.mark.parametrize("command", ["connector.push", "connector.close_window"])
async def test_what_was_loaded_is_owned_up_to(world: World, command: str) -> None:
    held, run = Held(world, command), await asked(world)
    await world.hear_own()
    await asyncio.wait_for(held.reached.wait(), 30)
    assert (await cancel(world, run)).status_code == 202
    handle = world.executions.client.get_workflow_handle(run_id(world.tenant, UUID(run)))

    async def heard() -> bool:
        history = await handle.fetch_history()
        return any(event.HasField("workflow_execution_cancel_requested_event_attributes") for event in history.events)

    await until(heard)
    held.go_on.set()
    ended = await world.ended(run)
    assert (ended["state"], ended["books"]["loaded"]) == ("succeeded", 10)
    assert [close.outcome for close in world.services.named("connector.close_window")] == ["committed"]
    assert "Asked to end before its time" in await log(world, run)
    assert (await cancel(world, run)).status_code == 409


async def test_a_run_that_never_began_is_cancelled_when_it_is_started(world: World) -> None:
    run = await asked(world)
    assert (await cancel(world, run)).json()["state"] == "requested"
    await world.hear_own()
    assert (await world.ended(run))["state"] == "cancelled"
    assert "connector.pull" not in world.services.order


async def test_without_the_second_telling_a_run_that_never_began_runs(world: World) -> None:
    """The guard, seen red: a start that does not look whether somebody has asked for the end meanwhile."""
    run = await asked(world)
    await cancel(world, run)
    await executions(world).start_run(world.tenant, UUID(run), "flights")
    assert (await world.ended(run))["state"] == "succeeded"


async def test_a_wish_that_temporal_did_not_hear_is_told_again(world: World) -> None:
    held, run = Held(world, "schema_drift.settle"), await asked(world)
    await world.hear_own()
    await asyncio.wait_for(held.reached.wait(), 30)
    async with world.composed.platforms["orchestrator"].database.work(world.tenant) as work:
        await cancelling.ask(work, UUID(run), uuid4())
    await cancelling.tell(executions(world, TemporalGateway()), world.tenant, UUID(run))  # it is not connected
    assert (await world.request("GET", f"/api/runs/{run}")).json()["state"] == "running"
    assert await looked_after(world) == 1
    assert (await world.ended(run))["state"] == "cancelled"
    held.go_on.set()


async def test_a_run_whose_start_was_lost_is_not_run_after_all(world: World) -> None:
    run = await asked(world)
    await cancel(world, run)
    assert await looked_after(world) == 1
    assert (await world.ended(run))["state"] == "cancelled"
    assert "connector.pull" not in world.services.order


async def test_nobody_else_can_cancel_it(world: World) -> None:
    run = await asked(world)
    unknown = await cancel(world, str(uuid4()))
    assert unknown.status_code == 404
    for path in (run, "not-a-run", run.upper()):
        answer = await cancel(world, path, tenant=uuid4() if path == run else None)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    assert (await cancel(world, run, role=Role.ANALYST)).status_code == 403
    assert (await cancel(world, run, role=Role.OPERATOR)).status_code == 202


async def test_the_next_run_takes_the_files_of_a_cancelled_one(
    namespace: State, admin_url: str, tmp_path: Path, customer: Customer
) -> None:
    async with world_of(tmp_path, namespace, admin_url, "connector") as world:
        bodies: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
            ("landing", "s3", customer.s3_settings(), customer.s3_secrets()),
            ("warehouse", "postgres", customer.postgres_settings(), customer.postgres_secrets()),
        )
        for name, kind, settings, secrets in bodies:
            body = {"name": name, "kind": kind, "settings": settings, "secrets": secrets}
            assert (await world.request("POST", "/api/connections", json=body)).status_code == 201
        customer.put("in/a.csv", b"carrier,flight,delay\nUA,1,5\nAA,2,6\n")
        held = Held(world, "schema_drift.settle")
        workflow = document(
            source={"connection": "landing", "selection": {"path": f"{customer.prefix}/in/*.csv"}},
            destination={"connection": "warehouse", "target": {"schema": customer.schema, "table": "flights"}},
        )
        await world.apply(**{name: workflow[name] for name in ("source", "destination")})
        first = str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])
        await world.hear_own()
        await asyncio.wait_for(held.reached.wait(), 60)
        await cancel(world, first)
        assert (await world.ended(first))["state"] == "cancelled"
        held.go_on.set()
        world.services.answers["schema_drift.settle"] = lambda given: SettleResult(decision="proceed")
        second = str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])
        await world.hear_own()
        ended = await world.ended(second)
        assert (ended["state"], ended["books"]["read"], ended["books"]["loaded"]) == ("succeeded", 2, 2)
        windows = await world.composed.sql("SELECT run_id, state FROM connector.windows ORDER BY claimed_at")
        assert [(str(row["run_id"]), row["state"]) for row in windows] == [(first, "released"), (second, "committed")]
