"""Files sent as forms: kept as they came, once for a key, seen by their own workspace, read like any other."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from starlette.requests import ClientDisconnect
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from contracts.commands.command import RunScope
from contracts.commands.connector import DescribeConnectionInput, PullInput, PullResult
from contracts.permissions import Role
from contracts.workflow import SourceDefinition
from deploy.local.state import State
from services.chassis.storage import Storage
from tests.integration.composed import Composed, composed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = "id;name\n1;Käse\n2;\n".encode()


def form(content: bytes, name: str = "days/März.csv") -> dict[str, Any]:
    return {"files": {"file": (name, content, "text/csv")}}


async def sent(world: Composed, content: bytes = CSV, **more: Any) -> Any:
    return await world.request("POST", "/api/uploads", **form(content), **more)


async def activity(world: Composed, name: str, given: Any) -> Any:
    found = {one.__name__: one for one in world.services["connector"].activities}
    return await ActivityEnvironment().run(found[name], given)


def looked(world: Composed, upload: Any, **selection: Any) -> PullInput:
    session = uuid4()
    scope = RunScope(tenant=world.tenant, run_id=session, workflow_id=session, workflow="session")
    source = SourceDefinition(connection=upload["connection"], selection={**upload["selection"], **selection})
    return PullInput(scope=scope, source=source, stream="main", claim=False)


def rows(world: Composed, result: PullResult) -> list[dict[str, Any]]:
    storage: Storage = world.platforms["connector"].storage
    return [row for batch in storage.batches(result.groups[0].dataset) for row in batch.to_pylist()]


async def test_a_file_is_sent_seen_and_read(world: Composed) -> None:
    answer = await sent(world)
    assert answer.status_code == 201, answer.text
    upload = answer.json()
    assert (upload["name"], upload["size"], upload["sha256"]) == ("März.csv", len(CSV), hashlib.sha256(CSV).hexdigest())
    assert answer.headers["location"] == f"/api/uploads/{upload['id']}"
    assert (await world.request("GET", f"/api/uploads/{upload['id']}")).json() == upload
    second = (await sent(world)).json()
    listed = (await world.request("GET", "/api/uploads")).json()
    assert [one["id"] for one in listed["items"]] == [second["id"], upload["id"]]

    asked = {"selection": upload["selection"], "limit": 5}
    preview = await world.request("POST", "/api/connections/uploads:preview", json=asked)
    assert preview.status_code == 200, preview.text
    assert preview.json()["rows"] == [{"id": 1, "name": "Käse"}, {"id": 2, "name": None}]
    assert preview.json()["facts"]["delimiter"] == ";"

    pulled = await activity(world, "pull", looked(world, upload))
    assert rows(world, pulled) == preview.json()["rows"]
    assert [item.key for item in pulled.groups[0].objects] == ["März.csv"]
    assert (pulled.window_id, pulled.rows_read) == (None, 2)
    corrected = await activity(world, "pull", looked(world, upload, format={"kind": "csv", "delimiter": ","}))
    assert [column.name for column in corrected.groups[0].dataset.table_schema.columns] == ["id;name"]


async def test_parquet_is_read_as_well(world: Composed, tmp_path: Path) -> None:
    table = pl.DataFrame({"id": [1, 2], "name": ["a", None]})
    table.write_parquet(tmp_path / "two.parquet")
    content = (tmp_path / "two.parquet").read_bytes()
    upload = (await world.request("POST", "/api/uploads", **form(content, "two.parquet"))).json()
    pulled = await activity(world, "pull", looked(world, upload))
    assert rows(world, pulled) == table.to_dicts()


async def test_the_same_key_keeps_one_file_and_another_body_is_refused(world: Composed) -> None:
    large = CSV + b"3;x\n" * 600_000
    headers = {"Idempotency-Key": "upload-1"}
    # The same bytes on the wire: a client that tries again sends the same border.
    border = {"Content-Type": "multipart/form-data; boundary=edge", **headers}

    def body(content: bytes) -> bytes:
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        return head + content + b"\r\n--edge--\r\n"

    first = await world.request("POST", "/api/uploads", content=body(large), headers=border)
    assert first.status_code == 201, first.text
    again = await world.request("POST", "/api/uploads", content=body(large), headers=border)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await world.request("POST", "/api/uploads", content=body(large[:-1] + b" "), headers=border)
    assert other.status_code == 422, other.text
    assert len((await world.request("GET", "/api/uploads")).json()["items"]) == 1


async def test_a_file_that_breaks_off_leaves_nothing(world: Composed) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + b"x" * (3 << 20)
        raise ClientDisconnect

    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    broken = await world.request("POST", "/api/uploads", content=body(), headers=headers)
    assert broken.status_code >= 400
    assert (await world.request("GET", "/api/uploads")).json()["items"] == []
    text = await world.request("POST", "/api/uploads", content=b"{}", headers={"Content-Type": "application/json"})
    assert text.status_code == 415


@pytest.fixture
def one_megabyte() -> Iterator[None]:
    """The service is composed to take no more."""
    os.environ["CONNECTOR_UPLOAD_LIMIT_BYTES"] = str(1 << 20)
    yield
    del os.environ["CONNECTOR_UPLOAD_LIMIT_BYTES"]


async def test_a_file_has_at_most_the_configured_size(
    one_megabyte: None, servers: State, module_database: str, tmp_path: Path
) -> None:
    async with composed(["connector"], tmp_path, servers, module_database) as small:
        assert (await sent(small, b"a\n" * (1 << 19))).status_code == 201
        for size in ((1 << 20) + 1, 3 << 20):
            refused = await sent(small, b"x" * size)
            assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
        assert len((await small.request("GET", "/api/uploads")).json()["items"]) == 1


async def test_a_file_is_its_workspaces_own(world: Composed) -> None:
    upload = (await sent(world)).json()
    path = f"/api/uploads/{upload['id']}"
    foreign = await world.request("GET", path, tenant=uuid4())
    missing = await world.request("GET", f"/api/uploads/{uuid4()}")
    assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert (await world.request("GET", "/api/uploads", tenant=uuid4())).json()["items"] == []
    asked = {"selection": upload["selection"]}
    other = await world.request("POST", "/api/connections/uploads:preview", json=asked, tenant=uuid4())
    assert other.status_code == 422, other.text
    given = looked(world, upload)
    stolen = given.model_copy(update={"scope": given.scope.model_copy(update={"tenant": uuid4()})})
    with pytest.raises(ApplicationError) as refused:
        await activity(world, "pull", stolen)
    assert refused.value.type == "not_found"
    assert (await sent(world, role=Role.OPERATOR)).status_code == 403
    assert (await sent(world, role=Role.ANALYST)).status_code == 201


async def test_the_connection_is_there_by_itself_and_for_sessions_alone(world: Composed) -> None:
    body = {"name": "uploads", "kind": "s3", "settings": {"bucket": "abc"}, "secrets": {}}
    for kind, status in (("s3", 422), ("upload", 422)):
        assert (await world.request("POST", "/api/connections", json=body | {"kind": kind})).status_code == status
    secrets = {"access_key_id": "a", "secret_access_key": "b"}
    taken = await world.request("POST", "/api/connections", json=body | {"secrets": secrets})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    kinds = (await world.request("GET", "/api/connectors")).json()["items"]
    assert [one["kind"] for one in kinds if one["built_in"]] == ["upload"]
    asked = DescribeConnectionInput(tenant=world.tenant, name="uploads", role="source", selection={})
    assert (await activity(world, "describe", asked)).problems[0].code == "role_unsupported"


async def test_bytes_that_are_not_those_that_came_are_no_data(world: Composed) -> None:
    upload = (await sent(world)).json()
    folder = Path(world.foundation.settings.storage.removeprefix("file://"))
    (folder / f"tenants/{world.tenant}/blobs/{upload['sha256']}").write_bytes(CSV + b"3;c\n")
    with pytest.raises(ApplicationError) as refused:
        await activity(world, "pull", looked(world, upload))
    assert refused.value.type == "dataset_corrupt"
