"""Versions on data, from the question to the rows that differ: asked by HTTP, run by workflows, in real children."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from contracts.activities import PULL
from contracts.catalog import EVENTS
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup, PullInput, PullResult, QuarantinedRows
from contracts.commands.orchestrator import FinishRunInput
from contracts.commands.transform import AttachRootInput, ProfileInput
from contracts.data import SET_ASIDE_ROWS, DatasetRef, FormatFacts, RowBooks, Schema
from contracts.envelope import Envelope
from contracts.permissions import Role
from deploy.local.state import State
from services.chassis.temporal import build_worker
from services.orchestrator.repository import runs
from services.orchestrator.tables import workflows
from tests.integration.composed import Composed
from tests.integration.module_registry.registry_world import columns, draft, registry
from tests.unit.transform.evaluating import frame, schema

TABLE = schema(id="integer", city="string", price="float")
ROWS = [(1, "Bern", 10.0), (2, "Genève", 20.0), (3, None, 30.0), (4, "Basel", None), (5, "Chur", 50.0)]
SHAPE = columns(id="integer", city="string", price="float")


class Files:
    """The connector as the workflows see it: one file, whatever is asked for."""

    def __init__(self) -> None:
        self.asked: list[PullInput] = []
        self.dataset: DatasetRef | None = None
        self.aside: tuple[QuarantinedRows, ...] = ()

    @activity.defn(name=PULL.name)
    async def pull(self, input: PullInput) -> PullResult:
        self.asked.append(input)
        assert self.dataset is not None
        group = PulledGroup(dataset=self.dataset, facts=FormatFacts(format="csv"))
        read = self.dataset.rows + sum(one.dataset.rows for one in self.aside)
        return PullResult(groups=(group,), rows_read=read, quarantined=self.aside)


class World:
    """The services with workers, and what was said between them carried over."""

    def __init__(self, made: Composed, files: Files) -> None:
        self.made = made
        self.files = files
        self._told = 0

    async def ask(self, method: str, path: str, status: int, **options: Any) -> Any:
        answer = await self.made.request(method, path, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def publish(self, where: str, **changes: Any) -> Any:
        shape = {"input_contract": SHAPE, "output_contract": SHAPE}
        return await self.ask("POST", "/api/modules", 201, json=draft("clean", where, **(shape | changes)))

    async def asked(self, path: str, **body: Any) -> Any:
        """Ask, and wait for the answer."""
        made = await self.ask("POST", path, 202, json=body)
        assert made["state"] == "running"
        await self.carry()

        deadline = asyncio.get_running_loop().time() + 60
        while (found := await self.ask("GET", f"{path}/{made['id']}", 200))["state"] == "running":
            assert asyncio.get_running_loop().time() < deadline, "it was not answered"
            await asyncio.sleep(0.05)
        return found

    async def carry(self) -> None:
        """Hand what the registry published to the orchestrator, twice, as a broker may."""
        handlers = self.made.services["orchestrator"].handlers
        assert handlers is not None
        events = await self.made.published("module_registry")
        for type, payload in events[self._told :]:
            registered = handlers.of(type)
            if registered is None or registered.one is None:
                continue
            envelope = Envelope(
                id=uuid4(), source="/x", type=type, subject="x", time="2026-03-01T00:00:00Z", tenant=self.made.tenant
            )
            for _ in range(2):
                async with self.made.platforms["orchestrator"].database.work(self.made.tenant) as work:
                    await registered.one(work, EVENTS[type].model_validate(payload), envelope)
        self._told = len(events)

    def store(self, table: Schema, rows: Any) -> DatasetRef:
        with self.made.platforms["transform"].storage.writer(self.made.tenant, table) as writer:
            writer.write(frame(table, rows))
            return writer.finish()

    async def do(self, service: str, name: str, given: Any) -> Any:
        activities: dict[str, Callable[..., Any]] = {
            one.__name__: one for one in self.made.services[service].activities
        }
        return await ActivityEnvironment().run(activities[name], given)

    async def session(self, dataset: DatasetRef) -> Any:
        made = await self.ask("POST", "/api/sessions", 202, json={"connection": "landing", "selection": {"path": "x"}})
        profile = await self.do("transform", "profile", ProfileInput(tenant=self.made.tenant, dataset=dataset))
        group = PulledGroup(dataset=dataset, facts=FormatFacts(format="csv"))
        pulled = PullResult(groups=(group,), rows_read=dataset.rows)
        root = AttachRootInput(tenant=self.made.tenant, session_id=made["id"], pulled=pulled, profile=profile)
        await self.do("transform", "attach_root", root)
        return await self.ask("GET", f"/api/sessions/{made['id']}", 200)


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    files = Files()
    async with registry(namespace, admin_url, tmp_path, "orchestrator") as made, AsyncExitStack() as stack:
        client = made.foundation.temporal.client
        for name in ("transform", "orchestrator", "module_registry"):
            service = made.services[name]
            worker = build_worker(client, name, activities=service.activities, workflows=service.workflows)
            await stack.enter_async_context(worker)
        await stack.enter_async_context(build_worker(client, "connector", activities=[files.pull]))
        found = World(made, files)
        files.dataset = found.store(TABLE, ROWS)
        yield found


FILE = {"kind": "file", "connection": "landing", "selection": {"path": "prices.csv"}}


def version(number: int, name: str = "clean") -> dict[str, Any]:
    return {"name": name, "version": number}


async def rows_of(world: World, question: Any, part: str, **query: Any) -> Any:
    path = f"/api/module-comparisons/{question['id']}/rows"
    return await world.ask("GET", path, 200, params={"part": part} | query)


async def test_two_versions_on_a_file_row_by_row(world: World) -> None:
    await world.publish("price >= 20")
    dearer = [{"kind": "derive", "columns": [{"column": "price", "expression": "price * 2"}]}]
    keep = [{"kind": "filter", "where": "id <> 2"}]
    await world.publish("", recipe={"steps": dearer + keep})
    found = await world.asked("/api/module-comparisons", left=version(1), right=version(2), input=FILE, keys=["id"])
    assert found["state"] == "done", found
    told = found["difference"]
    assert (told["keys"], told["keys_from"], told["same"]) == (["id"], "given", False)
    assert (told["left"]["rows"], told["right"]["rows"]) == (3, 4)
    assert (told["equal"], told["only_left"], told["only_right"], told["changed"]) == (0, 1, 2, 2)
    assert {one["column"]: one["changed"] for one in told["columns"]} == {"id": 0, "city": 0, "price": 2}
    price = next(one for one in told["aggregates"] if one["column"] == "price")
    assert (price["left"]["sum"], price["right"]["sum"]) == ("100.0", "180.0")
    left = await rows_of(world, found, "only_left")
    assert left["rows"] == [{"id": 2, "city": "Genève", "price": 20.0}]
    right = await rows_of(world, found, "only_right", limit=1, offset=1)
    assert (right["total"], [row["id"] for row in right["rows"]]) == (2, [4])
    changed = await rows_of(world, found, "changed")
    assert changed["changed"] == [
        {"key": {"id": 3}, "left": {"price": 30.0}, "right": {"price": 60.0}},
        {"key": {"id": 5}, "left": {"price": 50.0}, "right": {"price": 100.0}},
    ]
    # Looking at a file keeps nobody from loading it.
    assert [asked.claim for asked in world.files.asked] == [False]
    events = [said for said in await world.made.published("module_registry") if "comparison_finished" in said[0]]
    assert [(said["outcome"], said["same"]) for _, said in events] == [("done", False)]


async def test_a_version_beside_itself_is_the_same(world: World) -> None:
    await world.publish("price >= 20", output_checks=[{"kind": "unique", "columns": ["id"]}])
    found = await world.asked("/api/module-comparisons", left=version(1), right=version(1), input=FILE)
    told = found["difference"]
    assert (told["same"], told["keys"], told["keys_from"], told["equal"]) == (True, ["id"], "contract", 3)
    assert (await rows_of(world, found, "changed"))["changed"] == []


async def test_on_a_node_and_on_what_a_run_read(world: World) -> None:
    await world.publish("price >= 20")
    await world.publish("price >= 30")
    dataset = world.store(TABLE, ROWS[:3])
    session = await world.session(dataset)
    node = {"kind": "node", "session_id": session["id"], "node_id": session["current_node_id"]}
    for asked in (node, {"kind": "node", "session_id": session["id"]}):
        found = await world.asked("/api/module-comparisons", left=version(1), right=version(2), input=asked, keys=[])
        told = found["difference"]
        assert (told["keys_from"], told["only_left"], told["only_right"], told["equal"]) == ("none", 1, 0, 1)
    run = await finished_run(world, dataset)
    found = await world.asked(
        "/api/module-comparisons", left=version(1), right=version(2), input={"kind": "run", "run_id": str(run)}
    )
    assert (found["difference"]["only_left"], found["difference"]["keys_from"]) == (1, "found")
    other = await world.asked(
        "/api/module-comparisons",
        left=version(1),
        right=version(2),
        input={"kind": "run", "run_id": str(run), "group": 1},
    )
    assert (other["state"], other["code"]) == ("failed", "not_found")
    assert "shapes" in other["message"]


async def finished_run(world: World, dataset: DatasetRef) -> UUID:
    """A run of a past day, as its workflow would have told it."""
    tenant, run, workflow = world.made.tenant, uuid4(), uuid4()
    async with world.made.platforms["orchestrator"].database.work(tenant) as work:
        now = work.clock.now()
        made = {"id": workflow, "tenant": tenant, "name": "prices", "current_version": 1}
        await work.connection.execute(insert(workflows).values(**made, created_at=now, updated_at=now))
        asked = {"id": run, "workflow_id": workflow, "workflow": "prices", "workflow_version": 1}
        await runs.add_run(work, asked | {"trigger_kind": "manual", "requested_window": {}})
    scope = RunScope(tenant=tenant, run_id=run, workflow_id=workflow, workflow="prices")
    books = RowBooks(read=dataset.rows, loaded=dataset.rows)
    end = FinishRunInput(scope=scope, outcome="succeeded", books=books, inputs=(dataset,))
    await world.do("orchestrator", "finish_run", end)
    return run


async def test_a_trial_needs_no_workflow(world: World) -> None:
    checks = [{"kind": "not_null", "column": "city", "enforcement": "quarantine"}]
    checks.append({"kind": "range", "column": "price", "maximum": 40, "enforcement": "warn"})
    await world.publish("price >= 20", input_checks=checks)
    aside = world.store(SET_ASIDE_ROWS, [(7, "ragged", None, None, "a,b")])
    world.files.aside = (QuarantinedRows(dataset=aside, reason="ragged", sample="row 7"),)
    found = await world.asked("/api/module-trials", module={"name": "clean"}, input=FILE)
    assert found["state"] == "done", found
    assert (found["module"], found["rows_read"], found["rows"], found["set_aside"]) == (version(1), 6, 2, 2)
    assert [column["name"] for column in found["output"]["columns"]] == ["id", "city", "price"]
    assert {one["check"]["kind"]: one["failed"] for one in found["checks"]} == {"not_null": 1, "range": 1}
    path = f"/api/module-trials/{found['id']}/rows"
    rows = await world.ask("GET", path, 200)
    assert [row["id"] for row in rows["rows"]] == [2, 5]
    rejected = await world.ask("GET", path, 200, params={"part": "set_aside"})
    assert (rejected["total"], rejected["rows"][0]["column"]) == (1, "city")
    listed = await world.ask("GET", "/api/module-trials", 200)
    assert [one["id"] for one in listed["items"]] == [found["id"]]


async def test_what_cannot_be_compared_says_why(world: World) -> None:
    await world.publish("price >= 20")
    both = {"left": version(1), "right": version(1)}
    unknown = await world.made.request(
        "POST", "/api/module-comparisons", json=both | {"right": version(7), "input": FILE}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/right")
    keyed = await world.asked("/api/module-comparisons", **both, input=FILE, keys=["idd"])
    assert (keyed["state"], keyed["code"]) == ("failed", "recipe_invalid")
    assert "'id'" in keyed["message"]
    path = f"/api/module-comparisons/{keyed['id']}/rows"
    assert (await world.made.request("GET", path)).status_code == 409
    session = {"kind": "node", "session_id": str(uuid4())}
    lost = await world.asked("/api/module-trials", module={"name": "clean"}, input=session)
    assert (lost["state"], lost["code"]) == ("failed", "not_found")
    forbidden = await world.made.request(
        "POST", "/api/module-comparisons", json=both | {"input": FILE}, role=Role.OPERATOR
    )
    assert forbidden.status_code == 403
    for kind, question in (("comparisons", keyed), ("trials", lost)):
        for path in (f"/api/module-{kind}/{question['id']}", f"/api/module-{kind}/{question['id']}/rows"):
            theirs = await world.made.request("GET", path, tenant=uuid4())
            none = await world.made.request("GET", path.replace(question["id"], str(uuid4())))
            assert (theirs.status_code, theirs.content) == (404, none.content)


async def test_a_node_becomes_a_module_with_what_held_for_its_data(world: World) -> None:
    session = await world.session(world.store(TABLE, ROWS))
    steps = [{"kind": "filter", "where": "price >= 20"}, {"kind": "select", "columns": ["id", "price"]}]
    node = await world.ask("POST", f"/api/sessions/{session['id']}/nodes", 201, json={"steps": steps})
    body = {"name": "dear", "node_id": node["id"], "details": {"tags": ["daily"], "owner": "ops"}}
    for _ in range(2):
        made = await world.ask("POST", f"/api/sessions/{session['id']}:deploy", 201, json=body)
        assert made["version"] == 1
    module = await world.ask("GET", "/api/modules/dear", 200)
    assert (module["tags"], module["owner"]) == (["daily"], "ops")
    version = await world.ask("GET", "/api/modules/dear/versions/1", 200)
    checks = {
        side: {(one["kind"], one.get("column")) for one in version[f"{side}_checks"]} for side in ("input", "output")
    }
    assert {("not_null", "id"), ("unique", None), ("range", "price")} <= checks["input"]
    assert ("not_null", "price") not in checks["input"]
    assert {("not_null", "id"), ("not_null", "price")} <= checks["output"]
    said = version["input_checks"] + version["output_checks"]
    assert {(one["enforcement"], one["inferred"]) for one in said} == {("documented", True)}
