"""Steps that nobody should send, sent to the running stack: refused with their place before they run, or harmless."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.bad_recipes import HARMLESS, LONG, REFUSED, Step
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace

ROWS = f"a,b\n1,x\n2,{LONG}\n".encode()


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace that has made no connection at all."""
    made = workspace(platform.api, "recipes")
    yield made
    made.api.close()


@pytest.fixture(scope="module")
def session(seeded: Seeded) -> Any:
    """A session of two rows."""
    return opened(seeded, "rows.csv", ROWS)


def opened(seeded: Seeded, name: str, body: bytes) -> Any:
    """A session on a file that was sent."""
    sent = seeded.api.call("PUT", f"/api/uploads/{name}", body)
    made = seeded.api.opened("uploads", sent["selection"])
    assert made["state"] == "open", made
    return made


def grown(seeded: Seeded, session: Any, steps: list[Step]) -> Any:
    """What comes of steps on the first node of a session."""
    body = {"steps": steps, "parent_id": session["nodes"][0]["id"]}
    return seeded.api.send("POST", f"/api/sessions/{session['id']}/nodes", body)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_should_send_is_refused_with_its_place(seeded: Seeded, session: Any, name: str) -> None:
    started = time.monotonic()
    answer = grown(seeded, session, REFUSED[name])
    if answer.status == 413:  # too large to be looked at
        assert name in ("92/megabyte", "112/many"), answer.body
    else:
        assert answer.status == 422, answer.body
        assert all(error["pointer"].startswith("/steps") and error["message"] for error in answer.json["errors"])
    for telling in ("Traceback", "passwd:", "sqlglot", "polars"):
        assert telling.encode() not in answer.body
    assert time.monotonic() - started < 20
    assert len(seeded.api.call("GET", f"/api/sessions/{session['id']}")["nodes"]) <= 1 + len(HARMLESS), "nothing ran"


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_only_odd_does_what_it_says(seeded: Seeded, session: Any, name: str) -> None:
    steps, expected = HARMLESS[name]
    answer = grown(seeded, session, steps)
    assert answer.status == 201, answer.body
    path = f"/api/sessions/{session['id']}/nodes/{answer.json['id']}/preview"
    assert [row["c"] for row in seeded.api.call("GET", path)["rows"]] == expected


@pytest.mark.parametrize("rows", [100], ids=["94/explode"])
def test_rows_may_become_a_thousand_each(seeded: Seeded, rows: int) -> None:
    parts = ",".join(["x"] * 1_000)
    session = opened(seeded, "parts.csv", b"c\n" + f'"{parts}"\n'.encode() * rows)
    answer = grown(seeded, session, [{"kind": "explode", "column": "c", "separator": ","}])
    assert answer.status == 201, answer.body
    assert answer.json["rows"] == 1_000 * rows


@pytest.mark.parametrize("to", ["decimal", "integer"], ids=["97/decimal", "97/integer"])
def test_values_that_have_no_number_are_set_aside(seeded: Seeded, to: str) -> None:
    session = opened(seeded, "amounts.csv", b"c,d\n15,x\nten,y\n25,z\n,w\n")
    assert session["nodes"][0]["rows"] == 4
    cast = {"kind": "cast", "columns": {"c": to}, "on_failure": "quarantine"}
    answer = grown(seeded, session, [{"kind": "cast", "columns": {"c": "string"}}, cast])
    assert answer.status == 201, answer.body
    assert (answer.json["rows"], answer.json["quarantined"]["rows"]) == (3, 1)
