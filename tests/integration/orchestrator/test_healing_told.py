"""What the record knows of runs that heal: who is asked, the versions of each input, and what later runs need of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.adaptation import Judged, ReviewOutcome
from contracts.commands.command import RunScope
from contracts.commands.orchestrator import PastInputsInput, Reader
from contracts.commands.schema_drift import SettleResult
from contracts.events.drift import ReviewDecided
from contracts.workflow import ModuleUse
from deploy.local.state import State
from services.orchestrator.activities import OrchestratorActivities
from services.orchestrator.service.history import History
from services.orchestrator.temporal import TemporalExecutions
from tests.integration.orchestrator.stub_services import RENAMED, dataset, group, module, proposed, pulled
from tests.integration.orchestrator.test_cancelling import log
from tests.integration.orchestrator.world import World, document, until, world_of

REVIEW = UUID(int=5)


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


def two_groups(world: World) -> None:
    """One file fits, of the other a person is asked."""
    answers = world.services.answers
    february = group(10, "february.csv").model_copy(update={"dataset": dataset(10, "february")})
    march = group(4, "march.csv").model_copy(update={"dataset": dataset(4, "march", shape=RENAMED)})
    answers["connector.pull"] = lambda i: pulled(february, march)
    answers["schema_drift.settle"] = lambda i: (
        proposed() if i.group.dataset.table_schema == RENAMED else SettleResult(decision="proceed")
    )
    answers["schema_drift.judge"] = lambda i: Judged(
        ruling="ask", proof_id=UUID(int=4), review_id=REVIEW, wait_seconds=3600
    )
    answers["schema_drift.close_review"] = lambda i: ReviewOutcome(outcome="approved", decided_by=UUID(int=6))


async def decided(world: World, run: str) -> None:
    """Let the service hear that the review is decided."""
    event = ReviewDecided(
        review_id=REVIEW, run_id=UUID(run), workflow_id=UUID(int=1), workflow="flights", outcome="approved"
    )
    await world.hear((world.envelope("drift.review_decided.v1"), event))


async def healed(world: World) -> str:
    """A run that asked, was answered, and loaded both files."""
    two_groups(world)
    await world.apply()
    run = str((await world.request("POST", "/api/workflows/flights/runs")).json()["id"])
    await world.hear_own()

    async def waits() -> Any:
        return (await world.request("GET", f"/api/runs/{run}")).json()["waiting_for"]

    assert await until(waits) == [str(REVIEW)]
    return run


async def test_who_is_asked_is_seen_while_the_run_waits(world: World) -> None:
    run = await healed(world)
    shown = (await world.request("GET", f"/api/runs/{run}")).json()
    assert shown["state"] == "running"
    (waiting,) = [step for step in shown["steps"] if step["state"] == "running"]
    assert (waiting["step"], waiting["review_id"]) == ("review", str(REVIEW))
    assert waiting["detail"].startswith(f"Waits for a decision about review {REVIEW}")
    assert [item["waiting_for"] for item in await world.runs()] == [[str(REVIEW)]]
    told = [line for line in await log(world, run) if line.startswith("review: begins")]
    assert [line.startswith(f"review: begins (Waits for a decision about review {REVIEW}") for line in told] == [True]
    await decided(world, run)
    ended = await world.ended(run)
    assert (ended["state"], ended["waiting_for"], ended["books"]["loaded"]) == ("succeeded", [], 14)
    assert [ref["version"] for ref in ended["modules"]] == [1, 2]
    assert [[ref["version"] for ref in chain] for chain in ended["chains"]] == [[1], [2]]
    assert [step["state"] for step in ended["steps"] if step["review_id"]] == ["succeeded"]
    # Told again, of a run that is over, or of one that nobody knows: nothing happens.
    await decided(world, run)
    await decided(world, str(uuid4()))


async def test_what_was_given_to_each_version_is_found_again(world: World) -> None:
    run = await healed(world)
    await decided(world, run)
    ended = await world.ended(run)
    platform = world.composed.platforms["orchestrator"]
    executions = TemporalExecutions(world.executions, world.composed.foundation.ids, validation_seconds=20)
    activities = OrchestratorActivities(History(platform.database, executions))
    scope = RunScope(
        tenant=world.tenant, run_id=uuid4(), workflow_id=UUID(ended["workflow_id"]), workflow=ended["workflow"]
    )
    writes = {"connection": "warehouse", "target": {"schema": "public", "table": "reports"}}
    for name, changes in {
        "reads-it": {"source": {"connection": "warehouse", "selection": {"schema": "public", "table": "flights"}}},
        "as-it-is": {"source": {"connection": "warehouse", "selection": {"table": "flights"}}, "modules": []},
        "reads-another": {"source": {"connection": "warehouse", "selection": {"table": "delays"}}},
        "from-elsewhere": {"source": {"connection": "elsewhere", "selection": {"table": "flights"}}},
    }.items():
        made = await world.request("PUT", f"/api/workflows/{name}", json=document(name, destination=writes, **changes))
        assert made.status_code == 201, made.text

    async def names(version: int, limit: int = 12) -> list[str]:
        asked = PastInputsInput(scope=scope, module=module(number=version).ref, limit=limit)
        found = await activities.past_inputs(asked)
        assert found.readers == (
            Reader(workflow="as-it-is"),
            Reader(workflow="reads-it", module=ModuleUse(name="clean-flights")),
        )
        assert {str(past.run_id) for past in found.past} <= {run}
        return [past.dataset.id for past in found.past]

    assert await names(1) == ["february"]
    assert await names(2) == ["march"]
    assert await names(3) == []
    # A run that was undone is no example.
    undoing = (await world.request("POST", f"/api/runs/{run}:undo")).json()["id"]
    await world.hear_own()
    await world.ended(undoing)
    assert await names(2) == []


async def test_a_dry_run_and_a_rollback_know_the_version_of_each_input(world: World) -> None:
    run = await healed(world)
    await decided(world, run)
    await world.ended(run)
    for version, listed in ((1, [run]), (2, [run]), (3, [])):
        found = await world.request("GET", f"/api/runs?module=clean-flights&module_version={version}")
        assert [item["id"] for item in found.json()["items"]] == listed
    draft = document(modules=[{"name": "clean-flights", "version": 3}])
    dry = (await world.request("POST", "/api/workflows/flights:dry-run", json=draft)).json()["id"]
    await world.hear_own()
    assert (await world.ended(dry))["state"] == "succeeded"
    compared = world.services.named("transform.differ")
    assert [(one.dataset.id, one.left.ref.version, one.right.ref.version) for one in compared] == [
        ("february", 1, 3),
        ("march", 2, 3),
    ]
