"""The library on a real database: found, cloned, archived, deleted, counted and rotated; as text, to the byte."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml

from contracts.catalog import type_of
from contracts.commands.module_registry import ResolveModuleInput
from contracts.data import Contract, RowBooks, Schema
from contracts.envelope import Envelope
from contracts.events.identity import WorkspaceCreated, WorkspacePlanChanged
from contracts.events.runs import RunFinished
from contracts.events.workflows import WorkflowApplied, WorkflowDeleted
from contracts.permissions import Role
from contracts.workflow import ModuleUse, ModuleVersionRef
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.plans import Plans
from tests.integration.composed import Composed
from tests.integration.module_registry.registry_world import draft

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def publish(world: Composed, name: str = "clean-flights", where: str = "a > 1", **changes: Any) -> Any:
    answer = await world.request("POST", "/api/modules", json=draft(name, where, **changes))
    assert answer.status_code in (200, 201, 409), answer.text
    return answer


async def hear(world: Composed, event: Contract) -> None:
    """Let the registry hear of something, as its consumer does."""
    handlers = world.services["module_registry"].handlers
    assert handlers is not None
    registered = handlers.of(type_of(event))
    assert registered is not None
    assert registered.one is not None
    async with world.platforms["module_registry"].database.work(world.tenant) as work:
        envelope = Envelope(
            id=uuid4(),
            source="/services/any",
            type=type_of(event),
            subject="any",
            time=datetime.now(UTC),
            tenant=world.tenant,
        )
        await registered.one(work, event, envelope)


def applied(workflow: UUID, *uses: ModuleUse, name: str = "flights") -> WorkflowApplied:
    return WorkflowApplied(workflow_id=workflow, name=name, version=1, modules=uses)


async def names(world: Composed, query: str = "") -> list[str]:
    answer = await world.request("GET", f"/api/modules?limit=2{query}")
    found = answer.json()
    shown = [item["name"] for item in found["items"]]
    while found["next_cursor"]:
        found = (await world.request("GET", f"/api/modules?limit=2&cursor={found['next_cursor']}{query}")).json()
        shown += [item["name"] for item in found["items"]]
    return shown


async def test_modules_are_found_by_all_that_is_said_of_them(world: Composed) -> None:
    ready = {"tags": ["daily", "pii"], "category": "flights", "owner": "ops@example.org", "readme": "# For the Board"}
    await publish(world, "alpha", details=ready)
    await publish(world, "beta", description="Delays of 100% of flights", details={"tags": ["daily"]})
    await publish(world, "gamma", details={"category": "flights"})
    await world.request("POST", "/api/modules/gamma:archive")
    assert await names(world) == ["alpha", "beta"]
    for query, expected in {
        "&tag=daily": ["alpha", "beta"],
        "&tag=daily&tag=pii": ["alpha"],
        "&category=flights": ["alpha"],
        "&category=flights&archived=all": ["alpha", "gamma"],
        "&archived=yes": ["gamma"],
        "&owner=ops@example.org&tag=pii": ["alpha"],
        "&owner=nobody": [],
        "&q=BOARD": ["alpha"],
        "&q=flights delays": ["beta"],
        "&q=100%25": ["beta"],
        "&q=%25": ["beta"],
        "&q=_": [],
        "&q=pii": ["alpha"],
        "&q=daily&category=flights": ["alpha"],
    }.items():
        assert await names(world, query) == expected, query
    fits = Schema.model_validate(draft()["input_contract"]).fingerprint
    assert await names(world, f"&fits={fits}") == ["alpha", "beta"]
    assert await names(world, "&fits=0") == []


async def test_what_a_module_is_found_by_can_be_changed_and_its_versions_not(world: Composed) -> None:
    await publish(world)
    before = await world.request("GET", "/api/modules/clean-flights")
    changed = await world.request(
        "PATCH",
        "/api/modules/clean-flights",
        json={"tags": ["b", "a", "b"], "readme": "Hello"},
        headers={"If-Match": before.headers["etag"]},
    )
    assert (changed.status_code, changed.json()["tags"], changed.json()["readme"]) == (200, ["a", "b"], "Hello")
    late = await world.request(
        "PATCH", "/api/modules/clean-flights", json={"owner": "x"}, headers={"If-Match": before.headers["etag"]}
    )
    assert late.status_code == 412
    wrong = await world.request("PATCH", "/api/modules/clean-flights", json={"tags": ["No Tag"]})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/tags/0"]
    version = (await world.request("GET", "/api/modules/clean-flights/versions/1")).json()
    assert (version["content_hash"], version["semantic_version"], version["level"]) == (
        (await publish(world)).json()["content_hash"],
        "1.0.0",
        "major",
    )


async def test_the_level_follows_from_the_contracts(world: Composed) -> None:
    wide = {"columns": [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]}
    derive = [{"kind": "derive", "columns": [{"column": "b", "expression": "a + 1"}]}]
    await publish(world)
    said = [
        (await publish(world, where="a > 2")).json(),
        (await publish(world, recipe={"steps": derive}, output_contract=wide)).json(),
        (await publish(world, where="a > 3")).json(),
        (
            await publish(
                world, where="a > 3", input_checks=[{"kind": "not_null", "column": "a", "enforcement": "fail"}]
            )
        ).json(),
    ]
    assert [(one["semantic_version"], one["level"]) for one in said] == [
        ("1.0.1", "patch"),
        ("1.1.0", "minor"),
        ("2.0.0", "major"),
        ("3.0.0", "major"),
    ]
    versions = (await world.request("GET", "/api/modules/clean-flights/versions")).json()["items"]
    assert versions[0]["changes"] == [{"level": "major", "side": "input", "sentence": "'a' not null is checked"}]
    compared = (await world.request("GET", "/api/modules/clean-flights/compare?left=1&right=3")).json()
    assert (compared["level"], compared["changes"][0]["sentence"]) == ("minor", "it gives column 'b'")


async def test_a_clone_is_a_module_of_its_own_that_knows_its_origin(world: Composed) -> None:
    source = yaml.safe_dump(
        {"module": "clean-flights", "input": {"columns": [{"name": "a", "type": "integer"}]}, "steps": []}
    )
    await world.request("POST", "/api/modules/clean-flights:save", json={"source": "# by hand\n" + source})
    made = await world.request("POST", "/api/modules/clean-flights:clone", json={"name": "other"})
    assert (made.status_code, made.headers["location"]) == (201, "/api/modules/other")
    clone = (await world.request("GET", "/api/modules/other")).json()
    assert (clone["cloned_from"]["name"], clone["cloned_from"]["version"]) == ("clean-flights", 1)
    code = await world.request("GET", "/api/modules/other/versions/1/code")
    assert code.text == "# by hand\n" + source.replace("clean-flights", "other")
    await publish(world, "other", where="a > 9")
    original = (await world.request("GET", "/api/modules/clean-flights")).json()
    assert (original["latest_version"], original["cloned_from"]) == (1, None)
    taken = await world.request("POST", "/api/modules/clean-flights:clone", json={"name": "other"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    beyond = await world.request("POST", "/api/modules/clean-flights:clone", json={"name": "third", "version": 7})
    assert beyond.status_code == 404
    across = await world.request("GET", "/api/modules/clean-flights/compare?left=1&right=2&right_name=other")
    assert [row["op"] for row in across.json()["steps"]] == ["added"]


async def test_a_module_in_use_is_not_deleted(world: Composed) -> None:
    await publish(world)
    workflow = uuid4()
    await hear(world, applied(workflow, ModuleUse(name="clean-flights")))
    refused = await world.request("DELETE", "/api/modules/clean-flights")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "flights" in refused.json()["detail"]
    archived = await world.request("POST", "/api/modules/clean-flights:archive")
    assert archived.json()["archived_at"] is not None
    closed = await publish(world, where="a > 5")
    assert (closed.status_code, closed.json()["code"]) == (409, "archived")
    found = await resolve(world, "clean-flights")
    assert found.module is not None  # what uses it goes on
    await hear(world, WorkflowDeleted(workflow_id=workflow, name="flights"))
    assert (await world.request("DELETE", "/api/modules/clean-flights")).status_code == 204
    assert (await world.request("GET", "/api/modules/clean-flights")).status_code == 404
    assert (await resolve(world, "clean-flights")).problem == "there is no module 'clean-flights'"
    # The name is free, and begins anew.
    assert (await publish(world, where="a > 7")).json()["version"] == 1
    kinds = [name for name, _ in await world.published("module_registry")]
    assert kinds == [
        "module.version_published.v1",
        "module.archived.v1",
        "module.deleted.v1",
        "module.version_published.v1",
    ]


async def test_a_deletion_that_crosses_a_workflow_on_its_way_is_taken_back(world: Composed) -> None:
    await publish(world)
    await world.request("DELETE", "/api/modules/clean-flights")
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights", version=1)))
    assert (await resolve(world, "clean-flights", 1)).module is not None
    assert (await world.request("DELETE", "/api/modules/clean-flights")).status_code == 409


async def resolve(world: Composed, name: str, version: Any = "current") -> Any:
    activities = ModuleRegistryActivities(
        world.platforms["module_registry"].database, Plans({"standard": None}, "standard")
    )
    use = ModuleUse(name=name, version=version)
    return await activities.resolve(ResolveModuleInput(tenant=world.tenant, module=use))


async def test_usage_is_what_the_runs_said(world: Composed) -> None:
    first, second = (await publish(world)).json(), (await publish(world, where="a > 2")).json()
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights"), name="monthly"))
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights", version=1), name="daily"))
    outcomes: list[Any] = ["succeeded", "succeeded", "partial", "failed"]
    for at, outcome in enumerate(outcomes):
        used = [first] if outcome == "failed" else [first, second, second]
        await hear(world, finished(outcome, used, day=1 + at % 2, read=10, loaded=9))
    usage = (await world.request("GET", "/api/modules/clean-flights/usage")).json()
    assert [(user["workflow"], user["version"]) for user in usage["workflows"]] == [("daily", 1), ("monthly", None)]
    counts = {row["number"]: row for row in usage["versions"]}
    assert {key: counts[1][key] for key in ("runs", "succeeded", "partial", "failed", "rows_read", "rows_loaded")} == {
        "runs": 4,
        "succeeded": 2,
        "partial": 1,
        "failed": 1,
        "rows_read": 40,
        "rows_loaded": 36,
    }
    assert (counts[2]["runs"], counts[2]["workflows"], counts[1]["workflows"]) == (3, ["monthly"], ["daily"])
    assert counts[1]["last_run_at"].startswith("2026-03-02")


def finished(outcome: Any, used: list[Any], *, day: int, read: int, loaded: int) -> RunFinished:
    refs = (ModuleVersionRef.model_validate({k: one[k] for k in ModuleVersionRef.model_fields}) for one in used)
    return RunFinished(
        run_id=uuid4(),
        workflow_id=uuid4(),
        workflow="flights",
        outcome=outcome,
        books=RowBooks(read=read, loaded=loaded, quarantined=read - loaded),
        finished_at=datetime(2026, 3, day, 6, tzinfo=UTC),
        modules=tuple(refs),
    )


async def live(world: Composed) -> list[int]:
    items = (await world.request("GET", "/api/modules/clean-flights/versions")).json()["items"]
    return [item["number"] for item in items if item["retired_at"] is None]


async def test_the_plan_lets_the_oldest_unused_version_go(world: Composed) -> None:
    await hear(world, WorkspaceCreated(workspace_id=world.tenant, name="w", plan="free"))
    for n in range(1, 4):
        await publish(world, where=f"a > {n}")
    assert await live(world) == [3, 2]
    retired = await resolve(world, "clean-flights", 1)
    assert retired.problem == "version 1 of module 'clean-flights' is retired (the plan 'free' keeps 2 versions)"
    assert (await world.published("module_registry"))[-2][0] == "module.version_retired.v1"
    # What is pinned and what is in use never goes.
    assert (await world.request("POST", "/api/modules/clean-flights/versions/2:pin")).json()["pinned"] is True
    await publish(world, where="a > 4")
    assert await live(world) == [4, 2]
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights", version=4)))
    full = await publish(world, where="a > 5")
    assert (full.status_code, full.json()["code"]) == (409, "version_limit")
    assert await live(world) == [4, 2]
    await world.request("POST", "/api/modules/clean-flights/versions/2:unpin")
    assert (await publish(world, where="a > 5")).status_code == 201
    assert await live(world) == [5, 4]
    # The same content again is the same version, and it is wanted back.
    assert (await publish(world, where="a > 1")).json()["version"] == 1
    assert 1 in await live(world)
    await hear(world, WorkspacePlanChanged(workspace_id=world.tenant, plan="unlimited"))
    for n in range(6, 9):
        await publish(world, where=f"a > {n}")
    assert len(await live(world)) == 6


SOURCE = """\
# The rest is noise.
module: clean-flights
input:
  columns:
    - {name: a, type: integer}
  checks:
    - {kind: range, column: a, minimum: 0, enforcement: warn}
steps:
  - kind: filter
    where: a  >  1   # two blanks
"""


async def test_code_is_kept_to_the_byte(world: Composed) -> None:
    path = "/api/modules/clean-flights"
    saved = await world.request("POST", f"{path}:save", json={"source": SOURCE})
    assert saved.status_code == 201, saved.text
    code = await world.request("GET", f"{path}/versions/1/code")
    assert (code.text, code.headers["content-type"]) == (SOURCE, "application/yaml")
    whole = (await world.request("GET", f"{path}/versions/1")).json()
    assert [column["name"] for column in whole["output_contract"]["columns"]] == ["a"]
    assert whole["input_checks"][0]["minimum"] == 0
    # In other words it is the same version, in these words from now on.
    spoken = SOURCE.replace("# two blanks", "# still")
    assert (await world.request("POST", f"{path}:save", json={"source": spoken})).json()["created"] is False
    assert (await world.request("GET", f"{path}/versions/1/code")).text == spoken
    await publish(world, where="a > 2")
    written = (await world.request("GET", f"{path}/versions/2/code")).text
    again = await world.request("POST", f"{path}:save", json={"source": written})
    assert (again.json()["version"], again.json()["created"]) == (2, False)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "code"),
    [
        ("a  >  1", "b > 1", 10, 12, "column_unknown"),
        ("a  >  1", "a > 'x", 10, 12, "syntax"),
        ("column: a", "column: b", 7, 7, "column_unknown"),
        ("minimum: 0", "minimum: x", 7, 7, "wrong_type"),
        ("kind: filter", "kind: filtre", 9, 11, "union_tag_invalid"),
        ("module: clean-flights", "module: other", 2, 9, "other_module"),
    ],
)
async def test_what_is_wrong_with_code_is_said_with_line_and_column(
    world: Composed, old: str, new: str, line: int, column: int, code: str
) -> None:
    for way in ("check-code", "save"):
        answer = await world.request(
            "POST", f"/api/modules/clean-flights:{way}", json={"source": SOURCE.replace(old, new)}
        )
        assert answer.status_code == 422, answer.text
        error = answer.json()["errors"][0]
        assert (error["line"], error["column"], error["code"]) == (line, column, code), error
    assert await names(world) == []


async def test_the_contract_as_a_document_of_the_standard(world: Composed) -> None:
    checks = [{"kind": "range", "column": "a", "minimum": 1, "maximum": 9, "enforcement": "quarantine"}]
    await publish(world, input_checks=checks, details={"category": "flights", "tags": ["x"]})
    for standard in ("v3.0.2", "v3.1.0"):
        answer = await world.request(
            "GET", f"/api/modules/clean-flights/versions/1/contract?side=input&standard={standard}"
        )
        assert answer.headers["content-type"] == "application/yaml"
        found = yaml.safe_load(answer.text)
        assert (found["apiVersion"], found["kind"], found["version"]) == (standard, "DataContract", "1.0.0")
        (table,) = found["schema"]
        assert table["properties"][0]["logicalTypeOptions"] == {"minimum": 1, "maximum": 9}
        assert table["properties"][0]["quality"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"owner": "x"}),
        ("DELETE", "", None),
        ("POST", ":archive", None),
        ("POST", ":restore", None),
        ("POST", ":clone", {"name": "mine"}),
        ("GET", "/usage", None),
        ("GET", "/versions/1/code", None),
        ("GET", "/versions/1/contract", None),
        ("POST", "/versions/1:pin", None),
        ("GET", "/compare?left=1&right=1", None),
    ],
)
async def test_what_is_another_workspaces_is_not_there(world: Composed, method: str, path: str, body: Any) -> None:
    await publish(world)
    answers = []
    for name in ("clean-flights", "nobody-has-this"):
        options = {} if body is None else {"json": body}
        answer = await world.request(method, f"/api/modules/{name}{path}", tenant=uuid4(), **options)
        answers.append((answer.status_code, answer.content))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    forbidden = await world.request("DELETE", "/api/modules/clean-flights", role=Role.ANALYST)
    assert forbidden.status_code == 403
