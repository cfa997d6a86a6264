"""Rolling a module back: which version is current again, what is refused, and what is told of it."""

from uuid import uuid4

import pytest

from contracts.permissions import Role
from contracts.workflow import ModuleUse
from tests.integration.composed import Composed
from tests.integration.module_registry.test_library import applied, hear, publish

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = {"reason": "it drops too much"}


async def test_the_last_earlier_version_that_was_current_is_it_again(world: Composed) -> None:
    await publish(world, where="a > 1")
    await publish(world, where="a > 2", make_current=False)
    await publish(world, where="a > 3")
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights", version=3), name="by-number"))
    await hear(world, applied(uuid4(), ModuleUse(name="clean-flights"), name="by-current"))
    path = "/api/modules/clean-flights:rollback"
    assert (await world.request("POST", path, json=WHY, role=Role.OPERATOR)).status_code == 403
    done = await world.request("POST", path, json=WHY)
    assert done.json() == {"name": "clean-flights", "withdrawn": 3, "current": 1, "workflows": ["by-number"]}
    again = await world.request("POST", path, json=WHY)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_earlier")
    later = await world.request("POST", path, json=WHY | {"version": 3})
    assert (later.status_code, later.json()["code"]) == (409, "not_earlier")
    told = [body for name, body in await world.published("module_registry") if name == "module.rolled_back.v1"]
    assert [(body["withdrawn"], body["current"], body["reason"]) for body in told] == [(3, 1, WHY["reason"])]
    decisions = (await world.request("GET", "/api/modules/clean-flights/decisions")).json()["items"]
    assert [(one["before"], one["after"]) for one in decisions] == [(3, 1), (1, 3), (None, 1)]


async def test_a_version_that_was_never_current_is_gone_back_to_by_its_number(world: Composed) -> None:
    await publish(world, where="a > 1")
    await publish(world, where="a > 2", make_current=False)
    await publish(world, where="a > 3")
    done = await world.request("POST", "/api/modules/clean-flights:rollback", json=WHY | {"version": 2})
    assert (done.json()["withdrawn"], done.json()["current"]) == (3, 2)
    assert (await world.request("POST", "/api/modules/nobody:rollback", json=WHY)).status_code == 404
