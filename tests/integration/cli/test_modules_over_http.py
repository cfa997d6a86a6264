"""The commands about modules against a real HTTP server: code, search, trials, comparisons."""

import json

from cli.errors import Exit
from tests.commands import Command
from tests.integration.cli.told_api import NO_ITEMS, Api

CODE = "# a module\r\nmodule: clean-flights\nsteps: []\n"


def test_a_modules_code_comes_and_goes_to_the_byte(api: Api, command: Command) -> None:
    api.on("GET", "/api/modules/clean-flights", (200, {"current_version": 3}))
    api.on("GET", "/api/modules/clean-flights/versions/3/code", (200, CODE.encode()))
    assert command("modules", "code", "clean-flights", "--to", "clean.yaml").code == Exit.GOOD
    assert (command.folder / "clean.yaml").read_bytes() == CODE.encode()
    made = {"name": "clean-flights", "version": 3, "semantic_version": "2.0.0", "created": False}
    api.on("POST", "/api/modules/clean-flights:save", (200, made))
    done = command("modules", "save", "clean.yaml", "--keep-current")
    assert (done.code, "says this already" in done.err) == (Exit.GOOD, True)
    assert json.loads(api.asked[-1].body) == {"source": CODE, "reason": "", "make_current": False}


def test_what_is_wrong_with_a_code_is_said_as_editors_know_it(api: Api, command: Command) -> None:
    (command.folder / "clean.yaml").write_text(CODE)
    wrong = {"pointer": "/steps/0/where", "code": "syntax", "message": "there is no end", "line": 12, "column": 7}
    api.on("POST", "/api/modules/clean-flights:check-code", (422, {"detail": "It cannot be used.", "errors": [wrong]}))
    done = command("modules", "check", "clean.yaml", "-o", "json")
    assert (done.code, done.document["error"]["errors"][0]["line"]) == (Exit.FAILED, 12)
    assert "clean.yaml:12:7 /steps/0/where: there is no end" in done.err
    (command.folder / "clean.yaml").write_text("steps: []\n")
    assert command("modules", "check", "clean.yaml").code == Exit.USAGE


def test_modules_are_looked_for_by_all_that_is_said(api: Api, command: Command) -> None:
    api.on("GET", "/api/modules", NO_ITEMS)
    found = command("modules", "list", "--search", "delays of", "--tag", "a", "--tag", "b", "--archived")
    assert found.code == Exit.GOOD
    asked = api.asked[-1].query
    assert (asked["q"], asked["tag"], asked["archived"]) == (["delays of"], ["a", "b"], ["yes"])


TRIAL = {
    "id": "t1",
    "state": "done",
    "module": {"name": "clean", "version": 2},
    "input": {"kind": "file"},
    "rows_read": 4,
    "rows": 3,
    "set_aside": 0,
    "set_aside_sample": None,
    "output": {"columns": [{"name": "a", "type": "integer"}]},
    "books": [{"module": "clean", "step": 0, "kind": "filter", "rows_in": 4, "rows_out": 3}],
    "checks": [],
}


def test_a_module_is_tried_on_a_file_of_this_machine(api: Api, command: Command) -> None:
    (command.folder / "january.csv").write_bytes(b"a\n1\n")
    source = {"connection": "uploads", "selection": {"upload": "ab/january.csv"}}
    api.on("PUT", "/api/uploads/january.csv", (201, {"upload": "ab/january.csv", "source": source}))
    api.on("POST", "/api/module-trials", (202, TRIAL | {"state": "running"}))
    api.on("GET", "/api/module-trials/t1", (200, TRIAL | {"state": "running"}), (200, TRIAL))
    api.on("GET", "/api/module-trials/t1/rows", (200, {"total": 3, "rows": [{"a": 1}]}))
    done = command("modules", "try", "clean", "--on", "january.csv", "-o", "json")
    assert (done.code, done.document["sample"]) == (Exit.GOOD, [{"a": 1}])
    asked = next(request for request in api.asked if request.method == "POST")
    assert json.loads(asked.body) == {"module": {"name": "clean"}, "input": {"kind": "file"} | source}
    api.on("GET", "/api/module-trials/t1", (200, TRIAL | {"set_aside": 1}))
    assert command("modules", "try", "clean", "--run", "r1", "--rows", "0").code == Exit.PARTIAL
    api.on("GET", "/api/module-trials/t1", (200, TRIAL | {"state": "failed", "code": "x", "message": "no such rows"}))
    failed = command("modules", "try", "clean", "--session", "s1", "--node", "n1")
    assert (failed.code, "no such rows" in failed.err) == (Exit.FAILED, True)
    assert command("modules", "try", "clean", "--session", "s1", "--run", "r1").code == Exit.USAGE
    assert command("modules", "try", "clean").code == Exit.USAGE


def test_two_versions_are_compared_on_rows(api: Api, command: Command) -> None:
    static = {"steps": [], "inputs": [], "level": "patch", "changes": []}
    api.on("GET", "/api/modules/clean/compare", (200, static))
    assert command("modules", "compare", "clean", "1", "2").code == Exit.GOOD
    side = {"rows": 3, "set_aside": 0, "checks": []}
    figures = {"nulls": 0, "minimum": "1", "maximum": "3", "sum": "6", "mean": "2.0"}
    difference = {
        "same": False,
        "left": side,
        "right": side,
        "keys": ["a"],
        "keys_from": "given",
        "repeated_keys": False,
        "equal": 2,
        "only_left": 0,
        "only_right": 0,
        "changed": 1,
        "columns": [{"column": "b", "changed": 1}],
        "columns_only_left": [],
        "columns_only_right": [],
        "aggregates": [{"column": "b", "left": figures, "right": figures | {"sum": "7"}}],
    }
    asked = {"id": "c1", "state": "done", "input": {"kind": "run"}, "difference": difference}
    api.on("POST", "/api/module-comparisons", (202, asked | {"state": "running"}))
    api.on("GET", "/api/module-comparisons/c1", (200, asked))
    changed = [{"key": {"a": 1}, "left": {"b": 2}, "right": {"b": 3}}]
    api.on("GET", "/api/module-comparisons/c1/rows", (200, {"total": 1, "rows": [], "changed": changed}))
    done = command("modules", "compare", "clean", "1", "2", "--run", "r1", "--key", "a")
    assert (done.code, "b: 2 → 3" in done.out) == (Exit.PARTIAL, True)
    body = next(json.loads(request.body) for request in api.asked if request.method == "POST")
    assert (body["keys"], body["right"]) == (["a"], {"name": "clean", "version": 2})
    api.on("GET", "/api/module-comparisons/c1", (200, asked | {"difference": difference | {"same": True}}))
    assert command("modules", "compare", "clean", "1", "2", "--run", "r1", "--key", "").code == Exit.GOOD
