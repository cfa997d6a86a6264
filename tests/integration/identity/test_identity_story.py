"""Workspaces, users, keys and tokens, by HTTP against a running identity."""

import asyncio
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest

from contracts.permissions import ROLES, Role
from tests.integration.identity.conftest import execute
from tests.integration.identity.running import EMAIL, PASSWORD, SETUP_SECRET, Child, Installation, until

pytestmark = pytest.mark.usefixtures("running")


def sql(url: str, statement: str, *values: Any) -> list[Any]:
    return asyncio.run(execute(url, statement, *values))


def log_in(client: httpx.Client, email: str, password: str) -> httpx.Response:
    return client.post("/api/login", json={"email": email, "password": password})


def new_user(admin: httpx.Client, role: str = "developer") -> dict[str, Any]:
    email = f"u{secrets.token_hex(4)}@example.org"
    answer = admin.post("/api/users", json={"email": email, "password": PASSWORD, "role": role})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def new_key(admin: httpx.Client, role: str = "analyst", **more: Any) -> dict[str, Any]:
    answer = admin.post("/api/keys", json={"name": "a key", "role": role, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def as_caller(place: Installation, credential: str) -> httpx.Response:
    with place.client(credential) as client:
        return client.get("/api/me")


def test_setup_is_gone_once_it_was_used(nobody: httpx.Client) -> None:
    unknown = nobody.get("/api/nothing")
    for body in (b"{}", b"not JSON", json.dumps({"workspace": "w", "email": EMAIL, "password": PASSWORD}).encode()):
        for secret in (SETUP_SECRET, "wrong"):
            headers = {"X-Setup-Secret": secret, "Content-Type": "application/json"}
            answer = nobody.post("/api/setup", content=body, headers=headers)
            assert (answer.status_code, answer.content) == (404, unknown.content)


def test_no_usual_password_opens_anything(nobody: httpx.Client) -> None:
    for email, password in ((EMAIL, "admin"), ("admin", "admin"), ("admin@localhost", "password"), ("root", "root")):
        assert log_in(nobody, email, password).status_code == 401


def test_a_person_logs_in_and_is_who_they_are(place: Installation, nobody: httpx.Client) -> None:
    answer = log_in(nobody, EMAIL.upper(), PASSWORD)
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900
    token = answer.json()["token"]
    me = as_caller(place, token).json()
    assert (me["kind"], me["role"], me["platform"], me["workspace"]) == ("user", "admin", True, "main")
    assert me["subject"] == place.admin["user_id"]
    assert me["workspace_id"] == place.admin["workspace_id"]
    assert set(me["permissions"]) >= ROLES[Role.ADMIN]
    header = jwt.get_unverified_header(token)
    public = nobody.get("/.well-known/jwks.json").json()["keys"]
    assert header["alg"] == "EdDSA"
    assert header["kid"] in {key["kid"] for key in public}
    assert all("d" not in key for key in public)


def test_logging_out_ends_the_token_and_no_other(place: Installation, nobody: httpx.Client) -> None:
    first, second = (log_in(nobody, EMAIL, PASSWORD).json()["token"] for _ in range(2))
    with place.client(first) as client:
        assert client.post("/api/logout").status_code == 204
    until(lambda: as_caller(place, first).status_code == 401, seconds=5)
    assert as_caller(place, second).status_code == 200
    with place.client(place.admin["api_key"]) as client:
        assert client.post("/api/logout").status_code == 409


def test_a_key_is_shown_once_and_kept_as_a_hash(place: Installation, admin: httpx.Client, module_database: str) -> None:
    key = new_key(admin, "operator")
    assert key["key"].startswith(key["prefix"] + "_")
    me = as_caller(place, key["key"]).json()
    assert (me["kind"], me["role"], me["subject"], me["platform"]) == ("api_key", "operator", key["id"], False)
    listed = admin.get("/api/keys?limit=500").text
    assert key["id"] in listed
    assert key["key"] not in listed
    secret = key["key"].split("_", 2)[2]
    tables = [row["name"] for row in sql(module_database, _TABLES)]
    assert len(tables) > 8
    for table in tables:
        dump = str(sql(module_database, f"SELECT t::text FROM identity.{table} t"))
        assert secret not in dump
        assert secret.encode().hex() not in dump
    row = next(item for item in admin.get("/api/keys?limit=500").json()["items"] if item["id"] == key["id"])
    assert row["last_used_at"] is not None


def is_refused(place: Installation, credential: str) -> bool:
    return as_caller(place, credential).status_code == 401


_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'identity'"


def test_a_revoked_key_is_refused_at_once_and_said_so(place: Installation, admin: httpx.Client) -> None:
    key = new_key(admin)
    assert as_caller(place, key["key"]).status_code == 200
    begun = time.monotonic()
    assert admin.post(f"/api/keys/{key['id']}:revoke").status_code == 204
    until(lambda: as_caller(place, key["key"]).status_code == 401, seconds=5)
    assert time.monotonic() - begun < 5
    assert admin.post(f"/api/keys/{key['id']}:revoke").status_code == 204
    with place.client() as client:
        assert client.post("/api/tokens:exchange", json={"api_key": key["key"]}).status_code == 401


def test_a_disabled_user_and_their_keys_count_no_more(
    place: Installation, admin: httpx.Client, nobody: httpx.Client
) -> None:
    user = new_user(admin, "admin")
    token = log_in(nobody, user["email"], PASSWORD).json()["token"]
    with place.client(token) as client:
        theirs = new_key(client)
        with place.client(new_key(client, "admin")["key"]) as machine:
            grandchild = new_key(machine)
        assert client.post(f"/api/users/{user['id']}:disable").status_code == 409, "not oneself"
    assert as_caller(place, grandchild["key"]).status_code == 200
    assert admin.post(f"/api/users/{user['id']}:disable").status_code == 204
    for credential in (token, theirs["key"], grandchild["key"]):
        until(partial(is_refused, place, credential), seconds=5)
    assert log_in(nobody, user["email"], PASSWORD).status_code == 401
    assert admin.post(f"/api/users/{user['id']}:disable").status_code == 204


def test_what_a_user_may_not_become(place: Installation, admin: httpx.Client, nobody: httpx.Client) -> None:
    ordinary = new_user(admin, "admin")
    with place.client(log_in(nobody, ordinary["email"], PASSWORD).json()["token"]) as client:
        assert client.post("/api/keys", json={"name": "k", "role": "admin", "platform": True}).status_code == 403
        body = {"email": "x@example.org", "password": PASSWORD, "role": "admin", "platform": True}
        assert client.post("/api/users", json=body).status_code == 403
        body = {"workspace": "w", "email": "y@example.org", "password": PASSWORD}
        assert client.post("/api/workspaces", json=body).status_code == 403
    for field in ("tenant_id", "tenant", "id", "created_by", "is_admin"):
        body = {"email": "z@example.org", "password": PASSWORD, "role": "analyst", field: str(uuid4())}
        answer = admin.post("/api/users", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    assert admin.post("/api/users", json={"email": "z@example.org", "password": PASSWORD, "role": "root"}).is_error
    platform = new_key(admin, "admin", platform=True)
    assert as_caller(place, platform["key"]).json()["platform"] is True


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 300, "admin@example.org!", "elevenchars"])
def test_easy_passwords_are_refused_and_not_repeated(admin: httpx.Client, password: str) -> None:
    body = {"email": "admin@example.org", "password": password, "role": "analyst"}
    answer = admin.post("/api/users", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/password"
    assert password not in answer.text


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "@b", "a b@c", "a@b c", "a@-b", "a\x7f@b", "a" * 65 + "@b", "a@" + "b" * 260]
)
def test_what_is_no_email_is_refused(admin: httpx.Client, email: str) -> None:
    answer = admin.post("/api/users", json={"email": email, "password": PASSWORD, "role": "analyst"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"


def test_an_email_is_one_person_in_the_whole_installation(
    place: Installation, admin: httpx.Client, nobody: httpx.Client
) -> None:
    email = f"w{secrets.token_hex(4)}@example.org"
    made = admin.post("/api/workspaces", json={"workspace": "second", "email": email, "password": PASSWORD})
    assert made.status_code == 201
    for body in (
        {"workspace": "third", "email": email.upper(), "password": PASSWORD},
        {"workspace": "third", "email": EMAIL, "password": PASSWORD},
    ):
        assert admin.post("/api/workspaces", json=body).status_code == 409
    with place.client(log_in(nobody, email, PASSWORD).json()["token"]) as other:
        me = other.get("/api/me").json()
        assert (me["workspace_id"], me["workspace"], me["platform"]) == (made.json()["workspace_id"], "second", False)
        assert [user["email"] for user in other.get("/api/users").json()["items"]] == [email]
        assert other.get("/api/keys").json()["items"] == []


def test_a_workspace_has_a_plan_that_its_operator_changes(
    admin: httpx.Client, place: Installation, nobody: httpx.Client, module_database: str
) -> None:
    email = f"w{secrets.token_hex(4)}@example.org"
    body = {"workspace": "planned", "email": email, "password": PASSWORD, "plan": "free"}
    made = admin.post("/api/workspaces", json=body).json()["workspace_id"]
    with place.client(log_in(nobody, email, PASSWORD).json()["token"]) as other:
        assert other.get("/api/me").json()["plan"] == "free"
        for _ in range(2):
            assert admin.post(f"/api/workspaces/{made}:set-plan", json={"plan": "unlimited"}).status_code == 204
        assert other.get("/api/me").json()["plan"] == "unlimited"
        assert other.post(f"/api/workspaces/{made}:set-plan", json={"plan": "free"}).status_code == 403
    assert admin.post(f"/api/workspaces/{uuid4()}:set-plan", json={"plan": "free"}).status_code == 404
    assert admin.post(f"/api/workspaces/{made}:set-plan", json={"plan": "Free lunch"}).status_code == 422
    events = "SELECT type FROM identity.outbox WHERE tenant = $1 ORDER BY id"
    told = [row["type"] for row in sql(module_database, events, UUID(made))]
    assert told == ["identity.workspace_created.v1", "identity.workspace_plan_changed.v1"]


def test_another_workspaces_ids_are_unknown_to_the_byte(
    place: Installation, admin: httpx.Client, nobody: httpx.Client
) -> None:
    email = f"w{secrets.token_hex(4)}@example.org"
    admin.post("/api/workspaces", json={"workspace": "b", "email": email, "password": PASSWORD})
    mine, user = new_key(admin), new_user(admin)
    with place.client(log_in(nobody, email, PASSWORD).json()["token"]) as other:
        for path in ("/api/keys/{}:revoke", "/api/users/{}:disable"):
            unknown = other.post(path.format(uuid4()))
            assert unknown.status_code == 404
            for id in (mine["id"], user["id"], place.admin["user_id"]):
                answer = other.post(path.format(id))
                assert (answer.status_code, answer.content) == (404, unknown.content)
    assert as_caller(place, mine["key"]).status_code == 200


def test_failed_logins_are_limited_by_person_and_address(admin: httpx.Client, nobody: httpx.Client) -> None:
    user, bystander = new_user(admin), new_user(admin)
    answers = [log_in(nobody, user["email"], "wrong password!") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 300
    assert log_in(nobody, user["email"], PASSWORD).status_code == 429, "the right one waits, too"
    assert log_in(nobody, bystander["email"], PASSWORD).status_code == 200
    unknown = f"{secrets.token_hex(4)}@example.org"
    answers = [log_in(nobody, unknown, "wrong password!") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429], "and tells nobody who exists"


def test_an_unknown_person_and_a_wrong_password_are_the_same(admin: httpx.Client, nobody: httpx.Client) -> None:
    def ask(email: str) -> tuple[float, bytes]:
        begun = time.perf_counter()
        answer = log_in(nobody, email, "wrong password!")
        assert answer.status_code == 401
        return time.perf_counter() - begun, answer.content

    # Made beforehand: what a new person sets in motion would slow the login that follows.
    people = [new_user(admin)["email"] for _ in range(6)]
    known: list[tuple[float, bytes]] = []
    unknown: list[tuple[float, bytes]] = []

    def ratio() -> float:
        """Of the fastest of each: what else runs on this machine only adds."""
        return min(known)[0] / min(unknown)[0]

    for email in people * 5:
        known.append(ask(email))
        unknown.append(ask(f"{secrets.token_hex(4)}@example.org"))
        # A loaded machine gets more tries; a side that really is quicker stays so in all of them.
        if len(known) >= len(people) and 0.5 < ratio() < 2:
            break
    assert {body for _, body in known + unknown} == {known[0][1]}
    assert 0.5 < ratio() < 2


def test_every_change_leaves_an_entry_that_nobody_can_change(
    admin: httpx.Client, module_database: str, place: Installation
) -> None:
    key, user = new_key(admin), new_user(admin)
    admin.post(f"/api/keys/{key['id']}:revoke")
    admin.post(f"/api/users/{user['id']}:disable")
    rows = sql(module_database, "SELECT action, object, actor::text FROM identity.audit ORDER BY id")
    found = {(row["action"], row["object"]) for row in rows}
    assert {
        ("key.create", key["id"]),
        ("key.revoke", key["id"]),
        ("user.create", user["id"]),
        ("user.disable", user["id"]),
        ("workspace.found", place.admin["workspace_id"]),
    } <= found
    rights = sql(
        module_database,
        "SELECT privilege_type AS name FROM information_schema.role_table_grants"
        " WHERE grantee = 'identity_app' AND table_schema = 'identity' AND table_name = 'audit'",
    )
    assert {row["name"] for row in rights} == {"SELECT", "INSERT"}


def test_pages_of_users_hold_everybody_once(admin: httpx.Client) -> None:
    made = {new_user(admin)["id"] for _ in range(3)}
    seen, query = [], "?limit=2"
    while True:
        page = admin.get(f"/api/users{query}").json()
        assert len(page["items"]) <= 2
        seen += [user["id"] for user in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert "password" not in admin.get("/api/users").text


def test_only_one_of_many_set_ups_wins(servers: Any, tmp_path: Any, admin_url: str) -> None:
    from tests.integration.identity.running import installation

    with installation(tmp_path, servers, admin_url) as fresh:
        fresh.start("identity", "--only", "api,relay")

        def attempt(number: int) -> int:
            with fresh.client() as client:
                return client.post(
                    "/api/setup",
                    json={"workspace": f"w{number}", "email": f"a{number}@example.org", "password": PASSWORD},
                    headers={"X-Setup-Secret": SETUP_SECRET},
                ).status_code

        with fresh.client() as client:
            wrong = client.post(
                "/api/setup",
                json={"workspace": "w", "email": EMAIL, "password": PASSWORD},
                headers={"X-Setup-Secret": "wrong"},
            )
            assert wrong.status_code == 401
        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(attempt, range(8))) == [201] + [404] * 7
        assert len(sql(admin_url, "SELECT 1 FROM identity.workspaces")) == 1


def test_nothing_secret_was_written_to_the_log(running: Child, place: Installation) -> None:
    written = running.written
    assert "started" in written
    for secret in (PASSWORD, SETUP_SECRET, place.admin["api_key"], "eyJ"):
        assert secret not in written
