"""Versions that adapt another one: published once, shown with where they come from, current only in its place."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from contracts.adaptation import THE_PLATFORM
from contracts.commands.module_registry import AdaptationOrigin, PublishModuleInput
from contracts.workflow import ModuleDraft, ModuleVersionRef
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.plans import Plans
from services.module_registry.service import publishing
from tests.integration.composed import Composed
from tests.integration.module_registry.registry_world import columns, draft
from tests.integration.module_registry.test_library import publish

pytestmark = pytest.mark.asyncio(loop_scope="module")
REPORT, PROOF, RUN = UUID(int=3), UUID(int=4), UUID(int=5)


async def adapt(world: Composed, base: dict[str, Any], where: str) -> ModuleVersionRef:
    """Publish a version that adapts another, as a run asks for it."""
    activities = ModuleRegistryActivities(
        world.platforms["module_registry"].database, Plans({"standard": None}, "standard")
    )
    named = ModuleVersionRef(**{name: base[name] for name in ("module_id", "name", "version", "content_hash")})
    origin = AdaptationOrigin(base=named, report_id=REPORT, proof_id=PROOF, run_id=RUN)
    body = ModuleDraft.model_validate(draft(where=where))
    asked = PublishModuleInput(tenant=world.tenant, draft=body, published_by=THE_PLATFORM, adapts=origin)
    answers = await asyncio.gather(*(activities.publish(asked) for _ in range(3)))
    assert len(set(answers)) == 1
    return answers[0]


async def test_an_adapted_version_says_where_it_comes_from_and_takes_the_place_of_its_base(world: Composed) -> None:
    base = (await publish(world, where="a > 1")).json()
    made = await adapt(world, base, "a > 2")
    assert made.version == 2
    path = "/api/modules/clean-flights"
    assert (await world.request("GET", path)).json()["current_version"] == 2
    shown = (await world.request("GET", f"{path}/versions/2")).json()
    origin = {"base": base_ref(base), "report_id": str(REPORT), "proof_id": str(PROOF), "run_id": str(RUN)}
    assert (shown["adapts"], shown["published_by"]) == (origin, str(THE_PLATFORM))
    listed = (await world.request("GET", f"{path}/versions")).json()["items"]
    assert [one["adapts"] for one in listed] == [origin, None]
    (decision, _) = (await world.request("GET", f"{path}/decisions")).json()["items"]
    assert decision["reason"] == f"adapted from version 1 to what run {RUN} read"
    told = [body for name, body in await world.published("module_registry") if name == "module.version_published.v1"]
    assert [body["version"] for body in told] == [1, 2]
    assert [column["name"] for column in told[1]["input_contract"]["columns"]] == ["a"]
    assert [column["name"] for column in told[1]["output_contract"]["columns"]] == ["a"]
    # Going back is what a person decided: publishing the same again does not undo that.
    done = await world.request("POST", f"{path}:rollback", json={"reason": "it is wrong"})
    assert (done.json()["withdrawn"], done.json()["current"]) == (2, 1)
    assert (await adapt(world, base, "a > 2")).version == 2
    assert (await world.request("GET", path)).json()["current_version"] == 1


async def test_where_another_version_is_current_by_now_that_stays(world: Composed) -> None:
    base = (await publish(world, where="a > 1")).json()
    await publish(world, where="a > 2")
    assert (await adapt(world, base, "a > 3")).version == 3
    assert (await world.request("GET", "/api/modules/clean-flights")).json()["current_version"] == 2


async def test_a_contract_too_large_for_a_message_is_left_out_of_it(world: Composed) -> None:
    wide = ModuleDraft.model_validate(
        draft(input_contract=columns(a="integer", **{f"{number:05}" + "x" * 50: "string" for number in range(2_000)}))
    )
    assert publishing.sendable(wide.input_contract) is None
    assert publishing.sendable(wide.output_contract) == wide.output_contract


def base_ref(base: dict[str, Any]) -> dict[str, Any]:
    return {name: base[name] for name in ("module_id", "name", "version", "content_hash")}
