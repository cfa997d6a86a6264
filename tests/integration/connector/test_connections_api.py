"""Connections over HTTP: made, changed, tried; secrets go in and never come out."""

import json
import logging
import socket
from typing import Any
from uuid import uuid4

import pytest
import structlog

from contracts.permissions import Role
from tests.customers import Customer
from tests.integration.composed import Composed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "canary-7f3a9c-passw0rd"


def postgres(**settings: Any) -> dict[str, Any]:
    return {
        "name": "orders",
        "kind": "postgres",
        "settings": {"host": "db.example.com", "database": "shop", "user": "reader", **settings},
        "secrets": {"password": CANARY},
    }


async def test_kinds_describe_themselves(world: Composed) -> None:
    found = (await world.request("GET", "/api/connectors")).json()["items"]
    assert [item["kind"] for item in found] == ["s3", "postgres", "upload"]
    for item in found:
        for part in ("settings", "secrets", "selection", "target"):
            assert item[f"{part}_schema"]["type"] == "object"
    assert found[1]["selection_schema"]["properties"].keys() == {"schema", "table", "cursor"}


async def test_a_connection_is_made_shown_listed_changed_and_removed(world: Composed) -> None:
    made = await world.request("POST", "/api/connections", json=postgres())
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/api/connections/orders"
    assert made.json()["secrets"]["password"]["has_value"] is True
    shown = await world.request("GET", "/api/connections/orders")
    assert shown.json() == made.json()
    listed = await world.request("GET", "/api/connections?limit=1")
    assert [item["name"] for item in listed.json()["items"]] == ["orders"]
    changed = await world.request("PATCH", "/api/connections/orders", json={"secrets": {"password": "another-one-1"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["version"] == 2
    assert changed.json()["secrets"]["password"]["changed_at"] > made.json()["secrets"]["password"]["changed_at"]
    removed = await world.request("DELETE", "/api/connections/orders")
    assert removed.status_code == 204
    assert (await world.request("GET", "/api/connections/orders")).status_code == 404
    assert [name for name, _ in await world.published("connector")] == [
        "connection.created.v1",
        "connection.updated.v1",
        "connection.deleted.v1",
    ]
    assert await world.sql("SELECT 1 FROM connector.connection_secrets WHERE tenant = $1", world.tenant) == []


async def test_names_are_unique_in_a_workspace_and_unknown_to_others(world: Composed) -> None:
    await world.request("POST", "/api/connections", json=postgres())
    again = await world.request("POST", "/api/connections", json=postgres())
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    other = uuid4()
    assert (await world.request("POST", "/api/connections", json=postgres(), tenant=other)).status_code == 201
    for name in ("orders", "nothing"):
        mine = await world.request("GET", f"/api/connections/{name}x", tenant=other)
        assert mine.status_code == 404
    await world.request("DELETE", "/api/connections/orders", tenant=other)
    assert (await world.request("GET", "/api/connections/orders")).status_code == 200


async def test_what_is_wrong_is_pointed_at_without_repeating_it(world: Composed) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"settings": {"host": "/var/run/postgresql", "database": "a", "user": "u"}}, "/settings/host"),
        ({"settings": {"host": "a", "database": "a"}}, "/settings/user"),
        ({"secrets": {}}, "/secrets/password"),
        ({"secrets": {"password": CANARY, "passfile": "/etc/passwd"}}, "/secrets/passfile"),
        ({"kind": "oracle"}, "/kind"),
        ({"name": "Not A Name"}, "/name"),
        ({"tenant_id": "x"}, "/tenant_id"),
    ]
    for change, pointer in wrong:
        answer = await world.request("POST", "/api/connections", json=postgres() | change)
        assert answer.status_code == 422, answer.text
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert CANARY not in answer.text


async def test_a_secret_is_not_sent_to_a_new_place(world: Composed) -> None:
    await world.request("POST", "/api/connections", json=postgres())
    changes: list[dict[str, Any]] = [{"host": "evil.example.com"}, {"port": 6543}, {"user": "root"}, {"database": "x"}]
    for change in changes:
        refused = await world.request("PATCH", "/api/connections/orders", json={"settings": change})
        assert refused.status_code == 422
        assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
            ("/secrets/password", "secret_needed_again")
        ]
    assert (await world.request("GET", "/api/connections/orders")).json()["version"] == 1
    body = {"settings": changes[0], "secrets": {"password": "sent-again-1"}}
    assert (await world.request("PATCH", "/api/connections/orders", json=body)).status_code == 200
    harmless = await world.request("PATCH", "/api/connections/orders", json={"settings": {"sslmode": "require"}})
    assert harmless.status_code == 200, harmless.text


async def test_an_optional_secret_goes_when_the_place_changes(world: Composed) -> None:
    secrets = {"access_key_id": "AKIA", "secret_access_key": CANARY, "session_token": "tok-tok-tok"}
    body = {"name": "lake", "kind": "s3", "settings": {"bucket": "one-bucket"}, "secrets": secrets}
    assert (await world.request("POST", "/api/connections", json=body)).status_code == 201
    change = {
        "settings": {"bucket": "two-bucket"},
        "secrets": {"access_key_id": "AKIB", "secret_access_key": "another-secret"},
    }
    changed = await world.request("PATCH", "/api/connections/lake", json=change)
    assert changed.status_code == 200, changed.text
    assert changed.json()["secrets"]["session_token"]["has_value"] is False


async def test_if_match_holds_off_a_change_of_something_else(world: Composed) -> None:
    made = await world.request("POST", "/api/connections", json=postgres())
    body = {"settings": {"sslmode": "require"}}
    stale = await world.request("PATCH", "/api/connections/orders", json=body, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    good = await world.request(
        "PATCH", "/api/connections/orders", json=body, headers={"If-Match": made.headers["etag"]}
    )
    assert good.status_code == 200


async def test_secrets_are_sealed_for_their_place(world: Composed) -> None:
    await world.request("POST", "/api/connections", json=postgres())
    await world.request("POST", "/api/connections", json=postgres() | {"name": "others"})
    dump = json.dumps(await world.sql("SELECT * FROM connector.connections"), default=str)
    dump += str(await world.sql("SELECT * FROM connector.connection_secrets"))
    dump += str(await world.sql("SELECT * FROM connector.outbox"))
    assert CANARY not in dump
    # A ciphertext that is moved to another connection does not open there.
    await world.sql(
        "UPDATE connector.connection_secrets SET sealed = (SELECT sealed FROM connector.connection_secrets s"
        " JOIN connector.connections c ON c.id = s.connection_id WHERE c.name = 'others' AND c.tenant = $1)"
        " WHERE connection_id = (SELECT id FROM connector.connections WHERE name = 'orders' AND tenant = $1)",
        world.tenant,
    )
    tried = await world.request("POST", "/api/connections/orders:test")
    assert tried.status_code == 422
    assert "does not open" in tried.json()["detail"]


async def test_who_may_try_a_connection(connected: Composed) -> None:
    allowed = {Role.ANALYST: 403, Role.OPERATOR: 200, Role.DEVELOPER: 200, Role.ADMIN: 200}
    for role, status in allowed.items():
        assert (await connected.request("POST", "/api/connections/warehouse:test", role=role)).status_code == status


async def tried(world: Composed, kind: str, settings: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
    answer = await world.request(
        "POST", "/api/connections:test", json={"kind": kind, "settings": settings, "secrets": secrets}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["ok"] is (found["code"] == "ok")
    assert found["message"].count(".") >= 1
    assert "Traceback" not in found["message"]
    for secret in secrets.values():
        assert secret not in found["message"]
    return found


async def test_a_connection_that_works_says_so(world: Composed, customer: Customer) -> None:
    assert (await tried(world, "s3", customer.s3_settings(), customer.s3_secrets()))["code"] == "ok"
    assert (await tried(world, "postgres", customer.postgres_settings(), customer.postgres_secrets()))["code"] == "ok"


async def test_a_connection_that_does_not_work_says_why(
    world: Composed, customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    postgres, s3 = customer.postgres_settings(), customer.s3_settings()
    good, keys = customer.postgres_secrets(), customer.s3_secrets()
    dead = 1
    with structlog.testing.capture_logs() as logs:
        found = {
            "auth": await tried(world, "postgres", postgres, {"password": CANARY}),
            "refused": await tried(world, "postgres", postgres | {"port": dead}, {"password": CANARY}),
            "dns": await tried(world, "postgres", postgres | {"host": "nowhere.invalid"}, {"password": CANARY}),
            "not_found": await tried(world, "postgres", postgres | {"database": "nowhere"}, good),
            "tls": await tried(world, "postgres", postgres | {"sslmode": "require"}, good),
        }
        found_s3 = {
            "auth": await tried(world, "s3", s3, keys | {"secret_access_key": CANARY}),
            "refused": await tried(world, "s3", s3 | {"endpoint_url": f"http://127.0.0.1:{dead}"}, keys),
            "dns": await tried(world, "s3", s3 | {"endpoint_url": "http://nowhere.invalid"}, keys),
            "not_found": await tried(world, "s3", s3 | {"bucket": "no-such-bucket-here"}, keys),
            "tls": await tried(world, "s3", s3 | {"endpoint_url": s3["endpoint_url"].replace("http:", "https:")}, keys),
        }
    assert {name: answer["code"] for name, answer in found.items()} == {name: name for name in found}
    assert {name: answer["code"] for name, answer in found_s3.items()} == {name: name for name in found_s3}
    assert CANARY not in caplog.text + str(logs)


async def test_a_host_that_says_nothing_is_given_up(world: Composed, customer: Customer) -> None:
    # The kernel takes the connection, and nobody ever says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = customer.postgres_settings() | {"port": silent.getsockname()[1]}
        found = await tried(world, "postgres", settings, customer.postgres_secrets())
    assert found["code"] == "timeout"
    assert found["milliseconds"] < 12_000


async def test_inner_addresses_are_not_reached_for(world: Composed) -> None:
    for host in ("10.0.0.1", "169.254.169.254", "[::ffff:169.254.169.254]"):
        settings = {"host": host, "database": "a", "user": "u"}
        found = await tried(world, "postgres", settings, {"password": CANARY})
        assert "not public" in found["message"]
        assert found["milliseconds"] < 1_000
    found = await tried(
        world,
        "s3",
        {"bucket": "some-bucket", "endpoint_url": "http://169.254.169.254"},
        {"access_key_id": "AKIA", "secret_access_key": CANARY},
    )
    assert "not public" in found["message"]


async def test_trying_too_often_has_to_wait(world: Composed) -> None:
    statuses = []
    for _ in range(70):
        answer = await world.request("POST", "/api/connections/nothing:test")
        statuses.append(answer.status_code)
    assert set(statuses) == {404, 429}
    assert int(answer.headers["retry-after"]) >= 1
