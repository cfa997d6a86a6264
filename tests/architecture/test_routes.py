"""Who may call what: the table, the code, the description and the answers must say the same."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from fastapi import APIRouter

from contracts.permissions import Permission, Role
from services.chassis.application import internal_app, public_app, routes_of
from services.chassis.http import requires
from services.chassis.ids import SystemIds
from services.chassis.readiness import Readiness
from services.chassis.route_rules import Public, Requires, RouteRules, RouteUndeclared
from tests.architecture.everything import PLATFORM, everything

TABLE = yaml.safe_load((Path(__file__).parent / "role_matrix.yaml").read_text("utf-8"))
ROLES = [*(role.value for role in Role), PLATFORM]
PROBES = {"GET /healthz", "GET /readyz", "GET /startupz"}


def declared(app: Any) -> dict[str, RouteRules | None]:
    """Every route of an application as "METHOD path", with its rules."""
    return {
        f"{method} {context.path}": getattr(context.original_route, "rules", None)
        for context in routes_of(app)
        for method in context.methods
        if method != "HEAD"
    }


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return everything(tmp_path_factory.mktemp("everything"))


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


def address(path: str) -> str:
    """A path with something in the place of its parameters."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: str(UUID(int=1)) if "id" in found[1] else "1", path)


def may(row: dict[str, Any], role: str) -> bool:
    """What the table says. Whoever operates the installation is an analyst here."""
    return role in row["roles"] or (role == PLATFORM and Role.ANALYST.value in row["roles"])


def test_the_table_and_the_code_name_the_same_routes(app: Any) -> None:
    found = declared(app)
    missing = set(found) - PROBES - set(TABLE["routes"]) - set(TABLE["public"])
    assert missing == set(), "decide who may call these, in tests/architecture/role_matrix.yaml"
    gone = (set(TABLE["routes"]) | set(TABLE["public"])) - set(found)
    assert gone == set(), "these are in the table and nowhere else"
    for route, rules in found.items():
        if route in PROBES:
            assert rules is None
        elif route in TABLE["public"]:
            assert rules is not None
            assert isinstance(rules.access, Public), f"{route} is not public in the code"
            assert rules.access.why == TABLE["public"][route]
        else:
            assert rules is not None
            assert isinstance(rules.access, Requires), f"{route} is public in the code"
            assert rules.access.permission == TABLE["routes"][route]["permission"], route


async def test_the_description_names_the_same_routes(app: Any) -> None:
    transport = httpx.ASGITransport(internal_app(app, Readiness({})))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as internal:
        document = (await internal.get("/openapi.json")).json()
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    hidden = {re.sub(r":path\}", "}", route) for route in declared(app)} - PROBES - set(described)
    assert hidden == set(), "a route that the description hides is seen here all the same"
    for route, row in TABLE["routes"].items():
        operation = described[re.sub(r":path\}", "}", route)]
        assert operation["x-permission"] == row["permission"]
        assert operation["security"] == [{"bearer": []}]
    for route in TABLE["public"]:
        assert described[route]["security"] == []


@pytest.mark.parametrize("credential", [None, "Bearer ", "Bearer nobody", "Basic YWRtaW46YWRtaW4=", "admin"])
async def test_nobody_gets_in_without_a_name(client: httpx.AsyncClient, credential: str | None) -> None:
    headers = {} if credential is None else {"Authorization": credential}
    let_in = {}
    for route in TABLE["routes"]:
        method, path = route.split(" ")
        status = (await client.request(method, address(path), headers=headers)).status_code
        if status != 401:
            let_in[route] = status
    assert let_in == {}


@pytest.mark.parametrize("role", ROLES)
async def test_every_role_may_what_the_table_says_and_nothing_else(client: httpx.AsyncClient, role: str) -> None:
    wrong = {}
    for route, row in TABLE["routes"].items():
        method, path = route.split(" ")
        # A body that no route takes: whoever may enter is stopped there, before anything happens.
        answer = await client.request(
            method, address(path), headers={"Authorization": f"Bearer {role}"}, content=b"[", params={"none": "such"}
        )
        if (answer.status_code != 403) != may(row, role) or answer.status_code == 401:
            wrong[route] = answer.status_code
        if answer.status_code == 403:
            assert row["permission"] in answer.json()["detail"]
    assert wrong == {}


def test_the_walls_are_seen_red(app: Any) -> None:
    """A route that is not in the table, one without a permission, one that goes past the edge: each is noticed."""
    assert "POST /api/decoy" not in TABLE["routes"] | TABLE["public"]
    decoy = APIRouter()
    decoy.add_api_route("/api/decoy", lambda: None, methods=["POST"], dependencies=[requires(Permission.SELF)])
    with pytest.raises(RouteUndeclared, match="/api/decoy"):
        public_app([decoy], Readiness({}), SystemIds(), https=False)
    routes = [context for context in routes_of(app) if context.path == "/api/me"]
    http = type(routes[0].original_route)
    with pytest.raises(RouteUndeclared, match="declares 0 accesses"):
        http("/api/decoy", lambda: None, methods=["POST"])
    declared_decoy = http("/api/decoy", lambda: None, methods=["POST"], dependencies=[requires(Permission.SELF)])
    with_decoy = APIRouter(routes=[declared_decoy])
    found = declared(public_app([with_decoy], Readiness({}), SystemIds(), https=False))
    assert set(found) - PROBES - set(TABLE["routes"]) == {"POST /api/decoy"}
