"""What the world really sends: each bad thing is named for what it is, nothing breaks, and what is good goes on."""

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import aiokafka
import psycopg
import pytest

from tests.connections import s3_connection, warehouse_connection
from tests.e2e.client import door
from tests.e2e.deliveries import KEEP, notification, put_file, put_workflow, supplied
from tests.e2e.running import Running
from tests.e2e.scanning import in_topics
from tests.e2e.seeding import Seeded, signed
from tests.waiting import until


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace with a bucket, a warehouse and a module."""
    with supplied(platform, "bad") as made:
        yield made


# -- who asks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "Bearer x",
        "Bearer mdk_",
        f"Bearer mdk_{'0' * 32}_{'A' * 43}",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "Basic YWRtaW46YWRtaW4=",
    ],
)
def test_nobody_enters(platform: Running, credential: str) -> None:
    with door(platform.state.public_url) as nobody:
        answer = nobody.send("GET", "/api/connections", headers={"Authorization": credential})
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_analyst_may_look_and_not_touch(seeded: Seeded) -> None:
    key = seeded.api.call("POST", "/api/keys", {"name": "looks", "role": "analyst"})["key"]
    analyst = seeded.api.under(key)
    assert analyst.send("GET", "/api/connections").status == 200
    for method, path, body in (
        ("DELETE", "/api/connections/landing", None),
        ("DELETE", "/api/connections/nobody-has-this", None),
        ("POST", "/api/keys", {"name": "mine", "role": "admin"}),
        ("POST", "/api/workspaces", {"workspace": "w", "email": "a@b.test", "password": "p" * 20}),
        ("GET", "/api/dead-letters/connector", None),
    ):
        answer = analyst.send(method, path, body)
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), (path, answer.body)
    analyst.close()


@pytest.mark.parametrize(
    "name",
    ["5ab3f0de-6c1b-4f0e-9d0a-0f3f6f3f9b11", "x", "%00", "..%2f..%2fetc", "1' OR '1'='1", "é", "0" * 2_000],
)
def test_what_is_not_there_is_404_whatever_it_is_called(seeded: Seeded, name: str) -> None:
    bodies = {
        seeded.api.send("GET", f"/api/{what}/{name}").body
        for what in ("runs", "sessions", "quarantine", "drift-reports", "modules", "workflows", "connections")
    }
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["code"] == "not_found"


# -- files --------------------------------------------------------------------------------------------------------

FILES: dict[str, tuple[bytes, str, tuple[int, int, int], str | None]] = {
    # name: content, how the run ends, rows (read, loaded, quarantined), why something was set aside
    "empty": (b"", "succeeded", (0, 0, 0), None),
    "header-only": (b"a,b\n", "succeeded", (0, 0, 0), None),
    "utf-16": ("\ufeffa,b\n1,é\n2,x\n".encode("utf-16-le"), "succeeded", (2, 2, 0), None),
    "windows-1252": ("a,b\n1,é\n".encode("cp1252"), "succeeded", (1, 1, 0), None),
    "carriage-returns": (b"a,b\r1,x\r2,y\r", "succeeded", (2, 2, 0), None),
    "semicolons": (b"a;b\n1;x\n2;y\n", "succeeded", (2, 2, 0), None),
    "ragged": (b"a,b\n1,x\n2,y\n3,z\n4,w\n5\n6,q\n", "succeeded", (6, 6, 0), None),
    "too-long-rows": (b"a,b\n1,x\n2,y\n3,z\n4,w,!\n5,v\n", "partial", (5, 4, 1), "too_many_fields"),
    "cut-in-a-line": (b"a,b\n1,x\n2,y\n3,z\n4,w\n5,v\n6", "quarantined", (0, 0, 0), "truncated"),
    "cut-in-a-quote": (b'a,b\n1,x\n2,y\n3,z\n6,"cut o', "quarantined", (0, 0, 0), "unterminated_quote"),
    "zeros": (b"\x00" * 100, "quarantined", (0, 0, 0), "binary"),
    "other-columns": (b"c,d\n1,x\n", "quarantined", (1, 0, 1), "drift"),
}


@pytest.fixture(scope="module")
def ends(seeded: Seeded) -> dict[str, Any]:
    """Every file through a run of its own, all at once."""
    asked = {}
    for name, (body, *_) in FILES.items():
        put_workflow(seeded, name)
        put_file(seeded, f"{seeded.word}/{name}/1.csv", body)
        asked[name] = seeded.api.call("POST", f"/api/workflows/{name}/runs")["id"]
    return {name: seeded.api.ended(run_id, 120) for name, run_id in asked.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_ends_as_what_it_is(platform: Running, seeded: Seeded, ends: dict[str, Any], name: str) -> None:
    _, state, (read, loaded, quarantined), reason = FILES[name]
    run = ends[name]
    books = run["books"]
    ended = (run["state"], books["read"], books["loaded"], books["quarantined"])
    assert ended == (state, read, loaded, quarantined), json.dumps(run)
    assert books["read"] == sum(books[term] for term in ("loaded", "filtered", "deduplicated", "quarantined"))
    entries = seeded.api.items(f"/api/quarantine?run={run['id']}")
    assert [entry["reason"] for entry in entries] == ([reason] if reason else [])
    if loaded:
        with psycopg.connect(platform.state.warehouse_dsn) as connection:
            table = f"{seeded.word}_{name.replace('-', '_')}"
            (count,) = connection.execute(f'SELECT count(*) FROM "{table}"'.encode()).fetchone() or (0,)
        assert count == loaded


# -- recipes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "pointer", "code"),
    [
        ({"kind": "filter", "where": "nowhere > 1"}, "/steps/0/where", "column_unknown"),
        ({"kind": "select", "columns": ["a", "nowhere"]}, "/steps/0/columns/1", "column_unknown"),
        ({"kind": "filter", "where": "a >"}, "/steps/0/where", "syntax"),
        ({"kind": "filter", "where": "pg_read_file('/etc/passwd') = ''"}, "/steps/0/where", "function_unknown"),
        ({"kind": "explode"}, "/steps/0", None),
    ],
)
def test_a_recipe_that_cannot_run_is_refused_before_it_does(
    seeded: Seeded, step: dict[str, Any], pointer: str, code: str | None
) -> None:
    key = f"{seeded.word}/recipes/1.csv"
    put_file(seeded, key, b"a,b\n1,x\n")
    session = seeded.api.opened("landing", {"path": key})
    answer = seeded.api.send("POST", f"/api/sessions/{session['id']}/nodes", {"steps": [step]})
    assert answer.status == 422, answer.body
    (error, *_) = answer.json["errors"]
    assert error["pointer"].startswith(pointer)
    assert code in (None, error["code"])
    assert len(seeded.api.call("GET", f"/api/sessions/{session['id']}")["nodes"]) == 1, "nothing ran"
    if step["kind"] == "select":
        draft = KEEP | {"name": "wrong", "recipe": {"steps": [step]}}
        answer = seeded.api.send("POST", "/api/modules", draft)
        assert answer.status == 422, answer.body
        assert answer.json["errors"][0]["pointer"].startswith(f"/recipe{pointer}")


# -- connections --------------------------------------------------------------------------------------------------


class Odd:
    """Servers that are no databases: one says nothing, one hangs up."""

    def __init__(self) -> None:
        self.silent = socket.create_server(("127.0.0.1", 0))
        self.rude = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._hang_up, daemon=True).start()

    def _hang_up(self) -> None:
        while True:
            try:
                self.rude.accept()[0].close()
            except OSError:
                return

    def close(self) -> None:
        """End both."""
        self.rude.shutdown(socket.SHUT_RDWR)
        self.rude.close()
        self.silent.close()


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    servers = Odd()
    yield servers
    servers.close()


@pytest.mark.parametrize("wrong", ["dns", "refused", "tls", "auth", "timeout", "permission", "hangs-up", "not-allowed"])
def test_a_connection_that_cannot_connect_says_which_way(
    platform: Running, seeded: Seeded, odd: Odd, wrong: str
) -> None:
    body = warehouse_connection(platform.state, "x")
    settings, password = body["settings"], "a-password-9d2c7b"
    change, code = {
        "dns": ({"host": "no-such-host.invalid"}, "dns"),
        "refused": ({"port": 9}, "refused"),
        "tls": ({"sslmode": "require"}, "tls"),
        "auth": ({}, "auth"),
        "timeout": ({"port": odd.silent.getsockname()[1]}, "timeout"),
        "permission": ({"database": "modulardata"}, "permission"),
        "hangs-up": ({"port": odd.rude.getsockname()[1]}, "refused"),
        "not-allowed": ({"host": "169.254.169.254"}, "refused"),
    }[wrong]
    secrets = body["secrets"] if wrong == "permission" else {"password": password}
    tried = {"kind": "postgres", "settings": settings | change, "secrets": secrets}
    answer = seeded.api.send("POST", "/api/connections:test", tried)
    assert answer.status == 200, answer.body
    said = answer.json
    assert (said["ok"], said["code"]) == (False, code), said
    for forbidden in ("Traceback", "psycopg", "asyncpg", password, body["secrets"]["password"]):
        assert forbidden.encode() not in answer.body
    assert said["milliseconds"] < 20_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secrets": {"access_key_id": "AKWRONG", "secret_access_key": "wrong"}}, "auth"),
        ({"settings": {"endpoint_url": "http://127.0.0.1:9", "bucket": "landing"}}, "refused"),
        ({"settings": {"endpoint_url": "http://no-such-host.invalid", "bucket": "landing"}}, "dns"),
        ({"bucket": "no-such-bucket"}, "not_found"),
    ],
)
def test_a_bucket_that_cannot_be_reached_says_which_way(
    platform: Running, seeded: Seeded, change: dict[str, Any], code: str
) -> None:
    body = s3_connection(platform.state, "x")
    if "bucket" in change:
        change = {"settings": body["settings"] | change}
    body |= change
    del body["name"]
    said = seeded.api.call("POST", "/api/connections:test", body)
    assert (said["ok"], said["code"]) == (False, code), said


# -- events -------------------------------------------------------------------------------------------------------


def test_events_of_a_bucket(platform: Running, seeded: Seeded) -> None:
    applied = put_workflow(seeded, "arrivals", {"kind": "s3_event", "name": "arrival", "watch": False})
    (trigger,) = applied["triggers"]
    address, bucket = f"/hooks/{trigger['id']}", platform.state.s3_bucket
    nobody = seeded.api.under(None)

    def deliver(body: bytes, secret: str = trigger["secret"], **changes: str) -> Any:
        return nobody.send("POST", address, body, headers=signed(secret, body) | changes)

    # A key that is written otherwise in the event than in the bucket.
    key = f"{seeded.word}/arrivals/März + 50% of.csv"
    made = put_file(seeded, key, b"a,b\n1,x\n2,y\n")
    event = notification(bucket, key, made["etag"], made["size"])
    first = deliver(event)
    assert (first.status, len(first.json["runs"])) == (202, 1), first.body
    again = deliver(event)
    assert (again.json["runs"], again.json["repeated"]) == (first.json["runs"], first.json["runs"])
    run = seeded.api.ended(first.json["runs"][0])
    assert (run["state"], run["books"]["loaded"]) == ("succeeded", 2), run
    assert [item["key"] for item in run["objects"]] == [key]

    # Nothing to do, and said so.
    for body, reason in (
        (notification("somebody-elses-bucket", key, "e1"), "other_bucket"),
        (notification(bucket, "elsewhere/x.csv", "e1"), "outside_path"),
        (notification(bucket, f"{seeded.word}/arrivals/x.csv.tmp", "e1"), None),
    ):
        ignored = deliver(body)
        assert ignored.status == 202, ignored.body
        assert (ignored.json["runs"], len(ignored.json["ignored"])) == ([], 1)
        assert reason in (None, ignored.json["ignored"][0]["reason"])
    test = deliver(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket}).encode())
    assert (test.status, test.json["runs"]) == (200, [])

    # Not an event at all, and none of ours.
    for body in (b"{}", b"[]", b'{"Records": []}', b'{"Records": [1]}', b'{"Records": [{"eventName": "x"}]}'):
        assert deliver(body).status == 422, body
    assert deliver(b"not json").status in (400, 422)
    assert deliver(event, "whsec_" + "QUJD" * 8).status == 401
    assert nobody.send("POST", address, event).status == 401
    assert deliver(event, **{"webhook-timestamp": "1"}).status == 401
    assert nobody.send("POST", f"/hooks/{uuid.uuid4()}", event, headers=signed(trigger["secret"], event)).status == 404
    nobody.close()


async def test_an_undecodable_event_is_set_aside_and_the_next_one_flows(platform: Running, seeded: Seeded) -> None:
    garbage = b'\x00\xff{"run_id": 5' + uuid.uuid4().bytes
    event_id = str(uuid.uuid4())
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": "/services/orchestrator",
        "ce_type": "run.requested.v1",
        "ce_subject": str(uuid.uuid4()),
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_tenant": seeded.workspace_id,
    }
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=platform.state.kafka)
    await producer.start()
    try:
        for partition in await producer.partitions_for("runs"):
            sent = [(name, value.encode()) for name, value in headers.items()]
            await producer.send_and_wait("runs", garbage, key=b"k", headers=sent, partition=partition)
    finally:
        await producer.stop()
    partitions = 4

    # The next ones flow, on every partition.
    name = "after-garbage"
    put_workflow(seeded, name)
    put_file(seeded, f"{seeded.word}/{name}/1.csv", b"a,b\n1,x\n")
    assert {seeded.api.run(name)["state"] for _ in range(3)} == {"succeeded"}

    address = "/api/dead-letters/orchestrator"

    def letters() -> list[Any]:
        return [letter for letter in platform.api.items(address) if letter["event_id"] == event_id]

    until("all letters are there", lambda: len(letters()) == partitions)
    assert {letter["tenant"] for letter in letters()} == {seeded.workspace_id}
    kept = [
        whole for where, whole in await in_topics(platform.state.kafka) if where.startswith("topic orchestrator-dlq")
    ]
    assert sum(whole.endswith(garbage) for whole in kept) == partitions, "byte for byte"

    # Sent back unmended they come again; nobody else's letters move.
    before = {letter["offset"] for letter in letters()}
    done = platform.api.call("POST", f"{address}:replay", {"tenant": seeded.workspace_id})
    assert done["replayed"] == partitions
    until("they are set aside anew", lambda: len({letter["offset"] for letter in letters()} - before) == partitions)
