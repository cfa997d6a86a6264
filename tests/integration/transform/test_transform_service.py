"""transform on a real database, store and children: sessions open or fail once, nodes branch, a node is one version."""

import asyncio
import hmac
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError

from contracts.commands.command import RunScope
from contracts.commands.connector import QuarantinedRows
from contracts.commands.transform import (
    ApplyInput,
    AttachRootInput,
    FailSessionInput,
    FreezeInput,
    ProfileInput,
)
from contracts.data import SET_ASIDE_ROWS, Schema
from contracts.permissions import Role
from contracts.profile import Profile
from contracts.runs import ErrorType
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.chassis.temporal import build_worker, connect
from services.orchestrator.workflows.deploy_module import DeployModuleWorkflow
from services.transform.mask_keys import MaskKeys
from tests.integration.composed import Composed
from tests.integration.transform.doing import ROWS, STEPS, TABLE, Doing, grow, opened, pulled, shown, store
from tests.unit.transform.evaluating import schema

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_session_opens_once_and_tells_of_it(world: Composed, doing: Doing) -> None:
    body = {"connection": "landing", "selection": {"path": "x.csv"}}
    made = await world.request("POST", "/api/sessions", json=body)
    assert (made.status_code, made.json()["state"]) == (202, "opening")
    assert made.headers["location"] == f"/api/sessions/{made.json()['id']}"
    early = await grow(world, made.json(), STEPS[0])
    assert (early.status_code, early.json()["code"]) == (409, "session_opening")

    dataset = store(world)
    profile = await doing("profile", ProfileInput(tenant=world.tenant, dataset=dataset))
    aside = QuarantinedRows(
        dataset=store(world, SET_ASIDE_ROWS, [(3, "ragged", None, None, "a,b")]), reason="ragged", sample="row 3"
    )
    attach = AttachRootInput(
        tenant=world.tenant, session_id=made.json()["id"], pulled=pulled(dataset, aside), profile=profile
    )
    await asyncio.gather(*(doing("attach_root", attach) for _ in range(4)))
    late = FailSessionInput(tenant=world.tenant, session_id=made.json()["id"], code="not_found", message="too late")
    await doing("fail_session", late)
    session = await shown(world, f"/api/sessions/{made.json()['id']}")
    (root,) = session["nodes"]
    assert (session["state"], session["current_node_id"], session["code"]) == ("open", root["id"], None)
    assert (root["rows"], root["parent_id"], root["steps"]) == (5, None, [])
    assert root["quarantined"] == {"rows": 1, "sample": "row 3"}
    events = await world.published("transform")
    assert [name for name, _ in events] == ["session.created.v1", "session.opened.v1"]
    assert events[0][1]["selection"] == {"path": "x.csv"}
    assert events[1][1] == {
        "session_id": session["id"],
        "node_id": root["id"],
        "rows": 5,
        "fingerprint": dataset.fingerprint,
    }


async def test_a_session_fails_once_and_says_why(world: Composed, doing: Doing) -> None:
    made = (await world.request("POST", "/api/sessions", json={"connection": "landing", "selection": {}})).json()
    failed = FailSessionInput(tenant=world.tenant, session_id=made["id"], code="not_found", message="nothing there")
    await asyncio.gather(*(doing("fail_session", failed) for _ in range(3)))
    session = await shown(world, f"/api/sessions/{made['id']}")
    assert (session["state"], session["code"], session["message"]) == ("failed", "not_found", "nothing there")
    refused = await grow(world, made, STEPS[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "session_failed")
    assert [name for name, _ in await world.published("transform")] == ["session.created.v1", "session.failed.v1"]
    with pytest.raises(ApplicationError) as caught:
        await doing("fail_session", failed.model_copy(update={"session_id": uuid4()}))
    assert caught.value.type == ErrorType.NOT_FOUND


async def test_steps_make_nodes_that_can_be_gone_back_to_and_branched_from(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    root = session["current_node_id"]
    nodes = []
    for step in STEPS:
        answer = await grow(world, session, step)
        assert answer.status_code == 201, answer.text
        nodes.append(answer.json())
    assert [node["rows"] for node in nodes] == [4, 4, 4, 3]
    assert [node["parent_id"] for node in nodes] == [root, *(node["id"] for node in nodes[:-1])]
    last = nodes[-1]
    assert last["books"] == [
        {
            "module": "",
            "step": 0,
            "kind": "filter",
            "rows_in": 4,
            "rows_out": 3,
            "filtered": 1,
            "deduplicated": 0,
            "quarantined": 0,
            "added": 0,
            "combined": 0,
        }
    ]
    assert set(last["dataset"]) == {"id", "rows", "bytes", "content_hash"}
    assert last["schema"]["columns"][-1] == {"name": "speed", "type": "float", "nullable": True}

    back = await world.request("POST", f"/api/sessions/{session['id']}:back", json={"node_id": nodes[0]["id"]})
    assert (back.status_code, back.json()["current_node_id"]) == (200, nodes[0]["id"])
    branch = (await grow(world, session, {"kind": "limit", "rows": 1})).json()
    assert (branch["parent_id"], branch["rows"]) == (nodes[0]["id"], 1)
    other = (await grow(world, session, {"kind": "limit", "rows": 2}, parent_id=last["id"])).json()
    assert (other["parent_id"], other["rows"]) == (last["id"], 2)
    tree = await shown(world, f"/api/sessions/{session['id']}")
    assert tree["current_node_id"] == other["id"]
    assert len(tree["nodes"]) == 7
    paged = await shown(world, f"/api/sessions/{session['id']}/nodes?limit=4")
    rest = await shown(world, f"/api/sessions/{session['id']}/nodes?cursor={paged['next_cursor']}")
    assert [node["id"] for node in paged["items"] + rest["items"]] == [node["id"] for node in tree["nodes"]]
    again = (await grow(world, session, STEPS[3], parent_id=nodes[2]["id"])).json()
    assert again["dataset"]["id"] == last["dataset"]["id"], "the same steps on the same rows gave another dataset"
    assert [name for name, _ in await world.published("transform")][2:] == ["session.node_added.v1"] * 7


async def test_rows_and_figures_of_a_node_are_shown(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    made = (await grow(world, session, *STEPS)).json()
    path = f"/api/sessions/{session['id']}/nodes/{made['id']}"
    preview = await shown(world, f"{path}/preview?offset=1&limit=1")
    assert [column["name"] for column in preview["schema"]["columns"]] == [*TABLE.names, "speed"]
    assert (preview["offset"], preview["total"]) == (1, 3)
    assert preview["rows"] == [
        {
            "dep_time": 542,
            "distance": 1_089.0,
            "air_time": 160.0,
            "flight": "1141",
            "carrier": "AA",
            "price": "0.1",
            "speed": 408.375,
        }
    ]
    assert (await shown(world, f"{path}/preview?offset=9"))["rows"] == []
    profile = await shown(world, f"{path}/profile")
    assert (profile["rows"], profile["columns"][4]["top"]) == (3, [["AA", 1], ["DL", 1], ["UA", 1]])
    assert await shown(world, f"{path}/profile") == profile
    root = await shown(world, f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/profile")
    assert (root["rows"], root["columns"][0]["nulls"]) == (5, 1)
    for query in ("limit=0", "limit=501", "offset=-1", "limit=x", "rows=1"):
        assert (await world.request("GET", f"{path}/preview?{query}")).status_code == 422


REFUSED: list[tuple[list[dict[str, Any]], str, str]] = [
    ([{"kind": "filter", "where": "distanse > 1"}], "/steps/0/where", "column_unknown"),
    ([STEPS[0], {"kind": "filter", "where": "pg_read_file('/etc/passwd')"}], "/steps/1/where", "function_unknown"),
    (
        [{"kind": "derive", "columns": [{"column": "x", "expression": "(" * 500}]}],
        "/steps/0/columns/0/expression",
        "too_deep",
    ),
    ([{"kind": "cast", "columns": {"carrier": "integer"}}], "/steps/0/columns/carrier", "expression_failed"),
    ([{"kind": "polish", "columns": ["a"]}], "/steps/0", "union_tag_invalid"),
    ([{"kind": "limit", "rows": "5"}], "/steps/0/rows", "int_type"),
    ([{"kind": "filter", "where": "a" * 10_001}], "/steps/0/where", "string_too_long"),
    ([], "/steps", "too_short"),
]


async def test_steps_that_cannot_be_applied_are_refused_with_their_place(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    for steps, pointer, code in REFUSED:
        answer = await grow(world, session, *steps)
        assert answer.status_code == 422, answer.text
        error = answer.json()["errors"][0]
        assert (error["pointer"], error["code"]) == (pointer, code)
    tree = await shown(world, f"/api/sessions/{session['id']}")
    assert [node["id"] for node in tree["nodes"]] == [session["current_node_id"]]


async def test_another_workspace_sees_nothing_of_it(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    node = (await grow(world, session, STEPS[0])).json()
    other, unknown = uuid4(), uuid4()
    mine = f"/api/sessions/{session['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", mine, None),
        ("GET", f"{mine}/nodes", None),
        ("GET", f"{mine}/nodes/{node['id']}", None),
        ("GET", f"{mine}/nodes/{node['id']}/preview", None),
        ("GET", f"{mine}/nodes/{node['id']}/profile", None),
        ("POST", f"{mine}/nodes", {"steps": STEPS[:1]}),
        ("POST", f"{mine}:back", {"node_id": node["id"]}),
        ("POST", f"{mine}:deploy", {"name": "stolen"}),
    ]
    for method, path, body in calls:
        foreign = await world.request(method, path, tenant=other, json=body)
        missing = await world.request(method, path.replace(session["id"], str(unknown)), json=body)
        assert (foreign.status_code, foreign.content) == (404, missing.content), path
    assert (await world.request("GET", "/api/sessions", tenant=other)).json()["items"] == []
    # A node of somebody else's session is none of mine.
    own = (await world.request("POST", "/api/sessions", tenant=other, json={"connection": "a", "selection": {}})).json()
    for_other = AttachRootInput(
        tenant=other, session_id=own["id"], pulled=pulled(store(world)), profile=Profile(rows=0, columns=())
    )
    await doing("attach_root", for_other)
    theft = await world.request(
        "POST", f"/api/sessions/{own['id']}/nodes", tenant=other, json={"steps": STEPS[:1], "parent_id": node["id"]}
    )
    assert (theft.status_code, theft.json()["errors"][0]["pointer"]) == (422, "/parent_id")


async def test_who_may_shape_and_who_may_deploy(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    path = f"/api/sessions/{session['id']}"
    for role, allowed in ((Role.ANALYST, True), (Role.OPERATOR, False), (Role.SERVICE, False)):
        shaped = await world.request("POST", f"{path}/nodes", role=role, json={"steps": STEPS[:1]})
        assert shaped.status_code == (201 if allowed else 403)
        assert (await world.request("GET", path, role=role)).status_code == 200
        assert (await world.request("POST", f"{path}:deploy", role=role, json={"name": "x"})).status_code == 403


async def test_the_same_request_twice_is_one_node(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    body, headers = {"steps": STEPS[:1]}, {"Idempotency-Key": "one"}
    path = f"/api/sessions/{session['id']}/nodes"
    first = await world.request("POST", path, json=body, headers=headers)
    second = await world.request("POST", path, json=body, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len((await shown(world, f"/api/sessions/{session['id']}"))["nodes"]) == 2


def scope(tenant: UUID) -> RunScope:
    return RunScope(tenant=tenant, run_id=uuid4(), workflow_id=uuid4(), workflow="flights")


async def test_a_node_becomes_a_draft_and_the_draft_runs_as_a_module(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    node = (await grow(world, session, *STEPS, {"kind": "drop", "columns": ["carrier", "price"]})).json()
    wanted = FreezeInput(
        tenant=world.tenant, session_id=session["id"], node_id=node["id"], name="clean-flights", description="d"
    )
    draft = await doing("freeze", wanted)
    assert draft == await doing("freeze", wanted)
    assert draft.input_contract == TABLE
    assert draft.output_contract.model_dump(mode="json") == node["schema"]
    assert [step.kind for step in draft.recipe.steps] == ["drop_null", "derive", "cast", "filter", "drop"]
    module = ResolvedModule(
        ref=ModuleVersionRef(module_id="m", name="clean-flights", version=1, content_hash="h"),
        recipe=draft.recipe,
        input_contract=draft.input_contract,
        output_contract=draft.output_contract,
    )
    # The next file has its columns in another order, one of them narrower, and one more.
    later = schema(
        new="string", **{name: column.type.value for name, column in zip(TABLE.names, TABLE.columns, strict=True)}
    )
    later = Schema(columns=tuple(reversed(later.columns)))
    rows = [tuple(reversed(("x", *row))) for row in ROWS]
    run = ApplyInput(scope=scope(world.tenant), dataset=store(world, later, rows), modules=(module,))
    done = await doing("apply", run)
    assert done.dataset.id == node["dataset"]["id"], "the module made something else of the same rows"
    assert sum(book.filtered for book in done.books) == 2
    assert done == await doing("apply", run)

    with pytest.raises(ApplicationError) as caught:
        await doing("apply", run.model_copy(update={"dataset": store(world, schema(dep_time="integer"), [(1,)])}))
    assert (caught.value.type, caught.value.non_retryable) == (ErrorType.RECIPE_INVALID, True)
    assert "Module clean-flights does not get its input" in caught.value.message
    with pytest.raises(ApplicationError) as caught:
        await doing("freeze", wanted.model_copy(update={"node_id": uuid4()}))
    assert caught.value.type == ErrorType.NOT_FOUND


async def test_deploying_a_node_is_one_version_however_often_it_is_asked(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    path = f"/api/sessions/{session['id']}:deploy"
    empty = await world.request("POST", path, json={"name": "clean-flights"})
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "no_steps")
    away = await grow(world, session, *STEPS)
    assert (await world.request("POST", path, json={"name": "clean-flights"})).status_code == 503
    client = await connect(world.foundation.settings)
    world.foundation.temporal.attach(client)
    async with AsyncExitStack() as stack:
        for name in ("transform", "module_registry"):
            await stack.enter_async_context(build_worker(client, name, activities=world.services[name].activities))
        await stack.enter_async_context(build_worker(client, "orchestrator", workflows=[DeployModuleWorkflow]))
        answers = await asyncio.gather(
            *(world.request("POST", path, json={"name": "clean-flights", "description": "d"}) for _ in range(3))
        )
        assert [answer.status_code for answer in answers] == [201] * 3, answers[0].text
        assert {(answer.json()["name"], answer.json()["version"]) for answer in answers} == {("clean-flights", 1)}
        assert answers[0].headers["location"] == "/api/modules/clean-flights/versions/1"
        found = await shown(world, "/api/modules/clean-flights/versions/1")
        assert found["session_id"] == session["id"]
        assert found["node_id"] == away.json()["id"]
        await grow(world, session, {"kind": "limit", "rows": 1})
        second = await world.request("POST", path, json={"name": "clean-flights"})
        assert second.json()["version"] == 2


async def test_a_session_looks_at_another_dataset_by_its_name(world: Composed, doing: Doing) -> None:
    session = await opened(world, doing)
    other = store(world, schema(code="string", airline="string"), [("UA", "United"), ("AA", "American")])
    airlines = {"kind": "dataset", "dataset": other.id, "table_schema": other.table_schema.model_dump(mode="json")}
    step = {"kind": "lookup", "with": "airlines", "on": [{"left": "carrier", "right": "code"}], "columns": ["airline"]}
    unknown = await grow(world, session, step)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/steps/0/with")
    made = await grow(world, session, step, inputs={"airlines": airlines})
    assert made.status_code == 201, made.text
    node = made.json()["id"]
    seen = await shown(world, f"/api/sessions/{session['id']}/nodes/{node}/preview")
    assert [row["airline"] for row in seen["rows"]] == ["United", "United", "American", None, None]
    # What came before still knows the name, and it cannot come to mean something else.
    later = await grow(world, session, {**step, "columns": ["code"]})
    assert later.status_code == 201, later.text
    taken = await grow(world, session, step, inputs={"airlines": airlines | {"dataset": "0" * 64}})
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (422, "input_taken")


async def test_a_hash_with_a_key_matches_itself_for_ever_and_no_other_workspace(world: Composed, doing: Doing) -> None:
    step = {"kind": "mask", "columns": ["carrier"], "method": "keyed_hash", "key": "customers"}
    first, second = await hashed(world, doing, step), await hashed(world, doing, step)
    assert first == second
    assert first[0] == first[1] != first[2]
    assert await hashed(world, doing, {**step, "key": "others"}) != first
    keys = MaskKeys(world.platforms["transform"].database, world.platforms["transform"].sealer)
    mine = await keys.named(world.tenant, {"customers"})
    assert first[0] == hmac.new(mine["customers"], b"UA", "sha256").hexdigest()
    assert await keys.named(uuid4(), {"customers"}) != mine
    both = await asyncio.gather(*(keys.named(world.tenant, {"new"}) for _ in range(4)))
    assert all(one == both[0] for one in both)


async def hashed(world: Composed, doing: Doing, step: dict[str, Any]) -> list[str]:
    session = await opened(world, doing)
    made = await grow(world, session, step)
    assert made.status_code == 201, made.text
    seen = await shown(world, f"/api/sessions/{session['id']}/nodes/{made.json()['id']}/preview")
    return [row["carrier"] for row in seen["rows"]]
