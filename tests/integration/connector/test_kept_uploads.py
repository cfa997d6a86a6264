"""Uploads are listed, removed by people, and forgotten when nobody wants them any more; each of one workspace alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands.command import WindowRequest
from contracts.commands.connector import PullInput, PullResult
from contracts.permissions import Role
from contracts.workflow import SourceDefinition
from services.chassis.storage import Kept, Storage
from services.connector.service.uploads import Uploads
from services.connector.settings import ConnectorSettings
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = b"id,name\n1,a\n"
KEEP = timedelta(days=ConnectorSettings().upload_keep_days)


async def sent(world: Composed, name: str, body: bytes = CSV, **options: Any) -> dict[str, Any]:
    headers = {"Content-Type": "text/csv"}
    answer = await world.request("PUT", f"/api/uploads/{name}", content=body, headers=headers, **options)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(world: Composed, **options: Any) -> list[str]:
    answer = await world.request("GET", "/api/uploads", **options)
    assert answer.status_code == 200, answer.text
    return [item["upload"] for item in answer.json()["items"]]


async def status(world: Composed, method: str, upload: str, **options: Any) -> int:
    return (await world.request(method, f"/api/uploads/{upload}", **options)).status_code


async def readable(world: Composed, upload: str) -> bool:
    asked = {"selection": {"upload": upload}, "limit": 1}
    answer = await world.request("POST", "/api/connections/uploads:preview", json=asked)
    assert answer.status_code in (200, 409), answer.text
    return answer.status_code == 200


async def age(world: Composed, days: int) -> None:
    """As though what is there had been sent so long ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    await world.sql("UPDATE connector.uploads SET used_at = $2 WHERE tenant = $1", world.tenant, at)


async def sweep(world: Composed) -> int:
    platform = world.platforms["connector"]
    return await Uploads(platform.database, platform.storage, 1 << 20, None, KEEP).sweep()


async def test_uploads_are_listed_page_by_page_the_newest_first(world: Composed) -> None:
    made = [(await sent(world, f"{number}.csv", CSV + b"%d,b\n" % number))["upload"] for number in range(5)]
    again = await sent(world, "0.csv", CSV + b"0,b\n")
    assert again["upload"] == made[0]
    found, cursor = [], ""
    while True:
        answer = (await world.request("GET", f"/api/uploads?limit=2{cursor}")).json()
        found += answer["items"]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert [item["upload"] for item in found] == made[::-1]
    assert found[0] == (await world.request("GET", f"/api/uploads/{made[-1]}")).json()
    assert set(found[0]) - set(again) == {"created_by", "created_at", "used_at"}
    for wrong in ("x", "W10", "WyJub3QgYW4gaWQiXQ"):
        assert (await world.request("GET", f"/api/uploads?cursor={wrong}")).status_code == 422


async def test_one_that_was_removed_is_gone_and_can_be_sent_again(world: Composed) -> None:
    upload = (await sent(world, "März 100 %.csv"))["upload"]
    assert await readable(world, upload)
    assert await status(world, "DELETE", upload) == 204
    assert await listed(world) == []
    assert not await readable(world, upload)
    assert [await status(world, method, upload) for method in ("GET", "DELETE")] == [404, 404]
    assert (await sent(world, "März 100 %.csv"))["upload"] == upload
    assert await readable(world, upload)


async def test_content_that_has_another_name_stays(world: Composed) -> None:
    one, other = [(await sent(world, name))["upload"] for name in ("one.csv", "other.csv")]
    assert await status(world, "DELETE", one) == 204
    assert await readable(world, other)
    assert await listed(world) == [other]


async def test_another_workspace_neither_sees_nor_removes_it(world: Composed) -> None:
    upload = (await sent(world, "mine.csv"))["upload"]
    other = uuid4()
    assert await listed(world, tenant=other) == []
    foreign = [await world.request(method, f"/api/uploads/{upload}", tenant=other) for method in ("GET", "DELETE")]
    missing = await world.request("GET", f"/api/uploads/{'0' * 64}/mine.csv")
    assert [(answer.status_code, answer.content) for answer in foreign] == [(404, missing.content)] * 2
    # The very same content in both: each has its own.
    await sent(world, "mine.csv", tenant=other)
    assert await status(world, "DELETE", upload, tenant=other) == 204
    assert await readable(world, upload)


async def test_who_may_only_look_at_sessions_removes_nothing(world: Composed) -> None:
    upload = (await sent(world, "a.csv"))["upload"]
    assert await listed(world, role=Role.OPERATOR) == [upload]
    assert await status(world, "DELETE", upload, role=Role.OPERATOR) == 403
    assert await readable(world, upload)


async def test_what_nobody_wants_any_more_is_forgotten(world: Composed) -> None:
    old = (await sent(world, "old.csv", CSV + b"2,old\n"))["upload"]
    await age(world, KEEP.days + 1)
    young = (await sent(world, "young.csv", CSV + b"3,young\n"))["upload"]
    assert await sweep(world) == 1
    assert await listed(world) == [young]
    assert (await readable(world, old), await readable(world, young)) == (False, True)
    await age(world, KEEP.days - 1)
    assert await sweep(world) == 0


async def test_what_is_sent_or_read_again_is_kept_on(world: Composed, customer: Customer) -> None:
    made = await sent(world, "a.csv")
    await age(world, KEEP.days + 1)
    runner = Runner(world, customer)
    source = SourceDefinition.model_validate(made["source"])
    asked = PullInput(scope=runner.scope(), source=source, stream="main", window=WindowRequest(), claim=False)
    result: PullResult = await runner.activity("connector.pull", asked)
    assert result.rows_read == 1
    assert await sweep(world) == 0
    await age(world, KEEP.days + 1)
    await sent(world, "a.csv")
    assert await sweep(world) == 0
    assert await readable(world, made["upload"])


class Meddled(Storage):
    """A store in which somebody removes what was sent, at the worst of times."""

    meddle: Callable[[], None]
    at: str

    def put_blob(self, tenant: UUID, source: Path | bytes, name: str, kept: Kept = "blob") -> str:
        """As ever, and then somebody comes."""
        address = super().put_blob(tenant, source, name, kept)
        self._come("bytes")
        return address

    def blob_size(self, uri: str, *, tenant: UUID | None = None) -> int | None:
        """As ever, and then somebody comes."""
        size = super().blob_size(uri, tenant=tenant)
        self._come("look")
        return size

    def _come(self, at: str) -> None:
        if at == self.at:
            self.at = ""
            self.meddle()


@pytest.mark.parametrize("at", ["bytes", "look"])
async def test_removed_while_it_is_sent_again_it_is_whole(world: Composed, at: str) -> None:
    """Behind the bytes, when the row is not there yet; and behind the look whether the bytes are there."""
    upload = (await sent(world, "race.csv"))["upload"]
    platform = world.platforms["connector"]
    storage = Meddled(platform.settings)
    loop = asyncio.get_running_loop()

    def remove() -> None:
        asked = asyncio.run_coroutine_threadsafe(status(world, "DELETE", upload), loop)
        with suppress(TimeoutError):
            assert asked.result(1.0) == 204
        removals.append(asked)

    removals: list[Future[int]] = []
    storage.at, storage.meddle = at, remove

    async def body() -> AsyncIterator[bytes]:
        yield CSV

    uploads = Uploads(platform.database, storage, 1 << 20, None, KEEP)
    await uploads.put(world.tenant, uuid4(), "race.csv", body())
    assert await asyncio.wrap_future(removals[0]) == 204
    # Whoever came first was outlived; whoever waited until the file was kept removed all of it.
    assert await listed(world) == ([upload] if at == "bytes" else [])
    assert await readable(world, upload) == (at == "bytes")
