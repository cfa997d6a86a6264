"""Uploads, tags of a deployed module and other tables of a recipe, said on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.errors import Exit
from tests.commands import Command
from tests.integration.cli.told_api import Api

UPLOAD = f"{'9f' * 32}/M%C3%A4rz%20100%20%25.csv"
SCHEMA = {"columns": [{"name": "code", "type": "string"}]}


def asked(api: Api, method: str, path: str) -> Any:
    """The body of the last such request."""
    return json.loads([one for one in api.asked if (one.method, one.path) == (method, path)][-1].body)


def session(name: str) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = [{"id": f"{name}-n1", "steps": [], "parent_id": None, "rows": 1}]
    return {"id": name, "state": "open", "current_node_id": f"{name}-n1", "nodes": nodes}


def node(name: str, dataset: str) -> dict[str, Any]:
    return {"id": f"{name}-n1", "dataset": {"id": dataset}, "schema": SCHEMA, "session_id": name}


def test_uploads_are_listed_sent_and_removed(api: Api, command: Command) -> None:
    item = {"upload": UPLOAD, "name": "März 100 %.csv", "size": 7, "created_at": "2026-01-01", "used_at": "2026-01-02"}
    api.on("GET", "/api/uploads", (200, {"items": [item], "next_cursor": None}))
    assert command("uploads", "list", "-o", "json").document["items"] == [item]
    api.on("PUT", "/api/uploads/a.csv", (201, item | {"upload": "ab/a.csv"}))
    (command.folder / "a.csv").write_bytes(b"a\n1\n")
    assert command("uploads", "send", "a.csv", "-o", "json").document["upload"] == "ab/a.csv"
    assert api.asked[-1].body == b"a\n1\n"
    assert command("uploads", "send", "nowhere.csv").code == Exit.USAGE
    api.on("DELETE", f"/api/uploads/{UPLOAD}", (204, None))
    for named in (UPLOAD, f"uploads:{UPLOAD}"):
        assert command("uploads", "delete", named).code == Exit.GOOD
        assert api.asked[-1].path == f"/api/uploads/{UPLOAD}"
    assert command("uploads", "delete", "a.csv").code == Exit.USAGE
    assert command("uploads", "delete", "ab/b.csv").code == Exit.FAILED


def test_an_upload_is_opened_by_its_name(api: Api, command: Command) -> None:
    api.on("POST", "/api/sessions", (202, session("s1")))
    api.on("GET", "/api/sessions/s1", (200, session("s1")))
    assert command("sessions", "open", f"uploads:{UPLOAD}").code == Exit.GOOD
    assert asked(api, "POST", "/api/sessions") == {"connection": "uploads", "selection": {"upload": UPLOAD}}


def test_a_module_gets_its_tags_with_its_first_version(api: Api, command: Command) -> None:
    api.on("GET", "/api/sessions/s1", (200, session("s1")))
    api.on("POST", "/api/sessions/s1:deploy", (201, {"name": "clean", "version": 1}))
    (command.folder / "README.md").write_text("# Clean\n")
    told = ["--tag", "daily", "--tag", "flights", "--category", "air", "--owner", "ops", "--readme", "README.md"]
    assert command("sessions", "deploy", "s1", "clean", *told).code == Exit.GOOD
    details = {"tags": ["daily", "flights"], "category": "air", "owner": "ops", "readme": "# Clean\n"}
    assert asked(api, "POST", "/api/sessions/s1:deploy")["details"] == details
    assert command("sessions", "deploy", "s1", "clean").code == Exit.GOOD
    assert "details" not in asked(api, "POST", "/api/sessions/s1:deploy"), "what is not said stays"
    assert command("sessions", "deploy", "s1", "clean", "--tag", "").code == Exit.GOOD
    assert asked(api, "POST", "/api/sessions/s1:deploy")["details"] == {"tags": []}
    assert command("sessions", "deploy", "s1", "clean", "--readme", "none.md").code == Exit.USAGE


def test_a_session_is_removed(api: Api, command: Command) -> None:
    api.on("GET", "/api/sessions/s1", (200, session("s1")))
    api.on("DELETE", "/api/sessions/s1", (204, None))
    assert command("sessions", "delete", "s1").code == Exit.GOOD
    assert (api.asked[-1].method, api.asked[-1].path) == ("DELETE", "/api/sessions/s1")


@pytest.fixture
def sessions(api: Api, command: Command) -> Path:
    """A session to add to, another whose table is looked at, and one for whatever file is sent."""
    for name, dataset in (("s1", "a" * 64), ("s2", "b" * 64), ("s3", "c" * 64)):
        api.on("GET", f"/api/sessions/{name}", (200, session(name)))
        api.on("GET", f"/api/sessions/{name}/nodes/{name}-n1", (200, node(name, dataset)))
    for path in ("/api/sessions/s1/nodes", "/api/sessions/s1:edit"):
        api.on("POST", path, (201, node("s1", "d" * 64)))
    source = {"connection": "uploads", "selection": {"upload": "ab/codes.csv"}}
    api.on("PUT", "/api/uploads/codes.csv", (201, source))
    api.on("POST", "/api/sessions", (202, session("s3")))
    (command.folder / "codes.csv").write_text("code\nUA\n")
    return command.folder


LOOKUP = "lookup: {with: codes, on: [{left: carrier, right: code}], columns: [code]}"


@pytest.mark.parametrize(("said", "dataset"), [("s2:s2-n1", "b"), ("s2:", "b"), ("s1-n1", "a"), ("codes.csv", "c")])
@pytest.mark.parametrize("how", ["add", "edit"])
def test_another_table_is_named(api: Api, command: Command, sessions: Path, how: str, said: str, dataset: str) -> None:
    way, path = {
        "add": (["add", "s1"], "/api/sessions/s1/nodes"),
        "edit": (["edit", "s1", "insert", "1"], "/api/sessions/s1:edit"),
    }[how]
    done = command("sessions", *way, "--step", LOOKUP, "--with", f"codes={said}")
    assert done.code == Exit.GOOD, done.err
    table = {"kind": "dataset", "dataset": dataset * 64, "table_schema": SCHEMA}
    assert asked(api, "POST", path)["inputs"] == {"codes": table}


@pytest.mark.parametrize("said", ["codes", "=s2:", "codes="])
def test_a_table_that_is_put_wrongly_is_refused(command: Command, sessions: Path, said: str) -> None:
    assert command("sessions", "add", "s1", "--step", LOOKUP, "--with", said).code == Exit.USAGE


def test_a_file_of_steps_brings_its_other_tables(api: Api, command: Command, sessions: Path) -> None:
    table = {"kind": "dataset", "dataset": "e" * 64, "table_schema": SCHEMA}
    steps = sessions / "steps.json"
    steps.write_text(json.dumps({"steps": [LOOKUP], "inputs": {"codes": table}}))
    assert command("sessions", "add", "s1", "--file", "steps.json").code == Exit.GOOD
    assert asked(api, "POST", "/api/sessions/s1/nodes")["inputs"] == {"codes": table}
    # What is said on the command line counts.
    assert command("sessions", "add", "s1", "--file", "steps.json", "--with", "codes=s2:").code == Exit.GOOD
    assert asked(api, "POST", "/api/sessions/s1/nodes")["inputs"]["codes"]["dataset"] == "b" * 64
    steps.write_text(json.dumps({"steps": [LOOKUP], "inputs": ["codes"]}))
    assert command("sessions", "add", "s1", "--file", "steps.json").code == Exit.USAGE


def test_the_other_tables_of_steps_and_modules_are_shown(api: Api, command: Command, sessions: Path) -> None:
    table = {"kind": "dataset", "dataset": "e" * 64, "table_schema": SCHEMA}
    of_module = {"kind": "module", "module": "airlines", "table_schema": SCHEMA}
    step = {"kind": "limit", "rows": 1, "offset": 0}
    seen = node("s1", "a" * 64) | {"all_steps": [step], "inputs": {"codes": table, "names": of_module}}
    api.on("GET", "/api/sessions/s1/nodes/s1-n1", (200, seen))
    told = {"number": 1, "english": "keep the first 1 row", "books": None}
    api.on("GET", "/api/sessions/s1/nodes/s1-n1/steps", (200, {"steps": [told], "origins": None}))
    said = command("sessions", "steps", "s1").out
    assert all(word in said for word in ("codes", "eeeeeeeeeeee…", "names", "module airlines"))
    version = {
        "name": "clean",
        "number": 1,
        "recipe": {"steps": [step], "inputs": {"names": of_module}},
        "input_contract": SCHEMA,
        "output_contract": SCHEMA,
        "input_checks": [],
        "output_checks": [],
    }
    api.on("GET", "/api/modules/clean/versions/1", (200, version))
    assert "module airlines" in command("modules", "show", "clean", "--version", "1").out
