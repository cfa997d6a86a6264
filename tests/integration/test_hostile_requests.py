"""Every route of every service is sent what no friend would send: no answer is a 5xx, no answer repeats a secret."""

import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.permissions import Role
from contracts.topics import SERVICES
from deploy.local.state import State
from services.chassis.application import internal_app, public_app
from services.chassis.openapi import openapi_document
from services.chassis.readiness import Readiness
from tests.integration.composed import Composed, composed

CANARY = f"CANARY{secrets.token_hex(8)}"
DEEP: Any = "x"
for _ in range(70):
    DEEP = [DEEP]

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a number": b"1",
    "an array": b"[]",
    "an empty object": b"{}",
    "not JSON": b"{",
    "NaN": b'{"limit": NaN}',
    "1e999": b'{"limit": 1e999}',
    "a huge number": b'{"limit": ' + b"9" * 300 + b"}",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "\\u0000"}',
    "a duplicate": b'{"name": 1, "name": 2}',
    "deep": json.dumps({"name": DEEP}).encode(),
    "very deep": b'{"a":' * 100_000,
    "others' fields": json.dumps({"tenant": str(uuid4()), "tenant_id": "x", "is_admin": True, "id": "x"}).encode(),
    "secrets": json.dumps({"password": CANARY, "secrets": {"password": CANARY}, "key": CANARY}).encode(),
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "too large": b'{"name": "' + b"x" * 1_100_000 + b'"}',
}
VALUES: list[Any] = [
    *(None, True, -1, 0, 2**63, 2**200, -1.5, 1e308, "", " ", "a", "A B", "../../etc/passwd", "'; DROP TABLE x; --"),
    *("%s{0}", "ä" * 300, "\N{RIGHT-TO-LEFT OVERRIDE}", "\x7f\x01", str(uuid4()), "x" * 70_000, CANARY),
    *([], [None], {}, {"a": {"b": []}}),
]
NAMES = [
    "a",
    "no-such",
    "..",
    "%2e%2e",
    "a%2fb",
    "a%00b",
    "%ff",
    "ä",
    "A",
    "-",
    "0",
    "1e9",
    "99999999999999999999",
    "x" * 300,
]
QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=99999999999999999999",
    "limit=x",
    "limit=",
    "limit=1&limit=2",
    "none=such",
    "&&&=",
    "cursor=x",
    "cursor=WyJ4Il0",
    "cursor=W10",
    "cursor=WzFd",
    "cursor=bnVsbA",
    "cursor=WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ",
    "cursor=%00",
    "cursor=WyIiXQ",
    "cursor=WyJhIiwiYiJd",
    "prefix=%00",
    "prefix=%ff",
    "offset=-1",
    "offset=99999999999999999999",
    "type=%27%3B",
    "state=x",
    "run=x",
    "left=0&right=0",
    "left=-1&right=x",
    "left=99999999999999999999&right=1",
    "workflow=%C3%A4",
    "dry_run=maybe",
]


@pytest.fixture
async def made(servers: State, admin_url: str, tmp_path: Path) -> AsyncIterator[Composed]:
    (tmp_path / "objects").mkdir()
    async with composed(SERVICES, tmp_path, servers, admin_url) as found:
        yield found


def operations(made: Composed) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation: its method, its path, and the schema of its JSON body, if it takes one."""
    routers = [router for service in made.services.values() for router in service.routers]
    edge: Any = public_app(routers, Readiness({}), made.foundation.ids, https=False)
    assert internal_app(edge, Readiness({})) is not None
    document = openapi_document(edge.app)
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            found.append((method.upper(), path, _resolved(schema, document) if schema else {}))
    assert len(found) > 60
    return found


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            return dict(document["components"]["schemas"][option["$ref"].rpartition("/")[2]])
    return schema


def addresses(path: str) -> Iterator[str]:
    """The path with things in it that exist nowhere, or cannot."""
    if "{" not in path:
        yield path
        return
    for name in [*NAMES, str(uuid4()), str(uuid4()).upper()]:
        yield re.sub(r"\{\w+\}", name, path)


def bodies(schema: dict[str, Any]) -> Iterator[bytes]:
    """What the schema asks for, with every field in turn holding something else."""
    yield from BODIES.values()
    fields = list(schema.get("properties", {}))
    for field in fields:
        for value in VALUES:
            good = {other: "a" for other in schema.get("required", []) if other != field}
            yield json.dumps({**good, field: value}).encode()


class Judge:
    """Sends, and keeps what should not have been answered."""

    def __init__(self, made: Composed) -> None:
        self.made = made
        self.asked = 0
        self.wrong: list[str] = []

    async def send(self, method: str, path: str, **options: Any) -> None:
        answer = await self.made.request(method, path, role=Role.ADMIN, **options)
        self.asked += 1
        # Without a Temporal server behind them, those that need one say so.
        fine = answer.status_code < 500 or (answer.status_code == 503 and answer.json()["code"] == "unavailable")
        typed = answer.status_code < 400 or answer.headers["content-type"] == "application/problem+json"
        if not fine or not typed or CANARY in answer.text:
            self.wrong.append(f"{method} {path[:100]} {str(options)[:200]}: {answer.status_code} {answer.text[:200]}")


async def test_no_body_is_too_much_for_a_route(made: Composed) -> None:
    judge = Judge(made)
    for method, path, schema in operations(made):
        if method in ("POST", "PUT", "PATCH"):
            address = re.sub(r"\{(\w+)\}", lambda found: str(uuid4()) if "id" in found[1] else "a-name", path)
            for body in bodies(schema):
                await judge.send(method, address, content=body, headers={"Content-Type": "application/json"})
    assert judge.wrong == []
    assert judge.asked > 1_000


async def test_no_name_is_too_odd_for_a_route(made: Composed) -> None:
    judge = Judge(made)
    for method, path, _ in operations(made):
        for address in addresses(path):
            try:
                await judge.send(method, address)
            except (httpx.InvalidURL, UnicodeError):
                continue
    assert judge.wrong == []


async def test_no_query_is_too_odd_for_a_route(made: Composed) -> None:
    judge = Judge(made)
    for method, path, _ in operations(made):
        if method == "GET":
            address = re.sub(r"\{(\w+)\}", lambda found: str(uuid4()) if "id" in found[1] else "1", path)
            for query in QUERIES:
                await judge.send(method, f"{address}?{query}")
    assert judge.wrong == []


async def test_the_judge_is_seen_red(made: Composed) -> None:
    judge = Judge(made)
    database = made.platforms["identity"].http.parts.database

    class Broken:
        def work(self, tenant: Any) -> Any:
            raise RuntimeError(CANARY)

    parts = made.platforms["identity"].http.parts
    object.__setattr__(parts, "database", Broken())
    await judge.send("GET", "/api/keys")
    object.__setattr__(parts, "database", database)
    await judge.send("GET", "/api/keys")
    assert len(judge.wrong) == 1
    assert "500" in judge.wrong[0]
