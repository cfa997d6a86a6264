"""Conversations on a real database, store and children: a plan changes nothing until it is applied, and then once."""

import dataclasses
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.commands.transform import FailTaskInput, RunTaskInput
from deploy.local.state import State
from services.transform.settings import TransformSettings
from tests.integration.composed import Composed, composed
from tests.integration.transform.doing import Doing, opened, shown
from tests.integration.transform.test_sessions_over_time import everything_takes_long  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def say(world: Composed, session: dict[str, Any], message: str, **more: Any) -> Any:
    return await world.request("POST", f"/api/sessions/{session['id']}/chat", json={"message": message, **more})


async def test_a_plan_is_shown_kept_and_applied_once(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    said = await say(world, session, "Remove rows without a dep_time, then sort by distance, longest first")
    assert said.status_code == 201, said.text
    message = said.json()
    plan = message["plan"]
    assert (message["outcome"], message["applied_node_id"], message["question"]) == ("plan", None, None)
    assert [step["kind"] for step in plan["steps"]] == ["drop_null", "sort"]
    assert len(plan["english"]) == 2
    assert {"dep_time", "distance"} <= set(plan["columns"])
    assert (plan["rows"], plan["exact"]) == (4, True)
    assert [row["distance"] for row in plan["before"]] == [1_400.0, 1_416.0, 1_089.0, 80.0, 762.0]
    assert [row["distance"] for row in plan["after"]] == [1_400.0, 1_089.0, 762.0, 80.0]

    before = await shown(world, f"/api/sessions/{session['id']}")
    assert len(before["nodes"]) == 1
    path = f"/api/sessions/{session['id']}/chat/{message['id']}:apply"
    done = await world.request("POST", path, json={})
    assert done.status_code == 201, done.text
    assert (done.json()["rows"], done.json()["parent_id"]) == (4, session["current_node_id"])
    again = await world.request("POST", path, json={})
    assert (again.status_code, again.json()["code"]) == (409, "applied")
    kept = await shown(world, f"/api/sessions/{session['id']}/chat?node_id={session['current_node_id']}")
    (one,) = kept["items"]
    assert (one["id"], one["applied_node_id"], one["plan"]) == (message["id"], done.json()["id"], plan)


@pytest.mark.usefixtures("everything_takes_long")
async def test_a_plan_that_a_task_carries_out_is_applied_when_the_task_is_done(
    servers: State, admin_url: str, tmp_path: Path
) -> None:
    async with composed(["transform"], tmp_path, servers, admin_url) as world:
        doing = Doing(world)
        session = await opened(world, doing)
        message = (await say(world, session, "Sort by distance, longest first")).json()
        path = f"/api/sessions/{session['id']}/chat"

        async def apply() -> Any:
            return await world.request("POST", f"{path}/{message['id']}:apply", json={})

        async def kept() -> Any:
            return (await shown(world, path))["items"][0]

        first = await apply()
        assert first.status_code == 202, first.text
        assert ((await kept())["task_id"], (await kept())["applied_node_id"]) == (first.json()["id"], None)
        again = await apply()
        assert (again.status_code, again.json()["code"]) == (409, "applying")

        # What failed may be tried again; what is done is applied.
        lost = UUID(first.json()["id"])
        await doing("fail_task", FailTaskInput(tenant=world.tenant, task_id=lost, code="lost", message="gone"))
        assert (await kept())["applied_node_id"] is None
        second = (await apply()).json()
        await doing("run_task", RunTaskInput(tenant=world.tenant, task_id=second["id"]))
        node_id = (await shown(world, f"/api/sessions/{session['id']}/tasks/{second['id']}"))["node_id"]
        assert ((await kept())["task_id"], (await kept())["applied_node_id"]) == (second["id"], node_id)
        once_more = await apply()
        assert (once_more.status_code, once_more.json()["code"]) == (409, "applied")


async def test_what_is_unclear_is_asked_and_cannot_be_applied(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    said = (await say(world, session, "sort by customer")).json()
    assert (said["outcome"], said["plan"]) == ("question", None)
    assert "customer" in said["question"]["text"]
    assert said["question"]["choices"]
    path = f"/api/sessions/{session['id']}/chat/{said['id']}:apply"
    refused = await world.request("POST", path, json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_plan")


async def test_too_long_messages_unknown_nodes_and_absent_models_are_refused(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    assert (await say(world, session, "x" * 4_001)).status_code == 413
    assert (await say(world, session, "")).status_code == 422
    unknown = await say(world, session, "sort by distance", node_id="01890000-0000-7000-8000-000000000000")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "node_unknown")
    model = await say(world, session, "sort by distance", planner="model")
    assert (model.status_code, model.json()["errors"][0]["code"]) == (422, "no_model")


async def test_another_workspace_sees_no_message_and_applies_no_plan(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    message = (await say(world, session, "sort by distance")).json()
    other = uuid4()
    path = f"/api/sessions/{session['id']}/chat"
    seen = await world.request("GET", path, tenant=other)
    applied = await world.request("POST", f"{path}/{message['id']}:apply", json={}, tenant=other)
    assert (seen.status_code, applied.status_code) == (404, 404)


async def crowd(world: Composed, session: dict[str, Any], planner: str, many: int, seconds: int) -> None:
    """As though so many messages had been sent, the first of them so long ago."""
    await world.sql(
        "INSERT INTO transform.messages"
        " (id, tenant, session_id, node_id, text, planner, outcome, answer, created_by, created_at)"
        " SELECT gen_random_uuid(), $1, $2, $3, 'x', $4, 'refusal', '\"x\"', $1,"
        " now() - $6 * interval '1 second' + n * interval '1 millisecond' FROM generate_series(1, $5) AS n",
        *(world.tenant, UUID(session["id"]), UUID(session["current_node_id"]), planner, many, seconds),
    )


async def test_more_messages_than_a_minute_has_room_for_are_told_when_to_come(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    most = TransformSettings().chat_per_minute
    await crowd(world, session, "rules", most - 1, 5)
    assert (await say(world, session, "sort by distance")).status_code == 201
    refused = await say(world, session, "sort by distance")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    # The first of them was sent 5 seconds ago and a little.
    assert 1 <= int(refused.headers["retry-after"]) <= 55
    other = dataclasses.replace(world, tenant=uuid4())
    theirs = await opened(other, doing)
    assert (await say(other, theirs, "sort by distance")).status_code == 201, "another workspace does not notice"
    await world.sql(
        "UPDATE transform.messages SET created_at = created_at - interval '1 minute' WHERE tenant = $1", world.tenant
    )
    assert (await say(world, session, "sort by distance")).status_code == 201, "whoever waited may go on"


async def test_a_workspace_asks_the_model_one_thing_at_a_time(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    other = await asyncpg.connect(world.admin_url)
    try:
        async with other.transaction():
            assert await other.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('model ' || $1, 0))", str(world.tenant)
            )
            refused = await say(world, session, "sort by distance", planner="model")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert (await say(world, session, "sort by distance")).status_code == 201, "the rules are free"
    finally:
        await other.close()
    after = await say(world, session, "sort by distance", planner="model")
    assert after.json()["errors"][0]["code"] == "no_model"


async def test_what_was_asked_of_a_model_is_not_removed_from_the_count(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    await crowd(world, session, "model", TransformSettings().model_per_day, 3_600)
    refused = await say(world, session, "sort by distance", planner="model")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 82_000 < int(refused.headers["retry-after"]) <= 82_800
    kept = await world.request("DELETE", f"/api/sessions/{session['id']}")
    assert (kept.status_code, kept.json()["code"]) == (409, "session_recent")
    await world.sql(
        "UPDATE transform.messages SET created_at = created_at - interval '1 day' WHERE tenant = $1", world.tenant
    )
    assert (await world.request("DELETE", f"/api/sessions/{session['id']}")).status_code == 204
