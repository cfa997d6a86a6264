"""What every route does with what it is sent: bad input, wrong callers, odd methods, and its own bugs."""

import json
import logging
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from contracts.permissions import Permission
from services.chassis.application import check_routes, public_app
from services.chassis.http import public, raw_body, requires
from services.chassis.ids import SystemIds
from services.chassis.readiness import Readiness
from services.chassis.route_rules import RouteUndeclared
from tests.unit.chassis.edge_app import CANARY, Thing, Transactions, app_of, client_of, get_raw, service_http, things

ADMIN = {"Authorization": "Bearer admin"}
JSON = {"Content-Type": "application/json"}
GOOD = b'{"name": "a", "port": 1}'


@pytest.fixture
def database() -> Transactions:
    return Transactions()


@pytest.fixture
async def client(database: Transactions) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(things(service_http(database)), headers=ADMIN) as found:
        yield found


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json().get("errors", [])]


def is_problem(answer: httpx.Response, status: int, code: str | None = None) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:modulardata:problem:")
    return code is None or document["code"] == code


BAD_BODIES = [
    pytest.param(b'{"name": "\\ud800", "port": 1}', 422, [("/name", "invalid_unicode")], id="lone surrogate"),
    pytest.param(b'{"\\udfff": 1}', 422, [("/\N{REPLACEMENT CHARACTER}", "invalid_unicode")], id="surrogate in a name"),
    pytest.param(b'{"name": "a\\u0000b", "port": 1}', 422, [("/name", "invalid_unicode")], id="NUL"),
    pytest.param(b'{"name": "a", "port": NaN}', 400, [], id="NaN"),
    pytest.param(b'{"name": "a", "port": Infinity}', 400, [], id="Infinity"),
    pytest.param(b'{"name": "a", "port": -Infinity}', 400, [], id="-Infinity"),
    pytest.param(b'{"name": "a", "port": 1, "ratio": 1e999}', 422, [("/ratio", "number_too_large")], id="1e999"),
    pytest.param(b'{"name": "a", "port": 1, "ratio": -1e999}', 422, [("/ratio", "number_too_large")], id="-1e999"),
    pytest.param(b'{"port": 1' + b"0" * 5_000 + b"}", 422, [("", "number_too_long")], id="5,000 digits"),
    pytest.param(b'{"name": "a", "name": "b", "port": 1}', 400, [], id="duplicate name"),
    pytest.param(b'{"name": "a", "port": 1, "id": {"x": 1, "x": 2}}', 400, [], id="duplicate name inside"),
    pytest.param(b'{"name": "a", "port": true}', 422, [("/port", "int_type")], id="true for a number"),
    pytest.param(b'{"name": "a", "port": 1.0}', 422, [("/port", "int_type")], id="1.0 for a whole number"),
    pytest.param(b'{"name": "a", "port": "1"}', 422, [("/port", "int_type")], id="text for a number"),
    pytest.param(b'{"name": 1, "port": 1}', 422, [("/name", "string_type")], id="number for a text"),
    pytest.param(
        b'{"name": "a", "port": 1, "tenant_id": "x"}', 422, [("/tenant_id", "extra_forbidden")], id="tenant_id"
    ),
    pytest.param(b'{"name": "a", "port": 1, "is_admin": true}', 422, [("/is_admin", "extra_forbidden")], id="is_admin"),
    pytest.param(
        b'{"name": "a", "port": 1, "a/~b": 1}', 422, [("/a~1~0b", "extra_forbidden")], id="pointer is escaped"
    ),
    pytest.param(b'{"name": "a", "port": 1, "id": "urn:x"}', 422, [("/id", "uuid_parsing")], id="not a UUID"),
    pytest.param(b"[" * 100_000, 400, [], id="100,000 arrays"),
    pytest.param(b'{"a":' * 200_000, 400, [], id="200,000 objects"),
    pytest.param(b"[" * 65 + b"]" * 65, 400, [], id="65 deep"),
    pytest.param(b"\xff\xfe{\x00}\x00", 400, [], id="UTF-16"),
    pytest.param(b"\xef\xbb\xbf" + GOOD, 400, [], id="byte order mark"),
    pytest.param(b'{"name": "a", "port": 1} x', 400, [], id="something behind"),
    pytest.param(b'{"name": "a"', 400, [], id="cut off"),
    pytest.param(b"", 422, [("", "missing")], id="nothing"),
    pytest.param(b"null", 422, [("", "model_type")], id="null"),
    pytest.param(b"[]", 422, [("", "model_type")], id="an array"),
]


@pytest.mark.parametrize(("body", "status", "errors"), BAD_BODIES)
async def test_a_bad_body_is_refused_at_its_place(
    client: httpx.AsyncClient, database: Transactions, body: bytes, status: int, errors: list[tuple[str, str]]
) -> None:
    begun = time.process_time()
    answer = await client.post("/api/things", content=body, headers=JSON)
    assert time.process_time() - begun < 0.5
    assert is_problem(answer, status)
    assert codes(answer) == errors
    assert database.ends == [], "nothing was begun for a body like that"


async def test_what_was_sent_is_not_sent_back(client: httpx.AsyncClient) -> None:
    bodies = [
        {"password": CANARY},
        {"name": "a", "port": CANARY, "password": CANARY},
        {"name": "a", "port": 1, "id": CANARY},
        {"name": {CANARY: CANARY}, "port": 1},
    ]
    for body in bodies:
        answer = await client.post("/api/things", json=body)
        assert answer.status_code == 422
        assert CANARY not in answer.text
    tagged = {"name": "w", "source": {}, "destination": {}, "triggers": [{"kind": CANARY}]}
    answer = await client.post("/api/things/definitions", json=tagged)
    assert answer.status_code == 422
    assert ("/triggers/0", "union_tag_invalid") in codes(answer)
    assert CANARY not in answer.text
    for query in (f"limit={CANARY}", f"cursor={CANARY}"):
        answer = await client.get(f"/api/things?{query}")
        assert answer.status_code == 422
        assert CANARY not in answer.text


async def test_a_good_body_keeps_json_types(client: httpx.AsyncClient) -> None:
    body = {"name": "ä\n", "port": 1, "ratio": 2, "tags": ["x"], "id": str(uuid4())}
    answer = await client.post("/api/things", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("kind", "encoding", "status"),
    [
        ("text/plain", None, 415),
        ("application/x-www-form-urlencoded", None, 415),
        ("multipart/form-data; boundary=x", None, 415),
        ("", None, 415),
        ("application/json", "gzip", 415),
        ("application/json", "br", 415),
        ("application/json; charset=utf-8", None, 201),
        ("APPLICATION/JSON", "identity", 201),
    ],
)
async def test_content_types(client: httpx.AsyncClient, kind: str, encoding: str | None, status: int) -> None:
    headers = {"Content-Type": kind} | ({"Content-Encoding": encoding} if encoding else {})
    answer = await client.post("/api/things", content=GOOD, headers=headers)
    assert answer.status_code == status


async def test_too_large_bodies_are_refused_with_and_without_a_length(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 100_000
            yield b" " * 100_000

    assert is_problem(await client.post("/api/things", content=b" " * 1_000_001, headers=JSON), 413)
    assert is_problem(await client.post("/api/things", content=endless(), headers=JSON), 413)
    assert sent <= 1_200_000, "it went on reading"
    path = f"/api/things/{uuid4()}/file"
    sent = 0
    assert is_problem(await client.put(path, content=endless(), headers={"Content-Type": "text/csv"}), 413)
    assert sent <= 5_200_000


async def test_uploads_take_their_own_types_and_never_json(client: httpx.AsyncClient) -> None:
    path = f"/api/things/{uuid4()}/file"
    named = {"files": {"f": {"path": "/etc/passwd"}}}
    assert is_problem(await client.put(path, json=named), 415, "media_type_unsupported")
    assert (await client.put(path, content=b"a,b\n", headers={"Content-Type": "text/csv"})).status_code == 204


async def test_a_route_without_a_body_takes_none(client: httpx.AsyncClient) -> None:
    path = f"/api/things/{uuid4()}:poke"
    assert (await client.post(path)).status_code == 204
    assert (await client.post(path, json={})).status_code == 204
    assert codes(await client.post(path, json={"role": "admin"})) == [("", "extra_forbidden")]


ID = "40be213e-4823-4b69-891f-aa76fdf95674"


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/api/things/",
        "/api//things",
        "//api/things",
        "/api/./things",
        "/api/things/%2e%2e",
        "/api/things/..%2fthings",
        "/api/things/..;/things",
        "/api/things/.;/things",
        "/api/things/%5c..%5cthings",
        "/api/things/%00",
        "/api/things/0",
        f"/api/things/{ID.upper()}",
        f"/api/things/urn:uuid:{ID}",
        f"/api/things/{{{ID}}}",
        f"/api/things/{ID.replace('-', '')}",
        f"/api/things/%20{ID}",
        "/api/things/" + "a" * 10_000,
    ],
)
async def test_unknown_paths_and_odd_spellings_are_one_and_the_same_404(database: Transactions, path: str) -> None:
    app = app_of(things(service_http(database)))
    assert (await get_raw(app, f"/api/things/{ID}", ADMIN))[0] == 200
    unknown = await get_raw(app, "/api/none", ADMIN)
    assert unknown[0] == 404
    assert await get_raw(app, path, ADMIN) == unknown


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "HEAD", "DELETE", "CONNECT", "PROPFIND", "GE T"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/api/things")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


async def test_headers_that_pretend_change_nothing(client: httpx.AsyncClient) -> None:
    headers = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Tenant-Id": "other",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "evil",
        "Origin": "https://evil.example",
        "Host": "evil.example",
    }
    answer = await client.post("/api/things", content=GOOD, headers=headers | JSON)
    assert answer.status_code == 201
    assert "work of 01a1fd5b-f32e-7d1e-89da-6aab8f22e629" in answer.text
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limit=0", [("/query/limit", "greater_than_equal")]),
        ("limit=501", [("/query/limit", "less_than_equal")]),
        ("limit=x", [("/query/limit", "int_parsing")]),
        ("limit=1&limit=2", [("/query/limit", "repeated")]),
        ("limt=1", [("/query/limt", "extra_forbidden")]),
        ("cursor=%00", [("/query/cursor", "invalid_unicode")]),
        ("cursor=nope", [("/query/cursor", "cursor_invalid")]),
        ("cursor=" + "a" * 3_000, [("/query/cursor", "string_too_long")]),
    ],
)
async def test_bad_queries(client: httpx.AsyncClient, query: str, errors: list[tuple[str, str]]) -> None:
    answer = await client.get(f"/api/things?{query}")
    assert is_problem(answer, 422)
    assert codes(answer) == errors


async def test_pages_follow_each_other_to_the_end(client: httpx.AsyncClient) -> None:
    seen, cursor = [], ""
    for _ in range(10):
        page = (await client.get(f"/api/things?limit=3&tag=a&tag=b{cursor}")).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [1, 2, 3, 4, 5, 6, 7]


async def test_callers_without_a_name_and_without_the_right(database: Transactions) -> None:
    async with client_of(things(service_http(database))) as client:
        for authorization in (None, "", "Bearer", "Bearer nobody", "Basic YTpi", "admin"):
            headers = {} if authorization is None else {"Authorization": authorization}
            answer = await client.post("/api/things", content=b"not even JSON", headers=headers)
            assert is_problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        answer = await client.post("/api/things", content=GOOD, headers={"Authorization": "Bearer analyst"} | JSON)
        assert is_problem(answer, 403, "forbidden")
        assert "connections:write" in answer.json()["detail"]
        assert (await client.post("/api/things/open", content=b"abc")).json() == {"said": "3"}
    assert database.ends == []


async def test_a_transaction_is_committed_with_its_answer_and_undone_with_a_problem(
    client: httpx.AsyncClient, database: Transactions
) -> None:
    await client.post("/api/things", content=GOOD, headers=JSON)
    assert database.ends == ["committed"]
    await client.put(f"/api/things/{ID}", content=GOOD, headers=JSON | {"If-Match": '"6"'})
    await client.post(f"/api/things/{ID}:explode")
    assert database.ends == ["committed", "rolled back", "rolled back"]


async def test_preconditions(client: httpx.AsyncClient) -> None:
    for value, status in [(None, 200), ('"7"', 200), ("*", 200), ('"6", "7"', 200), ('"6"', 412), ("7", 412)]:
        headers = JSON if value is None else JSON | {"If-Match": value}
        answer = await client.put(f"/api/things/{ID}", content=GOOD, headers=headers)
        assert answer.status_code == status


async def test_a_bug_is_a_500_that_tells_nothing_and_the_log_has_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.post(f"/api/things/{ID}:explode", headers={"X-Request-Id": "req-1"})
    assert "http_failed" in caplog.text
    assert "RuntimeError" in caplog.text
    assert is_problem(answer, 500, "internal")
    assert CANARY not in answer.text
    assert answer.headers["x-request-id"] == "req-1"


@pytest.mark.parametrize("given_id", ["a", "req-1.2_3", "A" * 64])
async def test_a_good_request_id_is_kept(client: httpx.AsyncClient, given_id: str) -> None:
    answer = await client.get("/healthz", headers={"X-Request-Id": given_id})
    assert answer.headers["x-request-id"] == given_id


@pytest.mark.parametrize("given_id", ["", "A" * 65, "a b", "a;b", "<script>", "ä".encode().decode("latin-1")])
async def test_a_bad_request_id_is_replaced(client: httpx.AsyncClient, given_id: str) -> None:
    answer = await client.get("/healthz", headers=[(b"X-Request-Id", given_id.encode("latin-1"))])
    assert len(answer.headers["x-request-id"]) == 36


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, database: Transactions) -> None:
    for path in ("/api/things", "/healthz", "/nope", "/api//x"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
        assert "server" not in headers
    async with client_of(things(service_http(database)), https=True) as secure:
        assert "max-age" in (await secure.get("/nope")).headers["strict-transport-security"]


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "ä", "a\tb", "a\x7f"])
async def test_a_bad_idempotency_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = [(b"Content-Type", b"application/json"), (b"Idempotency-Key", key.encode("latin-1"))]
    answer = await client.post("/api/things", content=GOOD, headers=headers)
    assert is_problem(answer, 400, "idempotency_key_invalid")


async def test_the_api_is_described_with_what_it_demands(database: Transactions) -> None:
    from services.chassis.application import internal_app

    readiness = Readiness({})
    public_side = public_app([things(service_http(database))], readiness, SystemIds(), https=False)
    transport = httpx.ASGITransport(internal_app(public_side, readiness))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        document = (await client.get("/openapi.json")).json()
        page = (await client.get("/docs")).text
        figures = (await client.get("/metrics")).text
    create = document["paths"]["/api/things"]["post"]
    assert create["x-permission"] == "connections:write"
    assert create["security"] == [{"bearer": []}]
    assert "Idempotency-Key" in json.dumps(create["parameters"])
    assert document["paths"]["/api/things/open"]["post"]["x-public"] == "everybody may look"
    assert "422" not in create["responses"]
    assert "/api/things/{id}:poke" in page
    assert "modulardata_http_requests_total" in figures


def test_a_route_that_says_nothing_cannot_be_made(database: Transactions) -> None:
    routes = service_http(database).router("/api/decoys")
    with pytest.raises(RouteUndeclared, match="declares 0 accesses"):
        routes.add_api_route("", lambda: None)
    with pytest.raises(RouteUndeclared, match="declares 2 accesses"):
        routes.add_api_route("", lambda: None, dependencies=[public("x"), requires(Permission.SELF)])
    with pytest.raises(RouteUndeclared, match="needs a reason"):
        public("")
    with pytest.raises(RouteUndeclared, match="takes no Request"):
        routes.add_api_route("", lambda: None, dependencies=[public("x"), raw_body(1)])

    def two(first: Thing, second: Thing) -> None: ...

    with pytest.raises(RouteUndeclared, match="one model"):
        routes.add_api_route("", two, methods=["POST"], dependencies=[public("x")])


def test_an_application_does_not_start_with_a_route_past_the_edge() -> None:
    decoy = APIRouter()
    decoy.add_api_route("/api/decoy", lambda: None, dependencies=[requires(Permission.SELF)])
    hidden = APIRouter()
    hidden.add_api_route("/api/hidden", lambda: None, include_in_schema=False)
    plain = APIRouter()

    async def raw(request: Request) -> None: ...

    plain.add_route("/api/plain", raw)  # type: ignore[arg-type]
    for router in (decoy, hidden, plain):
        with pytest.raises(RouteUndeclared, match="nobody would ask who calls it"):
            public_app([router], Readiness({}), SystemIds(), https=False)
    mounted = FastAPI()
    mounted.mount("/api/mounted", FastAPI())
    with pytest.raises(RouteUndeclared):
        check_routes(mounted)
