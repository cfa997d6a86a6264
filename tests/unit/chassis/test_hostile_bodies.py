"""No document, and no bytes at all, make a route fail by itself."""

import asyncio
import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from tests.unit.chassis.edge_app import Transactions, app_of, service_http, things

HEADERS = {"Authorization": "Bearer admin", "Content-Type": "application/json"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def app() -> ASGIApp:
    return app_of(things(service_http(Transactions())))


def status_of(app: ASGIApp, body: bytes) -> int:
    async def send() -> int:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=HEADERS) as client:
            return (await client.post("/api/things", content=body)).status_code

    return asyncio.run(send())


@given(value=JSON_VALUES)
@settings(max_examples=100, deadline=None)
def test_no_document_makes_a_5xx(app: ASGIApp, value: object) -> None:
    document = {"name": "a", "port": 1, "extra": value, "tags": value}
    assert status_of(app, json.dumps(document).encode()) in (400, 422)


@given(value=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_bytes_make_a_5xx(app: ASGIApp, value: bytes) -> None:
    assert status_of(app, value) in (400, 422)
