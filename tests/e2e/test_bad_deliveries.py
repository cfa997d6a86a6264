"""Files that are no whole delivery: empty ones empty nothing, and what changes while it comes is not taken."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.e2e.deliveries import notification, put_file, put_workflow, supplied
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, signed

# What is in the file, how a run over it ends, and the reason of what it sets aside.
EMPTY: dict[str, tuple[bytes, str, list[str]]] = {
    "58/header.csv": (b"a,b\n", "succeeded", []),
    "58/empty.csv": (b"", "succeeded", []),
    "58/mark.csv": (b"\xef\xbb\xbf", "quarantined", ["empty"]),
    "58/blank.csv": (b" \n\n", "quarantined", ["empty"]),
}


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace with a bucket, a warehouse and a module."""
    with supplied(platform, "deliveries") as made:
        yield made


def loaded(platform: Running, seeded: Seeded, workflow: str) -> list[tuple[Any, ...]]:
    """The rows in the warehouse."""
    with psycopg.connect(platform.state.warehouse_dsn) as connection:
        return connection.execute(f'SELECT a, b FROM "{seeded.word}_{workflow}" ORDER BY a'.encode()).fetchall()


def test_an_empty_file_empties_nothing(platform: Running, seeded: Seeded) -> None:
    """Row 58, in the mode in which a run replaces all that was there."""
    put_workflow(seeded, "whole", mode="replace")
    put_file(seeded, f"{seeded.word}/whole/0.csv", b"a,b\n1,x\n2,y\n")
    assert seeded.api.run("whole")["state"] == "succeeded"
    for at, (body, state, reasons) in enumerate(EMPTY.values(), 1):
        put_file(seeded, f"{seeded.word}/whole/{at}.csv", body)
        run = seeded.api.run("whole")
        assert (run["state"], run["books"]["read"], run["books"]["loaded"]) == (state, 0, 0), run
        assert [entry["reason"] for entry in seeded.api.items(f"/api/quarantine?run={run['id']}")] == reasons
        assert loaded(platform, seeded, "whole") == [(1, "x"), (2, "y")], body
    put_file(seeded, f"{seeded.word}/whole/9.csv", b"a,b\n3,z\n")
    assert seeded.api.run("whole")["state"] == "succeeded"
    assert loaded(platform, seeded, "whole") == [(3, "z")], "one that is not empty replaces"


@pytest.mark.parametrize(
    "path", ["uploads/cut.csv", "connections/landing/files/{word}/cut.csv"], ids=lambda p: f"64/{p}"
)
def test_what_is_cut_off_on_its_way_is_not_taken(platform: Running, seeded: Seeded, path: str) -> None:
    address, path = urlsplit(platform.state.public_url), f"/api/{path.format(word=seeded.word)}"
    whole, cut = b"a,b\n1,x\n2,y\n", b"a,b\n1,x\n"
    head = f"PUT {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {seeded.api.credential}\r\n"
    head += f"Content-Type: application/octet-stream\r\nContent-Length: {len(whole)}\r\n\r\n"
    with socket.create_connection((address.hostname or "", address.port or 80), 10) as end:
        end.sendall(head.encode() + cut)
        end.shutdown(socket.SHUT_WR)
        answer = end.recv(4_096)  # none, or a refusal: nobody listens any more
    assert not answer or answer.split()[1].startswith(b"4"), answer
    listed = "/api/uploads" if "uploads" in path else f"/api/connections/landing/files?prefix={seeded.word}/cut"
    assert "cut.csv" not in seeded.api.send("GET", listed).body.decode()
    assert seeded.api.send("PUT", path, whole).status == 201, "and it can be sent again"
    assert "cut.csv" in seeded.api.send("GET", listed).body.decode()


def test_what_was_written_over_is_not_read_in_its_place(platform: Running, seeded: Seeded) -> None:
    """Row 64: the event of the older version loads nothing; that of the newer one loads it, once."""
    (trigger,) = put_workflow(seeded, "changing", {"kind": "s3_event", "name": "arrival", "watch": False})["triggers"]
    key, bucket = f"{seeded.word}/changing/1.csv", platform.state.s3_bucket
    older = put_file(seeded, key, b"a,b\n1,x\n")
    newer = put_file(seeded, key, b"a,b\n1,x\n2,y\n")
    ended = []
    for version in (older, newer, newer):
        event = notification(bucket, key, version["etag"], version["size"])
        address = f"/hooks/{trigger['id']}"
        answer = seeded.api.send("POST", address, event, headers=signed(trigger["secret"], event))
        assert answer.status == 202, answer.body
        ended.append(seeded.api.ended(answer.json["runs"][0]))
    assert (ended[0]["state"], ended[0]["error_code"], ended[0]["books"]["loaded"]) == (
        "failed",
        "object_changed",
        0,
    )
    assert (ended[1]["state"], ended[1]["books"]["loaded"]) == ("succeeded", 2)
    assert ended[2]["id"] == ended[1]["id"]
    assert loaded(platform, seeded, "changing") == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("kind", ["sftp", "ftp", "file"], ids=lambda kind: f"64/{kind}")
def test_a_kind_that_is_not_there_is_refused(seeded: Seeded, kind: str) -> None:
    body = {
        "name": "drop",
        "kind": kind,
        "settings": {"host": "drop.test", "path": "/in"},
        "secrets": {"password": "x"},
    }
    answer = seeded.api.send("POST", "/api/connections", body)
    assert answer.status == 422, answer.body
    assert answer.json["errors"][0]["pointer"] == "/kind", answer.body
    assert seeded.api.send("GET", "/api/connections/drop").status == 404
