"""Runs as their record tells them: steps, attempts, books, the log, what is under way, and their one true end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError

from contracts.commands.orchestrator import FindRunInput, FinishRunInput, RecordStepInput, StartRunInput
from contracts.data import RowBooks
from contracts.runs import ErrorType, run_id
from deploy.local.state import State
from services.chassis.temporal import heartbeating
from services.orchestrator.activities import OrchestratorActivities
from services.orchestrator.service.history import History, finish
from services.orchestrator.service.looking_after import Reconciler
from services.orchestrator.temporal import TemporalExecutions
from tests.integration.orchestrator.stub_services import group, pulled, refused
from tests.integration.orchestrator.world import World, until, world_of


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


def executions(world: World) -> TemporalExecutions:
    return TemporalExecutions(world.executions, world.composed.foundation.ids, validation_seconds=20)


def activities(world: World) -> OrchestratorActivities:
    return OrchestratorActivities(History(world.composed.platforms["orchestrator"].database, executions(world)))


def reconciler(world: World) -> Reconciler:
    database = world.composed.platforms["orchestrator"].database
    return Reconciler(database, executions(world), every=3600, patience=30)


async def asked(world: World) -> str:
    """A run that was accepted and not yet heard of."""
    await world.apply()
    return str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])


async def started(world: World) -> str:
    run = await asked(world)
    await world.hear_own()
    return run


async def shown(world: World, run: str) -> dict[str, Any]:
    found: dict[str, Any] = (await world.request("GET", f"/api/runs/{run}")).json()
    return found


async def events(world: World, name: str) -> list[dict[str, Any]]:
    return [body for kind, body in await world.composed.published("orchestrator") if kind == name]


async def test_good_run_is_told_whole(world: World) -> None:
    world.services.answers["connector.pull"] = lambda i: pulled(group(10), rows_read=12, quarantined=(refused(2),))
    run = await world.ended(await started(world))
    assert (run["state"], run["trigger"], run["workflow"], run["workflow_version"]) == (
        "partial",
        "manual",
        "flights",
        1,
    )
    assert run["books"] == {
        "read": 12,
        "loaded": 10,
        "filtered": 0,
        "deduplicated": 0,
        "quarantined": 2,
        "added": 0,
        "combined": 0,
    }
    assert [(step["step"], step["state"], step["attempts"], step["rows"]) for step in run["steps"]] == [
        ("resolve_modules", "succeeded", 1, None),
        ("pull", "succeeded", 1, 12),
        ("settle_drift", "succeeded", 1, None),
        ("quarantine", "succeeded", 1, 2),
        ("transform", "succeeded", 1, 10),
        ("push", "succeeded", 1, 10),
        ("close_window", "succeeded", 1, None),
    ]
    assert all(step["seconds"] is not None for step in run["steps"])
    assert [module["name"] for module in run["modules"]] == ["clean-flights"]
    assert run["definition"]["destination"]["connection"] == "warehouse"
    assert run["progress"] == []
    lines = (await world.request("GET", f"/api/runs/{run['id']}/log")).json()["items"]
    assert lines[0]["message"] == "Asked for by hand: flights version 1"
    assert lines[-1]["message"].startswith("Rows: read 12, loaded 10")
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    (said,) = await events(world, "run.finished.v1")
    assert said["modules"] == run["modules"]
    (applied,) = await events(world, "workflow.applied.v1")
    assert applied["modules"] == [{"name": "clean-flights", "version": "current"}]
    # What the first module was given can be asked for, to try other versions on it.
    found = await activities(world).find_run(FindRunInput(tenant=world.tenant, run_id=UUID(run["id"])))
    assert found.dataset is not None
    assert found.dataset.rows == 10
    nothing = await activities(world).find_run(FindRunInput(tenant=world.tenant, run_id=uuid4()))
    assert (nothing.dataset, nothing.problem) == (None, "There is no such run.")
    names = [name for name, _ in await world.composed.published("orchestrator") if name.startswith("run.")]
    assert names == ["run.requested.v1", "run.started.v1", *["run.step_finished.v1"] * 7, "run.finished.v1"]


async def test_run_uses_the_version_it_was_asked_for(world: World) -> None:
    run = await asked(world)
    await world.apply(description="changed meanwhile")
    await world.hear_own()
    ended = await world.ended(run)
    assert (ended["workflow_version"], ended["definition"]["description"]) == (1, "")


async def test_attempts_of_every_step_are_true(world: World) -> None:
    tries: dict[str, int] = {"connector.pull": 0, "connector.push": 0}

    def stumble(name: str) -> Any:
        answer = world.services.answers[name]

        def call(given: Any) -> Any:
            tries[name] += 1
            if tries[name] == 1:
                raise ApplicationError("connection reset", type=ErrorType.UNREACHABLE_TIMEOUT)
            return answer(given)

        return call

    for name in tries:
        world.services.answers[name] = stumble(name)
    run = await world.ended(await started(world))
    attempts = {step["step"]: step["attempts"] for step in run["steps"]}
    assert (attempts["pull"], attempts["push"], attempts["transform"]) == (2, 2, 1)
    told = {event["step"]: event["attempts"] for event in await events(world, "run.step_finished.v1")}
    assert told == attempts


async def test_failed_run_says_where_and_why(world: World) -> None:
    def broken(given: Any) -> Any:
        raise ApplicationError("column 'x' is not there", type=ErrorType.RECIPE_INVALID)

    world.services.answers["transform.apply"] = broken
    run = await world.ended(await started(world))
    assert (run["state"], run["error_code"], run["message"]) == ("failed", "recipe_invalid", "column 'x' is not there")
    assert run["steps"][-1]["step"] == "transform"
    assert run["steps"][-1]["state"] == "failed"
    (finished,) = await events(world, "run.finished.v1")
    assert (finished["outcome"], finished["error_code"]) == ("failed", "recipe_invalid")
    lines = (await world.request("GET", f"/api/runs/{run['id']}/log")).json()["items"]
    assert {"Failed: column 'x' is not there (recipe_invalid)"} <= {
        line["message"] for line in lines if line["level"] == "error"
    }


async def test_what_is_under_way_is_shown_with_its_heartbeat(world: World) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    answer, tries = world.services.answers["connector.pull"], []

    async def slow(given: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise ApplicationError("postgresql://u:CANARY@h", type="KeyError")
        async with heartbeating(lambda: {"rows": 7}, every=0.1):
            reached.set()
            await go_on.wait()
        return answer(given)

    world.services.answers["connector.pull"] = slow
    run = await started(world)
    await asyncio.wait_for(reached.wait(), 30)

    async def beating() -> Any:
        return [item for item in (await shown(world, run))["progress"] if item["heartbeat"]]

    (item,) = await until(beating)
    assert (item["step"], item["command"], item["attempt"], item["heartbeat"]) == (
        "pull",
        "connector.pull",
        2,
        {"rows": 7},
    )
    assert item["last_failure"] == "internal_error (KeyError)"
    assert (await shown(world, run))["state"] == "running"
    go_on.set()
    assert (await world.ended(run))["state"] == "succeeded"


async def test_everything_recorded_twice_happened_once(world: World) -> None:
    run, mine = await asked(world), activities(world)
    begin = StartRunInput(tenant=world.tenant, run_id=UUID(run))
    plan = await mine.start_run(begin)
    assert await mine.start_run(begin) == plan
    for state in ("running", "running", "succeeded", "succeeded", "running"):
        await mine.record_step(RecordStepInput(scope=plan.scope, step="pull", state=state, attempts=3, rows=1))
    for _ in range(2):
        await mine.record_step(RecordStepInput(scope=plan.scope, step="push", state="skipped"))
    books = RowBooks(read=1, quarantined=1)
    end = FinishRunInput(scope=plan.scope, outcome="quarantined", books=books)
    await mine.finish_run(end)
    await mine.finish_run(end.model_copy(update={"outcome": "failed"}))
    found = await shown(world, run)
    assert found["state"] == "quarantined"
    assert [(step["step"], step["state"], step["attempts"]) for step in found["steps"]] == [
        ("pull", "succeeded", 3),
        ("push", "skipped", 0),
    ]
    names = [name for name, _ in await world.composed.published("orchestrator") if name.startswith("run.")]
    assert names == ["run.requested.v1", "run.started.v1", *["run.step_finished.v1"] * 2, "run.finished.v1"]
    with pytest.raises(ApplicationError) as failed:
        await mine.start_run(begin)
    assert (failed.value.type, failed.value.non_retryable) == ("conflict", True)


@pytest.mark.parametrize("outcome", ["succeeded", "partial", "quarantined"])
async def test_books_that_do_not_balance_are_no_success(world: World, outcome: Any) -> None:
    run, mine = await asked(world), activities(world)
    plan = await mine.start_run(StartRunInput(tenant=world.tenant, run_id=UUID(run)))
    await mine.finish_run(FinishRunInput(scope=plan.scope, outcome=outcome, books=RowBooks(read=2, loaded=1)))
    found = await shown(world, run)
    assert (found["state"], found["error_code"]) == ("failed", "books_unbalanced")


async def test_without_the_second_look_wrong_books_pass_for_a_success(world: World) -> None:
    """The guard, seen red: a record that believes what it is told."""

    class Believing(History):
        async def finish(self, end: FinishRunInput) -> None:
            async with self._database.work(end.scope.tenant) as work:
                await finish(work, end)

    run = await asked(world)
    mine = OrchestratorActivities(Believing(world.composed.platforms["orchestrator"].database, executions(world)))
    plan = await mine.start_run(StartRunInput(tenant=world.tenant, run_id=UUID(run)))
    await mine.finish_run(FinishRunInput(scope=plan.scope, outcome="succeeded", books=RowBooks(read=2, loaded=1)))
    assert (await shown(world, run))["state"] == "succeeded"


async def test_unknown_run_begins_nothing(world: World) -> None:
    with pytest.raises(ApplicationError) as failed:
        await activities(world).start_run(StartRunInput(tenant=world.tenant, run_id=uuid4()))
    assert failed.value.type == "not_found"


async def test_run_that_nobody_started_is_started(world: World) -> None:
    run, mine = await asked(world), reconciler(world)
    assert await mine.sweep() == 0
    assert (await shown(world, run))["state"] == "requested"
    world.clock.ahead = timedelta(minutes=1)
    assert await mine.sweep() == 1
    assert (await world.ended(run))["state"] == "succeeded"
    assert await mine.sweep() == 0
    # The event that comes after all finds it started.
    await world.hear_own()
    assert len(world.services.named("connector.push")) == 1


async def test_run_whose_execution_is_gone_is_ended_truthfully(world: World) -> None:
    reached = asyncio.Event()

    async def never(given: Any) -> Any:
        reached.set()
        await asyncio.sleep(3600)

    world.services.answers["connector.pull"] = never
    run = await started(world)
    await asyncio.wait_for(reached.wait(), 30)
    world.clock.ahead = timedelta(minutes=1)
    assert await reconciler(world).sweep() == 0
    await world.executions.client.get_workflow_handle(run_id(world.tenant, UUID(run))).terminate()
    assert await reconciler(world).sweep() == 1
    found = await shown(world, run)
    assert (found["state"], found["error_code"]) == ("failed", "execution_terminated")
    assert [(step["step"], step["state"]) for step in found["steps"]][-1] == ("pull", "failed")
    assert len(await events(world, "run.finished.v1")) == 1


async def test_uniqueness_of_receipts_is_what_makes_one_run_of_two(world: World) -> None:
    """The guard, seen red: without its constraint the same trigger is two runs."""
    await world.apply()
    path, headers = "/api/workflows/flights/runs", {"Idempotency-Key": "k"}

    async def twice() -> set[str]:
        made = set()
        for _ in range(2):
            made.add((await world.request("POST", path, headers=headers)).json()["id"])
            await world.composed.sql("DELETE FROM orchestrator.idempotency")
        return made

    assert len(await twice()) == 1
    await world.composed.sql("ALTER TABLE orchestrator.trigger_receipts DROP CONSTRAINT trigger_receipts_pkey")
    assert len(await twice()) == 2
