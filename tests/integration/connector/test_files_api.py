"""Files, discovery and previews over HTTP: streamed, bounded, and only ever inside the bucket."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from contracts.permissions import Role
from tests.customers import Customer
from tests.integration.composed import Composed

pytestmark = pytest.mark.asyncio(loop_scope="module")

BYTES = {"Content-Type": "application/octet-stream"}


async def test_a_file_is_put_listed_and_previewed(connected: Composed, customer: Customer) -> None:
    path = f"/api/connections/landing/files/{customer.prefix}/in/a%20b%2Bc%C3%A9.csv"
    body = b"id,name,at\n1,x,2024-01-01T10:00:00Z\n2,,\n"
    put = await connected.request("PUT", path, content=body, headers=BYTES)
    assert put.status_code == 201, put.text
    assert put.json()["key"] == f"{customer.prefix}/in/a b+cé.csv"
    assert put.json()["etag"] == hashlib.md5(body).hexdigest()  # noqa: S324
    listed = await connected.request("GET", f"/api/connections/landing/files?prefix={customer.prefix}/")
    assert [(item["key"], item["size"]) for item in listed.json()["items"]] == [(put.json()["key"], len(body))]
    asked = {"selection": {"path": f"{customer.prefix}/in/*.csv"}, "limit": 1}
    preview = await connected.request("POST", "/api/connections/landing:preview", json=asked)
    assert preview.status_code == 200, preview.text
    found = preview.json()
    assert [(c["name"], c["type"]) for c in found["schema"]["columns"]] == [
        ("id", "integer"),
        ("name", "string"),
        ("at", "timestamp_tz"),
    ]
    assert found["rows"] == [{"id": 1, "name": "x", "at": "2024-01-01T10:00:00+00:00"}]
    assert found["facts"]["delimiter"] == ","
    assert found["whole"] is False


async def test_a_large_file_is_streamed_in_parts(connected: Composed, customer: Customer) -> None:
    line = b"x" * 1023 + b"\n"

    async def body() -> AsyncIterator[bytes]:
        for _ in range(20 * 1024):
            yield line

    path = f"/api/connections/landing/files/{customer.prefix}/large.csv"
    put = await connected.request("PUT", path, content=body(), headers=BYTES)
    assert put.status_code == 201, put.text
    assert put.json()["size"] == 20 << 20
    stored = customer.s3.get_object(Bucket=customer.bucket, Key=f"{customer.prefix}/large.csv")["Body"].read()
    assert stored == line * (20 * 1024)
    # A preview looks at the beginning only.
    asked = {"selection": {"path": f"{customer.prefix}/large.csv"}, "limit": 2}
    preview = await connected.request("POST", "/api/connections/landing:preview", json=asked)
    assert preview.status_code == 200, preview.text
    assert len(preview.json()["rows"]) == 2


async def test_an_upload_that_breaks_off_leaves_nothing(connected: Composed, customer: Customer) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (9 << 20)
        raise ClientDisconnect

    path = f"/api/connections/landing/files/{customer.prefix}/broken.csv"
    assert (await connected.request("PUT", path, content=body(), headers=BYTES)).status_code >= 400
    listed = customer.s3.list_objects_v2(Bucket=customer.bucket, Prefix=customer.prefix)
    assert listed["KeyCount"] == 0
    uploads = customer.s3.list_multipart_uploads(Bucket=customer.bucket).get("Uploads", [])
    assert [item["Key"] for item in uploads if item["Key"].startswith(customer.prefix)] == []


@pytest.mark.parametrize("key", ["a/../../b.csv", "a%5Cb.csv", "%2Fa.csv", "folder/", "a%0Ab.csv", "x" * 1100])
async def test_keys_that_are_no_file_names_are_refused(connected: Composed, key: str) -> None:
    put = await connected.request("PUT", f"/api/connections/landing/files/{key}", content=b"x", headers=BYTES)
    assert put.status_code in (404, 422), put.text


async def test_what_may_not_be_uploaded(connected: Composed, customer: Customer) -> None:
    path = f"/api/connections/landing/files/{customer.prefix}/a.csv"
    document = await connected.request("PUT", path, json={"files": {"path": "/etc/passwd"}})
    assert document.status_code == 415
    analyst = await connected.request("PUT", path, content=b"x", headers=BYTES, role=Role.ANALYST)
    assert analyst.status_code == 403
    assert (await connected.request("GET", "/api/connections/landing/files", role=Role.SERVICE)).status_code == 403
    table = await connected.request("PUT", "/api/connections/warehouse/files/a.csv", content=b"x", headers=BYTES)
    assert table.status_code == 404
    assert (await connected.request("GET", "/api/connections/nowhere/files")).status_code == 404


async def test_files_come_in_pages(connected: Composed, customer: Customer) -> None:
    for number in range(5):
        customer.put(f"in/{number}.csv", "x")
    path, keys = f"/api/connections/landing/files?prefix={customer.prefix}&limit=2", []
    cursor: str | None = ""
    while cursor is not None:
        page = (await connected.request("GET", path + (f"&cursor={cursor}" if cursor else ""))).json()
        assert len(page["items"]) <= 2
        keys += [item["key"].rpartition("/")[2] for item in page["items"]]
        cursor = page["next_cursor"]
    assert keys == [f"{number}.csv" for number in range(5)]


async def test_tables_are_discovered_with_types_and_keys_and_previewed(connected: Composed, customer: Customer) -> None:
    with customer.warehouse() as session:
        session.execute(
            "CREATE TABLE shop (id bigint PRIMARY KEY, price numeric(10,2), raw bytea, at timestamptz, tags text[],"
            " code text UNIQUE, ratio float8, big bigint)"
        )
        session.execute(
            "INSERT INTO shop VALUES (1, 9.99, '\\x00ff', '2024-01-01', '{a,b}', 'x', 'NaN', 9007199254740993)"
        )
    asked = {"prefix": f"{customer.schema}."}
    found = (await connected.request("POST", "/api/connections/warehouse:discover", json=asked)).json()
    stream = found["streams"][0]
    assert stream["name"] == f"{customer.schema}.shop"
    assert stream["keys"] == [["id"], ["code"]]
    assert [(c["name"], c["type"], c["declared"]) for c in stream["schema"]["columns"]][:3] == [
        ("id", "integer", "bigint"),
        ("price", "decimal", "numeric(10,2)"),
        ("raw", "binary", "bytea"),
    ]
    body = {"selection": stream["selection"]}
    preview = await connected.request("POST", "/api/connections/warehouse:preview", json=body)
    assert preview.status_code == 200, preview.text
    row: dict[str, Any] = preview.json()["rows"][0]
    assert row == {
        "id": 1,
        "price": "9.99",
        "raw": "AP8=",
        "at": "2024-01-01T00:00:00+00:00",
        "tags": "{a,b}",
        "code": "x",
        "ratio": "nan",
        "big": "9007199254740993",
    }


async def test_files_are_discovered(connected: Composed, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    customer.put("in/_SUCCESS", "x")
    asked = {"prefix": customer.prefix, "limit": 10}
    found = (await connected.request("POST", "/api/connections/landing:discover", json=asked)).json()
    assert [stream["selection"] for stream in found["streams"]] == [{"path": f"{customer.prefix}/in/a.csv"}]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_found"),
        (b"\n", "empty"),
        (b'a,b\n1,"x\n', "unterminated_quote"),
        (b"a,b\n1", "truncated"),
        (b"\x00\x01\x02\x03", "binary"),
    ],
)
async def test_a_file_that_cannot_be_previewed_says_why(
    connected: Composed, customer: Customer, data: bytes, code: str
) -> None:
    customer.put("in/a.csv", data)
    asked = {"selection": {"path": f"{customer.prefix}/in/a.csv"}}
    answer = await connected.request("POST", "/api/connections/landing:preview", json=asked)
    assert answer.status_code in (409, 422), answer.text
    assert code in json.dumps(answer.json())


async def test_a_preview_points_at_a_wrong_selection(connected: Composed) -> None:
    wrong = {"selection": {"path": "a", "bucket": "other-bucket"}}
    answer = await connected.request("POST", "/api/connections/landing:preview", json=wrong)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/selection/bucket"]
    answer = await connected.request("POST", "/api/connections/landing:preview", json={"selection": {"pth": "a"}})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/selection/path", "/selection/pth"}
