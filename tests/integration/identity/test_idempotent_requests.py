"""Idempotency-Key on a real database: one effect per key, equal answers, whoever dies."""

import asyncio
import random
import secrets
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from contracts.permissions import Permission
from deploy.local.state import State
from services.chassis.http import Work, requires
from services.chassis.idempotency import Janitor
from tests.integration.composed import AnybodysWord, Composed, client_of, composed
from tests.integration.identity.conftest import execute
from tests.integration.identity.running import Installation, installation

TENANT, OTHER = uuid4(), uuid4()


class Slow:
    """A route that makes a row, and waits before it answers when it is told to."""

    def __init__(self, made: Composed) -> None:
        self.go, self.entered = asyncio.Event(), asyncio.Event()
        self.go.set()
        self.status = 201
        routes = made.platforms["identity"].http.router("/api/slow")

        @routes.post("", status_code=201, dependencies=[requires(Permission.SELF)])
        async def create(body: dict[str, int], work: Work) -> dict[str, str]:
            id = uuid4()
            statement = "INSERT INTO workspaces (id, name, created_at) VALUES (:id, 'x', now())"
            await work.connection.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(id)})
            await work.connection.execute(text(statement), {"id": id})
            await work.connection.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(work.tenant)})
            self.entered.set()
            await self.go.wait()
            if body.get("fail"):
                raise RuntimeError("a bug")
            return {"id": str(id)}

        self.routes = routes


@pytest.fixture
async def made(servers: State, admin_url: str, tmp_path: Path) -> AsyncIterator[Composed]:
    async with composed(["identity"], tmp_path, servers, admin_url) as found:
        yield found


@pytest.fixture
def slow(made: Composed) -> Slow:
    return Slow(made)


@pytest.fixture
async def client(made: Composed, slow: Slow) -> AsyncIterator[httpx.AsyncClient]:
    assert isinstance(made.foundation.authenticator, AnybodysWord)
    async with client_of(made.foundation, slow.routes) as found:
        yield found


async def post(client: httpx.AsyncClient, key: str, body: Any = None, tenant: UUID = TENANT) -> httpx.Response:
    headers = {"Authorization": f"Bearer {tenant}/admin", "Idempotency-Key": key}
    return await client.post("/api/slow", json={"a": 1} if body is None else body, headers=headers)


async def workspaces(made: Composed) -> int:
    return len(await made.sql("SELECT 1 FROM identity.workspaces"))


class SameCaller(AnybodysWord):
    """Believes the token, and gives every caller of a workspace the same name."""

    async def authenticate(self, authorization: str | None) -> Any:
        found = await super().authenticate(authorization)
        return type(found)(found.tenant, found.tenant, found.role, found.platform, found.tenant)


@pytest.fixture(autouse=True)
def same_caller(made: Composed) -> None:
    parts = made.platforms["identity"].http.parts
    object.__setattr__(parts, "authenticator", SameCaller())


async def test_the_same_request_again_gets_the_same_answer_and_no_second_effect(
    made: Composed, client: httpx.AsyncClient
) -> None:
    first = await post(client, "k1")
    again = await post(client, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await workspaces(made) == 1
    other = await post(client, "k1", {"a": 2})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await post(client, "k1", tenant=OTHER)
    assert elsewhere.status_code == 201
    assert elsewhere.content != first.content, "another workspace's key is another key"
    assert await workspaces(made) == 2


async def test_a_request_under_way_is_a_conflict_and_nobody_waits(
    made: Composed, client: httpx.AsyncClient, slow: Slow
) -> None:
    slow.go.clear()
    first = asyncio.create_task(post(client, "k2"))
    await asyncio.wait_for(slow.entered.wait(), 10)
    second = await asyncio.wait_for(post(client, "k2"), 5)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert second.headers["retry-after"] == "1"
    slow.go.set()
    answer = await first
    assert (await post(client, "k2")).content == answer.content
    assert await workspaces(made) == 1


async def test_what_failed_is_not_kept_and_may_be_tried_again(
    made: Composed, client: httpx.AsyncClient, slow: Slow
) -> None:
    assert (await post(client, "k3", {"fail": 1})).status_code == 500
    assert await workspaces(made) == 0
    assert (await post(client, "k3", {"a": 1})).status_code == 201
    assert await workspaces(made) == 1


async def test_answers_are_sealed_in_the_database(made: Composed, client: httpx.AsyncClient) -> None:
    answer = await post(client, "k4")
    rows = await made.sql("SELECT body, status FROM identity.idempotency")
    assert [row["status"] for row in rows] == [201]
    assert answer.content not in bytes(rows[0]["body"])
    await made.sql("UPDATE identity.idempotency SET key = 'k5'")
    assert (await post(client, "k5")).status_code == 500, "an answer that was moved to another key does not open"


async def test_answers_are_kept_for_a_day_and_then_forgotten(made: Composed, client: httpx.AsyncClient) -> None:
    janitor = Janitor(made.platforms["identity"].database)
    await post(client, "young")
    await post(client, "old")
    await made.sql("UPDATE identity.idempotency SET created_at = now() - interval '24 hours' WHERE key = 'young'")
    await made.sql("UPDATE identity.idempotency SET created_at = now() - interval '26 hours' WHERE key = 'old'")
    assert await janitor.sweep() == 1
    assert (await post(client, "young")).headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in (await post(client, "old")).headers


async def test_many_at_once_are_one(made: Composed, client: httpx.AsyncClient) -> None:
    async def insist(key: str) -> bytes:
        async with asyncio.timeout(60):
            while True:
                answer = await post(client, key)
                if answer.status_code == 201:
                    return answer.content
                assert answer.status_code in (409, 503), answer.text
                await asyncio.sleep(0.05)

    keys = [f"many-{number}" for number in range(10)]
    answers = await asyncio.gather(*(insist(key) for key in keys for _ in range(10)))
    assert len(set(answers)) == len(keys)
    assert await workspaces(made) == len(keys)


async def test_without_the_lock_there_would_be_two(made: Composed, client: httpx.AsyncClient) -> None:
    """The guard seen red: an idempotency that forgets what it stored lets the effect happen again."""
    parts = made.platforms["identity"].http.parts

    class Forgetful(type(parts.idempotency)):  # type: ignore[misc]
        async def claim(self, *args: Any) -> None:
            return None

        async def keep(self, *args: Any) -> None:
            return None

    object.__setattr__(parts, "idempotency", Forgetful("identity", made.foundation.sealer))
    answers = [await post(client, "k6") for _ in range(2)]
    assert answers[0].content != answers[1].content
    assert await workspaces(made) == 2


def create_key(place: Installation, key: str, name: str) -> bytes | None:
    """Ask once; None when there was no answer or not yet one."""
    try:
        with place.client(place.admin["api_key"]) as client:
            answer = client.post("/api/keys", json={"name": name, "role": "analyst"}, headers={"Idempotency-Key": key})
    except httpx.HTTPError:
        return None
    assert answer.status_code in (201, 409, 503), answer.text
    return answer.content if answer.status_code == 201 else None


def test_one_effect_per_key_whenever_the_process_dies(servers: State, admin_url: str, tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with installation(tmp_path, servers, admin_url) as place:
        child = place.start("identity", "--only", "api,relay")
        place.set_up()
        names = {f"torture-{number}": number for number in range(40)}
        answers: dict[str, set[bytes]] = {name: set() for name in names}

        def insist(name: str) -> None:
            deadline = time.monotonic() + 90
            while len(answers[name]) == 0 or dice.random() < 0.5:
                assert time.monotonic() < deadline
                found = create_key(place, name, name)
                if found is not None:
                    answers[name].add(found)
                else:
                    threading.Event().wait(0.05)

        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(insist, name) for name in names]
            for _ in range(3):
                threading.Event().wait(0.3 + dice.random())
                child.kill()
                child = place.start("identity", "--only", "api,relay")
            for job in jobs:
                job.result()
        assert {name: len(found) for name, found in answers.items()} == dict.fromkeys(names, 1)
        statement = "SELECT name, count(*) AS n FROM identity.api_keys WHERE name LIKE 'torture-%' GROUP BY name"
        rows = asyncio.run(execute(admin_url, statement))
        assert {row["name"]: row["n"] for row in rows} == dict.fromkeys(names, 1)
