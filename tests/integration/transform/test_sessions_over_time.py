"""Time travel on a real database, store and children: edits replay, nothing is computed twice, hashes come again."""

import dataclasses
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from contracts.commands.transform import FailTaskInput, RunTaskInput
from contracts.permissions import Role
from deploy.local.state import State
from services.transform.forgetting import PutAway
from services.transform.steps.catalog import KINDS
from tests.integration.composed import Composed, composed
from tests.integration.transform.doing import STEPS, Doing, grow, opened, shown, store
from tests.integration.transform.step_examples import BEFORE, EXAMPLES
from tests.unit.transform.evaluating import schema

AIRLINES = schema(code="string", airline="string")
pytestmark = pytest.mark.asyncio(loop_scope="module")


def jobs() -> float:
    """How often a recipe was given to a child so far."""
    return REGISTRY.get_sample_value("modulardata_transform_jobs_total", {"kind": "apply"}) or 0.0


async def edit(world: Composed, session: dict[str, Any], **body: Any) -> Any:
    return await world.request("POST", f"/api/sessions/{session['id']}:edit", json=body)


async def chain(world: Composed, doing: Doing) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    session = await opened(world, doing)
    return session, [(await grow(world, session, step)).json() for step in STEPS]


async def test_an_edit_in_the_middle_is_a_new_branch_and_the_old_one_stays(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    before = jobs()
    answer = await edit(
        world, session, action="replace", at=3, steps=[{"kind": "filter", "where": "distance >= 1000"}], reason="far"
    )
    assert answer.status_code == 201, answer.text
    leaf = answer.json()
    assert (leaf["rows"], leaf["reason"], leaf["parent_id"]) == (2, "far", nodes[2]["id"])
    assert jobs() - before == 1, "only what was changed is computed"
    removed = (await edit(world, session, action="remove", at=0, node_id=nodes[3]["id"])).json()
    assert [step["kind"] for step in removed["all_steps"]] == ["derive", "cast", "filter"]
    assert removed["replay_of"] == nodes[3]["id"]
    tree = await shown(world, f"/api/sessions/{session['id']}")
    assert tree["current_node_id"] == removed["id"]
    assert {node["id"] for node in nodes} < {node["id"] for node in tree["nodes"]}
    same = await shown(world, f"/api/sessions/{session['id']}/nodes/{nodes[3]['id']}")
    assert same == nodes[3] | {"name": None}


async def test_nothing_is_computed_whose_inputs_did_not_change(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    before = jobs()
    # The same step in the place of itself, the same steps on another branch, and what an edit takes back.
    again = (await edit(world, session, action="replace", at=0, steps=[STEPS[0]])).json()
    branch = (await grow(world, session, STEPS[0], parent_id=session["current_node_id"])).json()
    assert jobs() == before
    assert (again["dataset"], branch["dataset"]) == (nodes[-1]["dataset"], nodes[0]["dataset"])
    # A step that changes nothing: what follows has the input it had.
    nothing = {"kind": "filter", "where": "dep_time IS NOT NULL"}
    longer = (await edit(world, session, action="insert", at=1, steps=[nothing], node_id=nodes[-1]["id"])).json()
    assert jobs() == before + 1
    assert longer["dataset"] == nodes[-1]["dataset"]
    other = await opened(world, doing)
    assert (await grow(world, other, STEPS[0])).json()["dataset"] == nodes[0]["dataset"]
    assert jobs() == before + 1, "another session of this workspace on the same data"


async def test_an_edit_that_what_follows_does_not_bear_is_refused_with_its_place(world: Composed, doing: Doing) -> None:
    session, _ = await chain(world, doing)
    before = len((await shown(world, f"/api/sessions/{session['id']}"))["nodes"])
    drop = {"kind": "drop", "columns": ["distance"]}
    refused = await edit(world, session, action="insert", at=1, steps=[drop])
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"].startswith("/steps/2/columns/0")
    assert refused.json()["errors"][0]["code"] == "column_unknown"
    for body in ({"action": "remove", "at": 9}, {"action": "remove", "at": 0, "steps": [drop]}):
        assert (await edit(world, session, **body)).status_code == 422
    assert len((await shown(world, f"/api/sessions/{session['id']}"))["nodes"]) == before


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_recorded_hash_comes_again_for_every_kind_of_step(kind: str, world: Composed, doing: Doing) -> None:
    assert kind in EXAMPLES, f"write an example of a {kind} step"
    session = await opened(world, doing)
    other = store(world, AIRLINES, [("UA", "United"), ("AA", "American")])
    inputs = {"airlines": {"kind": "dataset", "dataset": other.id, "table_schema": AIRLINES.model_dump(mode="json")}}
    nodes = []
    for step in [*BEFORE.get(kind, []), {"kind": kind, **EXAMPLES[kind]}]:
        made = await grow(world, session, step, inputs=inputs)
        assert made.status_code == 201, made.text
        nodes.append(made.json())
    path = f"/api/sessions/{session['id']}"
    before = jobs()
    task = await world.request("POST", f"{path}/nodes/{nodes[-1]['id']}:replay")
    assert task.status_code == 202
    await doing("run_task", RunTaskInput(tenant=world.tenant, task_id=task.json()["id"]))
    done = await shown(world, f"{path}/tasks/{task.json()['id']}")
    assert (done["state"], done["progress"], done["node_id"]) == ("done", 1.0, nodes[-1]["id"]), done
    recorded = nodes[-1]["dataset"]["content_hash"]
    assert done["result"] == {"reproduced": True, "recorded": recorded, "now": recorded}
    assert jobs() - before == len(nodes), "a replay computes everything anew"


async def test_another_table_is_part_of_what_a_result_depends_on(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    root = session["current_node_id"]
    step = {"kind": "lookup", **EXAMPLES["lookup"]}

    async def looked_up(*rows: tuple[str, str]) -> Any:
        other = store(world, AIRLINES, list(rows))
        named = {"kind": "dataset", "dataset": other.id, "table_schema": AIRLINES.model_dump(mode="json")}
        made = await grow(world, session, step, inputs={"airlines": named}, parent_id=root)
        assert made.status_code == 201, made.text
        return made.json()

    before = jobs()
    first, again = await looked_up(("UA", "United")), await looked_up(("UA", "United"))
    assert (again["dataset"], jobs() - before) == (first["dataset"], 1)
    other = await looked_up(("UA", "Unified"))
    assert other["dataset"]["content_hash"] != first["dataset"]["content_hash"]
    # What does not look at it, does not depend on it; and an edit before it takes it along.
    plain = await grow(world, session, {"kind": "drop", "columns": ["price"]}, parent_id=first["id"])
    edited = await edit(world, session, action="insert", at=0, steps=[STEPS[0]], node_id=plain.json()["id"])
    assert edited.status_code == 201, edited.text
    rows = (await shown(world, f"/api/sessions/{session['id']}/nodes/{edited.json()['id']}/preview"))["rows"]
    assert [row["airline"] for row in rows] == ["United", None, None, None]


async def test_a_replay_that_gives_something_else_says_so(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    forged = '[{"kind": "limit", "rows": 1}]'
    await world.sql("UPDATE transform.nodes SET steps = $2 WHERE id = $1", nodes[0]["id"], forged)
    path = f"/api/sessions/{session['id']}"
    task = (await world.request("POST", f"{path}/nodes/{nodes[1]['id']}:replay")).json()
    await doing("run_task", RunTaskInput(tenant=world.tenant, task_id=task["id"]))
    done = await shown(world, f"{path}/tasks/{task['id']}")
    assert done["result"]["reproduced"] is False


@pytest.fixture
def everything_takes_long() -> Iterator[None]:
    """The service is composed as if the smallest table were too large for a request."""
    os.environ["TRANSFORM_SESSION_CELLS"] = "0"
    yield
    del os.environ["TRANSFORM_SESSION_CELLS"]


async def test_long_work_is_a_task_that_is_done_once(
    everything_takes_long: None, servers: State, admin_url: str, tmp_path: Path
) -> None:
    async with composed(["transform"], tmp_path, servers, admin_url) as world:
        doing = Doing(world)
        session = await opened(world, doing)
        path = f"/api/sessions/{session['id']}"
        answer = await grow(world, session, *STEPS, name="clean", reason="all at once")
        task = answer.json()
        assert (answer.status_code, task["state"], task["progress"]) == (202, "pending", 0.0)
        assert answer.headers["location"] == f"{path}/tasks/{task['id']}"
        assert len((await shown(world, path))["nodes"]) == 1
        given = RunTaskInput(tenant=world.tenant, task_id=task["id"])
        await doing("run_task", given)
        await doing("run_task", given)
        done = await shown(world, f"{path}/tasks/{task['id']}")
        assert (done["state"], done["progress"], done["problem"]) == ("done", 1.0, None)
        node = await shown(world, f"{path}/nodes/{done['node_id']}")
        assert (node["name"], node["reason"], node["rows"]) == ("clean", "all at once", 3)
        assert len((await shown(world, path))["nodes"]) == 2
        assert (await shown(world, f"{path}/nodes/{node['id']}/profile"))["rows"] == 3

        wrong = (await grow(world, session, {"kind": "filter", "where": "distanse > 1"})).json()
        await doing("run_task", RunTaskInput(tenant=world.tenant, task_id=wrong["id"]))
        failed = await shown(world, f"{path}/tasks/{wrong['id']}")
        assert failed["state"] == "failed"
        assert failed["problem"]["errors"][0]["pointer"] == "/steps/0/where"
        late = FailTaskInput(tenant=world.tenant, task_id=task["id"], code="late", message="too late")
        await doing("fail_task", late)
        assert (await shown(world, f"{path}/tasks/{task['id']}"))["state"] == "done"
        kinds = [name for name, _ in await world.published("transform")]
        assert kinds.count("session.task_requested.v1") == kinds.count("session.task_finished.v1") == 2


async def test_nodes_have_names_of_their_own(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    path = f"/api/sessions/{session['id']}/nodes"
    named = await world.request("PATCH", f"{path}/{nodes[0]['id']}", json={"name": "no gaps"})
    assert (named.status_code, named.json()["name"]) == (200, "no gaps")
    taken = await world.request("PATCH", f"{path}/{nodes[1]['id']}", json={"name": "no gaps"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    assert (await world.request("PATCH", f"{path}/{nodes[0]['id']}", json={"name": None})).status_code == 200
    assert (await world.request("PATCH", f"{path}/{nodes[1]['id']}", json={"name": "no gaps"})).status_code == 200


async def test_two_nodes_are_compared(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    path = f"/api/sessions/{session['id']}/compare"
    found = await shown(world, f"{path}?left={nodes[0]['id']}&right={nodes[3]['id']}")
    assert [column["name"] for column in found["columns"]["only_right"]] == ["speed"]
    assert [column["name"] for column in found["columns"]["changed"]] == ["flight"]
    assert [step["kind"] for step in found["steps"]] == ["same", *["only_right"] * 3]
    assert (found["rows_left"], found["rows_right"], found["same_data"]) == (4, 3, False)
    missing = await world.request("GET", f"{path}?left={nodes[0]['id']}&right={uuid4()}")
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/query/right")


async def test_a_node_says_what_its_steps_did(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    other = store(world, AIRLINES, [("UA", "United"), ("UA", "Unified"), ("AA", "American")])
    inputs = {"airlines": {"kind": "dataset", "dataset": other.id, "table_schema": AIRLINES.model_dump(mode="json")}}
    joined = (await grow(world, session, {"kind": "join", **EXAMPLES["join"]}, inputs=inputs)).json()
    found = await shown(world, f"/api/sessions/{session['id']}/nodes/{joined['id']}/steps")
    assert [one["number"] for one in found["steps"]] == [1, 2, 3, 4, 5]
    assert [one["node_id"] for one in found["steps"]] == [*(node["id"] for node in nodes), joined["id"]]
    last = found["steps"][-1]
    assert last["english"] == "Join all columns of airlines by carrier = code; keep all rows"
    assert (last["books"]["rows_in"], last["books"]["added"], last["books"]["rows_out"]) == (3, 1, 4), "fan-out"
    assert found["origins"]["speed"] == ["dep_time", "distance", "air_time", "carrier"]
    assert found["origins"]["airline"] == ["dep_time", "distance", "carrier"]


async def test_a_session_is_put_away_and_brought_back(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    path = f"/api/sessions/{session['id']}"
    assert (await world.request("POST", f"{path}:archive")).json()["archived_at"] is not None
    assert (await world.request("POST", f"{path}:archive")).status_code == 200
    assert (await shown(world, "/api/sessions"))["items"] == []
    assert [one["id"] for one in (await shown(world, "/api/sessions?archived=true"))["items"]] == [session["id"]]
    assert (await shown(world, f"{path}/nodes/{nodes[0]['id']}/preview"))["total"] == 4
    refused = await grow(world, session, STEPS[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "session_archived")
    assert (await world.request("POST", f"{path}:restore")).json()["archived_at"] is None
    assert (await grow(world, session, STEPS[0])).status_code in (201, 422)
    kinds = [name for name, _ in await world.published("transform")]
    assert (kinds.count("session.archived.v1"), kinds.count("session.restored.v1")) == (1, 1)


async def test_a_session_is_removed_with_all_that_hangs_on_it(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    other = await opened(world, doing)
    path = f"/api/sessions/{session['id']}"
    await world.request("POST", f"{path}/chat", json={"message": "keep the rows where distance is more than 1"})
    busy = (await world.request("POST", f"{path}/nodes/{nodes[0]['id']}:replay")).json()
    refused = await world.request("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_busy")
    await doing("fail_task", FailTaskInput(tenant=world.tenant, task_id=UUID(busy["id"]), code="x", message="x"))
    assert (await world.request("DELETE", path, tenant=uuid4())).status_code == 404
    assert (await world.request("DELETE", path, role=Role.OPERATOR)).status_code == 403
    assert (await world.request("DELETE", path)).status_code == 204
    assert (await world.request("DELETE", path)).status_code == (await world.request("GET", path)).status_code == 404
    for name in ("nodes", "tasks", "messages"):
        left = await world.sql(f"SELECT 1 FROM transform.{name} WHERE session_id = $1", UUID(session["id"]))
        assert left == [], name
    assert [one["id"] for one in (await shown(world, "/api/sessions"))["items"]] == [other["id"]]
    # Another session stands on the very same data.
    assert (await grow(world, other, STEPS[0])).json()["rows"] == nodes[0]["rows"]
    assert ("session.deleted.v1", 1) in Counter(name for name, _ in await world.published("transform")).items()


async def test_a_session_that_was_put_away_long_ago_is_forgotten(world: Composed, doing: Doing) -> None:
    in_use, old, young = [await opened(world, doing) for _ in range(3)]
    keep = timedelta(days=30)
    for session, days in ((old, 31), (young, 29)):
        await world.request("POST", f"/api/sessions/{session['id']}:archive")
        at = datetime.now(UTC) - timedelta(days=days)
        await world.sql("UPDATE transform.sessions SET archived_at = $2 WHERE id = $1", UUID(session["id"]), at)
    forgetting = PutAway(world.platforms["transform"].database, keep)
    assert (await forgetting.sweep(), await forgetting.sweep()) == (1, 0)
    kept = await world.sql("SELECT id FROM transform.sessions WHERE tenant = $1", world.tenant)
    assert {str(row["id"]) for row in kept} == {in_use["id"], young["id"]}
    async with world.platforms["transform"].database.system() as system:
        with pytest.raises(Exception, match="permission denied"):
            await system.connection.execute(text("DELETE FROM sessions"))


async def test_rows_are_found_by_an_expression(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    path = f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/preview"

    async def rows(**params: Any) -> Any:
        answer = await world.request("GET", path, params=params)
        return answer.status_code, answer.json()

    status, found = await rows(where="carrier = 'UA'", columns=["carrier", "distance"])
    assert status == 200, found
    assert found["rows"] == [{"carrier": "UA", "distance": 1400.0}, {"carrier": "UA", "distance": 1416.0}]
    assert (found["matches"], found["total"]) == (2, 5)
    _, first = await rows(where="distance > 0", limit=2, offset=1)
    assert ([row["flight"] for row in first["rows"]], first["matches"]) == ([1714, 1141], None)
    assert (await rows(where="distance > 1e9"))[1]["rows"] == []
    for where, code in (("distanse > 1", "column_unknown"), ("distance", "wrong_type"), ("pg_sleep(9)", None)):
        status, refused = await rows(where=where)
        assert (status, refused["errors"][0]["pointer"]) == (422, "/query/where")
        assert code in (None, refused["errors"][0]["code"])
    assert (await rows(columns=["none"]))[0] == 422


async def test_a_node_is_exported(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    path = f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/export"
    text = await world.request("GET", path)
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert text.text.splitlines()[0] == '"dep_time","distance","air_time","flight","carrier","price"'
    assert len(text.text.splitlines()) == 6
    lines = (await world.request("GET", f"{path}?format=jsonl")).text.splitlines()
    assert json.loads(lines[0])["carrier"] == "UA"
    table = pq.read_table(io.BytesIO((await world.request("GET", f"{path}?format=parquet")).content))
    assert table.num_rows == 5
    assert (await world.request("GET", f"{path}?format=xlsx")).content[:2] == b"PK"
    assert (await world.request("GET", f"{path}?format=xml")).status_code == 422


async def test_another_workspace_meets_the_same_wall_everywhere(world: Composed, doing: Doing) -> None:
    session, nodes = await chain(world, doing)
    node, path = nodes[0]["id"], f"/api/sessions/{session['id']}"
    task = (await world.request("POST", f"{path}/nodes/{node}:replay")).json()["id"]
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"name": "mine"}),
        ("PATCH", f"{path}/nodes/{node}", {"name": "mine"}),
        ("POST", f"{path}:archive", None),
        ("POST", f"{path}:restore", None),
        ("POST", f"{path}:edit", {"action": "remove", "at": 0}),
        ("GET", f"{path}/compare?left={node}&right={node}", None),
        ("GET", f"{path}/tasks", None),
        ("GET", f"{path}/tasks/{task}", None),
        ("POST", f"{path}/nodes/{node}:replay", None),
        ("GET", f"{path}/nodes/{node}/export", None),
        ("GET", f"{path}/nodes/{node}/steps", None),
        ("GET", f"{path}/nodes/{node}/profile/summary", None),
        ("GET", f"{path}/nodes/{node}/preview?where=true", None),
    ]
    for method, address, body in calls:
        options = {} if body is None else {"json": body}
        foreign = await world.request(method, address, tenant=uuid4(), **options)
        missing = await world.request(method, address.replace(session["id"], str(uuid4())), **options)
        assert (foreign.status_code, foreign.content) == (404, missing.content), address
        if method != "GET":
            assert (await world.request(method, address, role=Role.OPERATOR, **options)).status_code == 403
    # What was computed for one workspace is not there for another, which computes the same anew.
    before, stranger = jobs(), dataclasses.replace(world, tenant=uuid4())
    other = await opened(stranger, Doing(stranger))
    assert (await grow(stranger, other, STEPS[0])).json()["dataset"]["content_hash"] == nodes[0]["dataset"][
        "content_hash"
    ]
    assert jobs() == before + 1


async def test_a_profile_in_words_holds_no_value_unless_asked(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    path = f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/profile/summary"
    masked = await shown(world, path)
    assert "5 rows, 6 columns" in masked["text"]
    assert "UA" not in masked["text"]
    assert "1416" not in masked["text"]
    assert masked == await shown(world, path)
    assert '"UA"' in (await shown(world, f"{path}?values=true"))["text"]
    assert len((await shown(world, f"{path}?letters=200"))["text"]) <= 200
