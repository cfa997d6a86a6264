"""Hostile queries and expressions, sent to the running stack: refused with a sentence, and nothing of them runs."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks import WAYS, Attack, assert_kind
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace with nothing in it yet."""
    made = workspace(platform.api, "hostile")
    yield made
    made.api.close()


@pytest.fixture(scope="module")
def session(seeded: Seeded) -> str:
    """A session over a file of two rows."""
    sent = seeded.api.send("PUT", "/api/uploads/a.csv", b"a,s,v\n1,x,0.5\n2,y,1.5\n")
    assert sent.status == 201, sent.body
    return str(seeded.api.opened("uploads", sent.json["selection"])["id"])


@pytest.mark.parametrize(("attack", "way"), WAYS.values(), ids=WAYS.keys())
def test_it_is_refused_wherever_it_is_written(seeded: Seeded, session: str, attack: Attack, way: Any) -> None:
    text = attack.aimed(secret="/etc/hostname", table="/x.parquet", target="/tmp/x", address="127.0.0.1:9", parent="1")
    answer = seeded.api.send("POST", f"/api/sessions/{session}/nodes", {"steps": [way(text)]})
    assert_kind(answer.json, text)
    assert answer.json["errors"][0]["pointer"].startswith("/steps/0/")
    draft = {"name": "hostile", "recipe": {"steps": [way(text)]}}
    columns = [{"name": "a", "type": "integer"}, {"name": "s", "type": "string"}, {"name": "v", "type": "float"}]
    draft |= {"input_contract": {"columns": columns}, "output_contract": {"columns": columns}}
    answer = seeded.api.send("POST", "/api/modules", draft)
    assert_kind(answer.json, text)
    assert answer.json["errors"][0]["pointer"].startswith("/recipe/steps/0/")


def test_nothing_was_made_of_any_of_them(seeded: Seeded, session: str) -> None:
    assert len(seeded.api.call("GET", f"/api/sessions/{session}")["nodes"]) == 1
    answer = seeded.api.send("POST", f"/api/sessions/{session}/nodes", {"steps": [{"kind": "limit", "rows": 1}]})
    assert answer.status in (200, 201), answer.body
    assert seeded.api.send("GET", "/api/modules/hostile").status == 404
