"""Secrets never leave: unique ones go into every secret field, everything goes wrong, then all that is kept is read."""

import asyncio
import json
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.connections import s3_connection, warehouse_connection
from tests.e2e.client import Api
from tests.e2e.running import Running
from tests.e2e.scanning import Scanner, disguises, in_files, in_histories, in_processes, in_tables, in_topics
from tests.e2e.seeding import signed, workspace
from tests.waiting import until


def canary() -> str:
    """A secret that is nowhere else, with letters that every encoding writes differently."""
    return f'{secrets.token_hex(9)}/+"é% {secrets.token_hex(9)}'


def plain_canary() -> str:
    """A secret for fields that take letters and digits only."""
    return secrets.token_hex(18)


def secret_of(key: str) -> str:
    """The secret part of an API key, which may have underscores itself."""
    return key.split("_", 2)[2]


@dataclass
class Planted:
    """Secrets that were given to the platform, those it gave out, to be read once, there, and the pass of a link."""

    given: dict[str, str]
    shown: dict[str, str]
    link: str
    api: Api
    told: list[bytes]


class Hole:
    """A server that accepts connections and says nothing; and one for webhooks that answers 500 with what came."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self._silent = socket.create_server(("127.0.0.1", 0))
        hole = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hole.told.append(str(self.headers).encode() + body)
                self.send_response(500)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def silent_port(self) -> int:
        """Where nothing is said."""
        return int(self._silent.getsockname()[1])

    @property
    def url(self) -> str:
        """Where webhooks fail."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/told"

    def close(self) -> None:
        """End both."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._silent.close()


def decided_by_link(api: Api, nobody: Api, word: str, told: list[bytes]) -> str:
    """The pass of a link that decides, after the link was opened, mistyped, and used by somebody without a login."""
    columns = {"columns": [{"name": "number", "type": "integer"}, {"name": word, "type": "string"}]}
    recipe = {"steps": [{"kind": "filter", "where": "number > 0"}]}
    contracts = {"input_contract": columns, "output_contract": columns}
    api.call("POST", "/api/modules", {"name": "asks", "recipe": recipe} | contracts)
    flow = {
        "name": "asks",
        "source": {"connection": "landing", "selection": {"path": f"{word}/asks/*.csv"}},
        "modules": [{"name": "asks"}],
        "destination": {
            "connection": "warehouse",
            "target": {"schema": "public", "table": f"{word}_asks"},
            "mode": "upsert",
            "keys": ["number"],
        },
    }
    api.call("PUT", "/api/workflows/asks", flow)
    rows = "".join(f"{number},{word}-{number}\n" for number in range(1, 7))
    api.call("PUT", f"/api/connections/landing/files/{word}/asks/1.csv", f"number,{word}\n{rows}".encode())
    assert api.run("asks")["state"] == "succeeded"
    api.call("PUT", f"/api/connections/landing/files/{word}/asks/2.csv", f"num,{word}\n3,{word}-three\n".encode())
    run = api.call("POST", "/api/workflows/asks/runs")["id"]
    (review,) = until("it asks", lambda: api.call("GET", f"/api/runs/{run}")["waiting_for"])
    page = f"/drift/reviews/{review}/"
    sent = re.compile(page.encode() + rb"([^\"]+)")
    found: re.Match[bytes] = until("the message comes", lambda: sent.search(b"\n".join(told)))
    link = page + found[1].decode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for method, path, body, status in (
        ("GET", link, None, 200),
        ("GET", f"{link}?seen=1", None, 200),
        ("GET", f"{link[:-6]}AAAAAA", None, 404),
        ("POST", f"/drift/reviews/{uuid4()}/{found[1].decode()}", b"decision=approve", 404),
        ("POST", link, b"decision=maybe", 400),
        ("PUT", link, b"", 405),
    ):
        assert nobody.send(method, path, body, headers=form).status == status, (method, path)
    assert api.call("GET", f"/api/drift/reviews/{review}")["state"] == "open"
    assert nobody.send("POST", link, b"decision=reject&reason=no", headers=form).status == 200
    assert api.ended(run)["state"] == "quarantined"
    return found[1].decode()


@pytest.fixture(scope="module")
def planted(platform: Running) -> Iterator[Planted]:
    """A workspace in which every secret was used in every wrong way that there is."""
    state, seeded = platform.state, workspace(platform.api, "canary")
    api, word = seeded.api, seeded.word
    hole = Hole()
    given = {"password of the workspace's admin": seeded.password}
    shown: dict[str, str] = {}

    def new(what: str, plain: bool = False) -> str:
        return given.setdefault(what, plain_canary() if plain else canary())

    # Connections that work: their true secrets must be nowhere either.
    given["the bucket's key"], given["the warehouse's password"] = state.s3_secret_key, state.warehouse_password
    api.call("POST", "/api/connections", s3_connection(state, "landing"))
    api.call("POST", "/api/connections", warehouse_connection(state, "warehouse"))

    # Connections that do not: a wrong password, nobody there, no such host, silence, TLS where there is none.
    settings = warehouse_connection(state, "x")["settings"]
    wrongs: dict[str, dict[str, Any]] = {
        "wrong": {},
        "refused": {"port": 9},
        "unknown": {"host": "no-such-host.invalid"},
        "silent": {"port": hole.silent_port},
        "tls": {"sslmode": "require"},
        "database": {"database": "no_such_database"},
    }
    for name, change in wrongs.items():
        body = {"kind": "postgres", "settings": settings | change, "secrets": {"password": new(f"password {name}")}}
        assert not api.call("POST", "/api/connections:test", body)["ok"]
        api.call("POST", "/api/connections", body | {"name": f"pg-{name}"})
        assert not api.call("POST", f"/api/connections/pg-{name}:test")["ok"]
    for name in ("wrong", "database"):
        api.send("POST", f"/api/connections/pg-{name}:discover", {})
        api.send("POST", f"/api/connections/pg-{name}:preview", {"selection": {"schema": "public", "table": "x"}})
    body = s3_connection(
        state,
        "s3-wrong",
        secrets={
            "access_key_id": new("access key", plain=True),
            "secret_access_key": new("secret key", plain=True),
            "session_token": new("session token", plain=True),
        },
    )
    unsaved = {name: value for name, value in body.items() if name != "name"}
    assert not api.call("POST", "/api/connections:test", unsaved)["ok"]
    api.call("POST", "/api/connections", body)
    api.send("POST", "/api/connections/s3-wrong:preview", {"selection": {"path": "*.csv"}})
    api.send("GET", "/api/connections/s3-wrong/files")
    api.send("PUT", "/api/connections/s3-wrong/files/x.csv", b"a\n1\n")
    api.call("PATCH", "/api/connections/pg-wrong", {"secrets": {"password": new("changed password")}})

    # Refused bodies with secrets in them, in the right field, in a wrong one, twice, and cut off.
    secret = new("password in a refused body")
    for refused in (
        {"name": "x", "kind": "postgres", "settings": {}, "secrets": {"password": secret}},
        {"name": "x", "kind": "postgres", "settings": settings | {"password": secret}, "secrets": {}},
        {"name": "x", "kind": "postgres", "settings": settings, "secrets": {"passwrod": secret}},
        {"name": "x", "kind": "postgres", "settings": settings, "secrets": secret},
        {"name": "x", "kind": "postgres", "settings": settings | {"host": f"u:{secret}@h"}, "secrets": {}},
        {"name": secret, "kind": secret, "settings": {}, "secrets": {}},
    ):
        assert api.send("POST", "/api/connections", refused).status == 422
    text = json.dumps({"name": "x", "secrets": {"password": secret}}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    assert api.send("POST", "/api/connections", text[:-2], headers=headers).status in (400, 422)
    assert api.send("POST", "/api/connections", text[:-1] + b',"name":1}', headers=headers).status in (400, 422)

    # People and keys.
    nobody = api.under(None)
    for address in (seeded.email, "nobody@nowhere.test"):
        said = nobody.send("POST", "/api/login", {"email": address, "password": new("wrong password of a person")})
        assert said.status == 401
    person = {"email": f"p@{word}.test", "password": new("password of a person"), "role": "analyst"}
    api.call("POST", "/api/users", person)
    assert api.send("POST", "/api/users", person).status in (409, 422)
    assert api.send("POST", "/api/users", person | {"role": "emperor"}).status == 422
    said = nobody.send("POST", "/api/setup", person, headers={"X-Setup-Secret": new("set-up secret", plain=True)})
    assert said.status in (401, 403, 404, 422)
    key = api.call("POST", "/api/keys", {"name": "canary", "role": "developer"})
    shown["API key"] = secret_of(key["key"])
    keyed = api.under(key["key"])
    keyed.call("GET", "/api/me")
    nobody.call("POST", "/api/tokens:exchange", {"api_key": key["key"]})
    # The right name of a key, and a secret that is not its own.
    mangled = f"{key['key'].removesuffix(shown['API key'])}{given.setdefault('wrong key', secrets.token_hex(30)[:43])}"
    stranger = nobody.under(mangled)
    assert stranger.send("GET", "/api/me").status == 401
    assert nobody.send("POST", "/api/tokens:exchange", {"api_key": mangled}).status == 401

    # Runs that fail at the source, at the destination, and one that ends well; a rule tells of each, to no avail.
    rule = {"name": "all", "events": ["*"], "channel": {"kind": "webhook", "url": hole.url}}
    shown["rule's secret"] = api.call("POST", "/api/notification-rules", rule)["secret"].removeprefix("whsec_")
    log = {"name": "logged", "events": ["*"], "channel": {"kind": "log"}}
    api.call("POST", "/api/notification-rules", log)
    api.call("PUT", f"/api/connections/landing/files/{word}/1.csv", b"number\n1\n")

    def flow(name: str, source: str, destination: str) -> dict[str, Any]:
        return {
            "name": name,
            "source": {"connection": source, "selection": {"path": f"{word}/*.csv"}},
            "destination": {"connection": destination, "target": {"schema": "public", "table": word}},
            "triggers": [{"kind": "webhook", "name": "call"}],
        }

    for name, source, destination, state_of in (
        ("good", "landing", "warehouse", "succeeded"),
        ("bad-source", "s3-wrong", "warehouse", "failed"),
        ("bad-destination", "landing", "pg-wrong", "failed"),
    ):
        applied = api.send("PUT", f"/api/workflows/{name}", flow(name, source, destination))
        if applied.status == 422:
            # Refused before anything runs: that, too, was a place where the secret could have leaked.
            continue
        assert applied.status == 201, applied.body
        (trigger,) = applied.json["triggers"]
        shown[f"trigger's secret of {name}"] = trigger["secret"].removeprefix("whsec_")
        assert api.run(name)["state"] == state_of
        call = b'{"hello": "there"}'
        path = f"/hooks/{trigger['id']}"
        forged = signed("whsec_" + "QUJD" * 8, call)
        assert nobody.send("POST", path, call, headers=forged).status == 401
        assert nobody.send("POST", path, call, headers=signed(trigger["secret"], call)).status == 202
    link = decided_by_link(api, nobody, word, hole.told)
    failed = api.opened("s3-wrong", {"path": "*.csv"})
    assert failed["state"] == "failed"
    until("webhooks were tried", lambda: hole.told)
    until("no run is under way", lambda: all(r["state"] not in ("queued", "running") for r in api.items("/api/runs")))
    yield Planted(given, shown, link, api, hole.told)
    for door in (nobody, keyed, stranger, api):
        door.close()
    hole.close()


async def kept(platform: Running) -> list[tuple[str, bytes]]:
    """Everything that the platform keeps or says of itself, the answers to requests left out."""
    state = platform.state
    topics, histories, tables = await asyncio.gather(
        in_topics(state.kafka), in_histories(state), in_tables(state.database_admin_url)
    )
    objects = [path for path in state.objects.rglob("*") if path.is_file()]
    return [
        *topics,
        *histories,
        *tables,
        *in_files(platform.log_files()),
        *in_files(objects),
        *in_processes(platform.processes()),
        ("/metrics", platform.metrics().encode()),
        ("/openapi.json", json.dumps(platform.openapi).encode()),
        *((f"spans {number}", body) for number, body in enumerate(list(platform.spans.raw))),
    ]


async def test_no_secret_stands_anywhere(platform: Running, planted: Planted) -> None:
    everything = await kept(platform)
    kinds = {where.partition(" ")[0] for where, _ in everything}
    assert {"topic", "workflow", "history", "table", "command", "environment", "services.log", "worker.log"} <= kinds
    spans = [body for where, body in everything if where.startswith("spans")]
    assert any(b"/drift/reviews/" in body for body in spans), "the page is traced, without its pass"
    answers = [(f"answer to {a.method} {a.path}", a.everything()) for a in planted.api.answers]
    told = [("a webhook", body) for body in planted.told]
    own = {
        "the platform's key": secret_of(platform.state.api_key),
        "the platform's password": platform.state.admin_password,
        **{
            f"the role of {name}": password
            for name, password in json.loads((platform.state.secrets / "database-passwords.json").read_text()).items()
        },
    }
    scanner = Scanner(planted.given | planted.shown | own | {"a link that decides": planted.link})
    assert scanner.found(iter(everything)) == []
    assert Scanner(planted.given | own).found(iter([*answers, *told])) == []


def test_a_link_that_decides_is_in_its_message_and_on_its_page_alone(planted: Planted) -> None:
    for path in (
        "notifications",
        "events",
        "drift/reviews",
        "drift-reports",
        "runs?workflow=asks",
        "notification-rules",
    ):
        planted.api.items(f"/api/{path}")
    elsewhere = [a for a in planted.api.answers if not a.path.startswith("/drift/reviews/")]
    answers = ((f"answer to {a.method} {a.path}", a.everything()) for a in elsewhere)
    assert Scanner({"it": planted.link}).found(answers) == []
    assert any(planted.link.encode() in body for body in planted.told)


def test_what_is_shown_once_is_shown_once(planted: Planted) -> None:
    for name, secret in planted.shown.items():
        showing = [a.path for a in planted.api.answers if secret.encode() in a.everything()]
        assert len(showing) == 1, (name, showing)


@pytest.mark.parametrize("form", sorted(disguises(canary())))
def test_the_scanner_sees_a_secret_in_each_of_its_forms(tmp_path: Path, form: str) -> None:
    secret = canary()
    place = tmp_path / "services.log"
    place.write_bytes(b'{"event": "failed", "why": "' + disguises(secret)[form] + b'"}')
    assert Scanner({"it": secret}).found(in_files([place]))
    assert not Scanner({"it": canary()}).found(in_files([place]))


async def test_the_scanner_sees_a_secret_in_each_of_the_places(platform: Running) -> None:
    """What is in plain sight on purpose is found in every kind of place: the ears of the scan work."""
    seeded = workspace(platform.api, "sight")
    platform.state.objects.joinpath(f"{seeded.word}.txt").write_text(seeded.word)
    made = platform.api.under(seeded.api.credential)
    made.call("POST", "/api/connections", s3_connection(platform.state, f"{seeded.word}-s3"))
    session = made.opened(f"{seeded.word}-s3", {"path": f"{seeded.word}.csv"})
    until(
        "the events are in the tables of notification",
        lambda: any(seeded.word in json.dumps(event) for event in made.items("/api/events")),
    )
    found = Scanner({"it": seeded.word}).found(iter(await kept(platform)))
    places = {where.partition(" ")[0] for where in found}
    assert {"topic", "table"} <= places
    assert any(seeded.word in where for where in found), "the object store"
    by_id = Scanner({"it": session["id"]}).found(iter(await kept(platform)))
    assert {"workflow", "history"} <= {where.partition(" ")[0] for where in by_id}
    platform.state.objects.joinpath(f"{seeded.word}.txt").unlink()
    for door in (made, seeded.api):
        door.close()
