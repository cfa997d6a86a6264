"""module_registry on a real database: versions are frozen, publishing is idempotent, `current` moves by decision."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from contracts.commands.module_registry import PublishModuleInput, ResolveModuleInput
from contracts.permissions import Role
from contracts.runs import ErrorType
from contracts.workflow import ModuleDraft, ModuleUse
from deploy.local.state import State
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.api.library import library_router
from services.module_registry.checking import Drafts
from services.module_registry.plans import Plans
from tests.integration.composed import Composed, client_of
from tests.integration.module_registry.registry_world import checking, columns, draft, registry

PLANS = Plans({"standard": None}, "standard")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def activities(world: Composed) -> ModuleRegistryActivities:
    return ModuleRegistryActivities(world.platforms["module_registry"].database, PLANS)


async def publish(world: Composed, body: dict[str, Any], **options: Any) -> Any:
    return await world.request("POST", "/api/modules", json=body, **options)


async def test_the_same_draft_is_one_version_however_often_it_comes(world: Composed) -> None:
    # Different words in the description, another order of names: the same content.
    answers = await asyncio.gather(*(publish(world, draft(description=f"try {n}")) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert {answer.json()["version"] for answer in answers} == {1}
    assert {answer.json()["content_hash"] for answer in answers} == {answers[0].json()["content_hash"]}
    events = await world.published("module_registry")
    assert [(name, body["version"], body["current"]) for name, body in events] == [
        ("module.version_published.v1", 1, True)
    ]


async def test_numbers_grow_without_gaps_when_many_publish_at_once(world: Composed) -> None:
    answers = await asyncio.gather(*(publish(world, draft(where=f"a > {n}")) for n in range(8)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 9))
    first = (await world.request("GET", "/api/modules/clean-flights/versions?limit=5")).json()
    rest = (
        await world.request("GET", f"/api/modules/clean-flights/versions?limit=5&cursor={first['next_cursor']}")
    ).json()
    assert [item["number"] for item in first["items"] + rest["items"]] == list(range(8, 0, -1))
    assert rest["next_cursor"] is None


async def test_current_moves_by_recorded_decisions_only(world: Composed, activities: ModuleRegistryActivities) -> None:
    await publish(world, draft(where="a > 1", make_current=False))  # the first is current nevertheless
    await publish(world, draft(where="a > 2", make_current=False))
    assert (await world.request("GET", "/api/modules/clean-flights")).json()["current_version"] == 1
    await publish(world, draft(where="a > 3", reason="stricter"))
    assert (await world.request("GET", "/api/modules/clean-flights")).json()["current_version"] == 3
    # A retry of an old publication does not turn the clock back.
    assert (await publish(world, draft(where="a > 1"))).status_code == 200
    assert (await world.request("GET", "/api/modules/clean-flights")).json()["current_version"] == 3
    back = await world.request(
        "POST", "/api/modules/clean-flights:set-current", json={"version": 2, "reason": "3 was wrong"}
    )
    assert back.json()["current_version"] == 2
    decisions = (await world.request("GET", "/api/modules/clean-flights/decisions")).json()["items"]
    assert [(item["before"], item["after"], item["reason"]) for item in decisions] == [
        (3, 2, "3 was wrong"),
        (1, 3, "stricter"),
        (None, 1, "the first version"),
    ]
    assert (
        await world.request("POST", "/api/modules/clean-flights:set-current", json={"version": 9, "reason": "x"})
    ).status_code == 404

    for use, number in (("current", 2), (1, 1)):
        found = await activities.resolve(
            ResolveModuleInput(tenant=world.tenant, module=ModuleUse(name="clean-flights", version=use))
        )
        assert found.module is not None
        assert found.module.ref.version == number
        assert found.module.recipe.steps[0].where == f"a > {number}"  # type: ignore[union-attr]


async def test_a_version_can_be_changed_by_nobody(world: Composed) -> None:
    await publish(world, draft())
    database = world.platforms["module_registry"].database
    for statement in (
        "UPDATE module_versions SET recipe = '{}'",
        "DELETE FROM module_versions",
        "TRUNCATE module_versions CASCADE",
        "UPDATE module_decisions SET reason = ''",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await _run(database, world, statement)
        # The owner has the right, and is refused all the same.
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="is never changed"):
            await world.sql(statement.replace("module_", "module_registry.module_"))


async def _run(database: Any, world: Composed, statement: str) -> None:
    async with database.work(world.tenant) as work:
        await work.connection.execute(text(statement))


async def test_a_version_that_was_tampered_with_is_not_handed_out(
    world: Composed, activities: ModuleRegistryActivities
) -> None:
    await publish(world, draft())
    await world.sql("ALTER TABLE module_registry.module_versions DISABLE TRIGGER USER")
    await world.sql(
        """UPDATE module_registry.module_versions SET recipe = '{"steps":[{"kind":"limit","rows":0}]}'"""
        " WHERE tenant = $1",
        world.tenant,
    )
    await world.sql("ALTER TABLE module_registry.module_versions ENABLE TRIGGER USER")
    found = await activities.resolve(ResolveModuleInput(tenant=world.tenant, module=ModuleUse(name="clean-flights")))
    assert found.module is None
    assert found.problem == "version 1 of module 'clean-flights' is not what was published"
    shown = await world.request("GET", "/api/modules/clean-flights/versions/1")
    assert (shown.status_code, shown.json()["code"]) == (500, "module_tampered")


async def test_what_is_wrong_with_a_name_or_number_is_said(
    world: Composed, activities: ModuleRegistryActivities
) -> None:
    await publish(world, draft())

    async def problem(name: str, version: Any = "current") -> str | None:
        use = ModuleUse(name=name, version=version)
        return (await activities.resolve(ResolveModuleInput(tenant=world.tenant, module=use))).problem

    assert await problem("clean-fligths") == "there is no module 'clean-fligths'; did you mean 'clean-flights'?"
    assert await problem("zzz") == "there is no module 'zzz'"
    assert await problem("clean-flights", 7) == "module 'clean-flights' has no version 7; its versions are 1 to 1"


async def test_publishing_from_a_workflow_is_the_same_thing(
    world: Composed, activities: ModuleRegistryActivities
) -> None:
    input = PublishModuleInput(tenant=world.tenant, draft=ModuleDraft.model_validate(draft()), published_by=uuid4())
    first, second = await activities.publish(input), await activities.publish(input)
    assert first == second
    wrong = draft(recipe={"steps": [{"kind": "select", "columns": ["b"]}]})
    with pytest.raises(ApplicationError, match=r"/recipe/steps/0/columns/0: step 1 \(select\) names") as caught:
        await activities.publish(
            PublishModuleInput(tenant=world.tenant, draft=ModuleDraft.model_validate(wrong), published_by=uuid4())
        )
    assert (caught.value.type, caught.value.non_retryable) == (ErrorType.RECIPE_INVALID.value, True)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "Not A Name"}, "/name"),
        ({"recipe": {"steps": [{"kind": "polish"}]}}, "/recipe/steps/0"),
        ({"recipe": {"steps": [{"kind": "limit", "rows": "5"}]}}, "/recipe/steps/0/rows"),
        ({"recipe": {"steps": [{"kind": "select", "columns": ["zz"]}]}}, "/recipe/steps/0/columns/0"),
        ({"input_contract": {"columns": [{"name": "a", "type": "integer"}] * 2}}, "/input_contract"),
        ({"tenant_id": "x"}, "/tenant_id"),
        ({"make_current": "yes"}, "/make_current"),
    ],
)
async def test_a_wrong_draft_is_refused_with_its_place(world: Composed, change: dict[str, Any], pointer: str) -> None:
    answer = await publish(world, draft() | change)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await world.request("GET", "/api/modules")).json()["items"] == []


FLIGHTS = {"columns": [{"name": "dep_delay", "type": "float"}, {"name": "carrier", "type": "string"}]}


@pytest.mark.parametrize(
    ("change", "pointer", "code", "said"),
    [
        ({"kind": "filter", "where": "dep_dely > 1"}, "/recipe/steps/0/where", "column_unknown", "'dep_delay'"),
        (
            {"kind": "derive", "columns": [{"column": "x", "expression": "ABS(delay)"}]},
            "/recipe/steps/0/columns/0/expression",
            "column_unknown",
            "no column 'delay'",
        ),
        ({"kind": "select", "columns": ["Carrier"]}, "/recipe/steps/0/columns/0", "column_unknown", "'carrier'?"),
        ({"kind": "drop", "columns": ["carier"]}, "/recipe/steps/0/columns/0", "column_unknown", "'carrier'?"),
        ({"kind": "filter", "where": "carrier + 1 > 2"}, "/recipe/steps/0/where", "wrong_type", "CAST"),
        (
            {"kind": "filter", "where": "read_csv('/etc/passwd')"},
            "/recipe/steps/0/where",
            "function_unknown",
            "READ_CSV",
        ),
        ({"kind": "cast", "columns": {"dep_delay": "date"}}, "/recipe/steps/0/columns/dep_delay", "cannot_convert", ""),
        ({"kind": "rename", "columns": {"carrier": "line"}}, "/output_contract/columns/1", "column_missing", "carrier"),
        ({"kind": "cast", "columns": {"dep_delay": "string"}}, "/output_contract/columns/0", "wrong_type", "promised"),
    ],
)
async def test_a_recipe_that_would_not_run_is_refused_before_anything_is_stored(
    world: Composed, change: dict[str, Any], pointer: str, code: str, said: str
) -> None:
    body = draft(recipe={"steps": [change]}, input_contract=FLIGHTS, output_contract=FLIGHTS)
    answer = await publish(world, body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert said in error["message"]
    for table in ("modules", "module_versions", "module_decisions", "outbox", "idempotency"):
        assert await world.sql(f"SELECT 1 FROM module_registry.{table} WHERE tenant = $1", world.tenant) == [], table
    # The key is free again: what is right the second time is taken.
    right = body | {"recipe": {"steps": [{"kind": "filter", "where": "dep_delay > 1"}]}}
    assert (await publish(world, right, headers={"Idempotency-Key": "k"})).status_code == 201


async def test_more_may_come_out_than_was_promised(world: Composed) -> None:
    body = draft(input_contract=FLIGHTS, recipe={"steps": [{"kind": "limit", "rows": 3}]})
    narrow = {"columns": [{"name": "carrier", "type": "string"}]}
    assert (await publish(world, body | {"output_contract": narrow})).status_code == 201


class Trusting(Drafts):
    """Asks nobody."""

    async def judge(self, tenant: UUID, draft: ModuleDraft, *, derive_output: bool = False) -> ModuleDraft:
        return draft


@asynccontextmanager
async def judged_by(world: Composed, kind: type[Drafts], seconds: float) -> AsyncIterator[Composed]:
    """The same registry, whose drafts are judged otherwise."""
    platform = world.platforms["module_registry"]
    drafts = kind(platform.temporal, platform.ids, seconds=seconds)
    async with client_of(world.foundation, library_router(drafts, PLANS, platform.http)) as http:
        yield replace(world, http=http)


async def test_the_guard_is_the_question(world: Composed) -> None:
    wrong = draft(where="dep_dely > 1")
    async with judged_by(world, Trusting, 1) as trusting:
        assert (await publish(trusting, wrong | {"name": "believed"})).status_code == 201
    assert (await publish(world, wrong)).status_code == 422


async def test_nothing_is_stored_while_nobody_can_read_expressions(
    namespace: State, admin_url: str, tmp_path: Path
) -> None:
    async with registry(namespace, admin_url, tmp_path) as world:
        async with judged_by(world, Drafts, 1) as impatient:
            away = await publish(impatient, draft(), headers={"Idempotency-Key": "k"})
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        assert away.json()["code"] == "unavailable"
        assert await world.sql("SELECT 1 FROM module_registry.modules") == []
        async with checking(world):
            again = await publish(world, draft(), headers={"Idempotency-Key": "k"})
            assert (again.status_code, again.json()["version"]) == (201, 1)


async def test_comparing_two_versions(world: Composed) -> None:
    await publish(world, draft())
    await publish(
        world,
        draft(
            recipe={"steps": [{"kind": "filter", "where": "a > 2"}, {"kind": "limit", "rows": 3}]},
            input_contract=columns(a="float", b="date"),
            output_contract=columns(a="float"),
        ),
    )
    found = (await world.request("GET", "/api/modules/clean-flights/compare?left=1&right=2")).json()
    assert [(row["op"], row["changed"]) for row in found["steps"]] == [("changed", ["where"]), ("added", [])]
    assert found["steps"][0]["left"]["where"] == "a > 1"
    assert found["input_contract"]["added"] == ["b"]
    assert found["input_contract"]["retyped"] == [{"column": "a", "left": "integer", "right": "float"}]
    assert found["output_contract"]["retyped"] == found["input_contract"]["retyped"]
    assert found["output_contract"]["same"] is False
    assert (await world.request("GET", "/api/modules/clean-flights/compare?left=1&right=3")).status_code == 404
    assert (await world.request("GET", "/api/modules/clean-flights/compare?left=1")).status_code == 422


async def test_modules_are_found_by_words_and_page_by_page(world: Composed) -> None:
    for name in ("a-module", "b-module", "c-other"):
        await publish(world, draft(name, description="100% right" if name == "c-other" else ""))
    first = (await world.request("GET", "/api/modules?limit=2")).json()
    second = (await world.request("GET", f"/api/modules?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["a-module", "b-module", "c-other"]

    async def search(words: str) -> list[str]:
        found = (await world.request("GET", "/api/modules", params={"q": words})).json()
        return [item["name"] for item in found["items"]]

    assert await search("MODULE") == ["a-module", "b-module"]
    assert await search("100%") == ["c-other"]
    assert await search("%") == ["c-other"]
    assert await search("_") == []


async def test_workspaces_do_not_share_names_or_versions(world: Composed, activities: ModuleRegistryActivities) -> None:
    await publish(world, draft())
    stranger = uuid4()
    for path in ("", "/versions", "/versions/1", "/compare?left=1&right=1", "/decisions"):
        answer = await world.request("GET", f"/api/modules/clean-flights{path}", tenant=stranger)
        unknown = await world.request("GET", f"/api/modules/never-there{path}", tenant=stranger)
        assert (answer.status_code, answer.content) == (404, unknown.content)
        assert (await world.request("GET", f"/api/modules/clean-flights{path}")).status_code == 200
    found = await activities.resolve(ResolveModuleInput(tenant=stranger, module=ModuleUse(name="clean-flights")))
    assert found.problem == "there is no module 'clean-flights'"  # nor is its name suggested
    assert (await publish(world, draft(), tenant=stranger)).status_code == 201
    assert (await world.request("GET", "/api/modules/clean-flights")).json()["latest_version"] == 1


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ANALYST, 403), (Role.OPERATOR, 403), (Role.SERVICE, 403), (Role.DEVELOPER, 201), (Role.ADMIN, 201)],
)
async def test_who_may_publish(world: Composed, role: Role, status: int) -> None:
    assert (await publish(world, draft(), role=role)).status_code == status
