"""The command against a real HTTP server: keys, retries, pages, problems, profiles."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from cli.errors import Exit

ROOT = Path(__file__).parents[3]
KEY = "mdk_right"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


NO_ITEMS: Answer = (200, {"items": [], "next_cursor": None})


@dataclass
class Api:
    """Answers as it is told, in order for each route, the last answer for ever; and remembers what it was asked."""

    url: str = ""
    routes: dict[tuple[str, str], list[Answer | Callable[[Request], Answer]]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        self.routes[method, path] = list(answers)

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {
                "title": "Unauthorized",
                "detail": "This needs a valid token or API key.",
                "code": "unauthorized",
            }
        planned = self.routes.get((request.method, request.path))
        if planned is None:
            return 404, {"detail": "There is nothing here by that name.", "code": "not_found"}
        chosen = planned.pop(0) if len(planned) > 1 else planned[0]
        return chosen(request) if callable(chosen) else chosen


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Command:
    """The command as a process of its own, in a folder and an environment of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.env = {
            "PATH": "/usr/bin:/bin",
            "MODULARDATA_PROFILES": str(folder / "profiles.toml"),
            "MODULARDATA_URL": url,
            "MODULARDATA_API_KEY": KEY,
            "PYTHONPATH": str(ROOT),
        }

    def __call__(self, *arguments: str, stdin: str = "") -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr + done.stdout
        return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def command(api: Api, tmp_path: Path) -> Command:
    return Command(tmp_path, api.url)


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            body = self._chunks() if chunked else self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = made.answer(Request(self.command, address.path, parse_qs(address.query), headers, body))
            status, document = answer[0], answer[1]
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in (answer[2] if len(answer) == 3 else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_list_is_read_page_by_page(api: Api, command: Command) -> None:
    def page(request: Request) -> Answer:
        cursor = request.query.get("cursor", ["0"])[0]
        nexts = {"0": "1", "1": "2", "2": None}
        return 200, {"items": [{"name": f"c{cursor}", "kind": "s3"}], "next_cursor": nexts[cursor]}

    api.on("GET", "/api/connections", page)
    done = command("connections", "list", "--output", "json")
    assert done.code == Exit.GOOD
    assert [item["name"] for item in done.document["items"]] == ["c0", "c1", "c2"]


def test_the_output_option_may_stand_before_the_command(api: Api, command: Command) -> None:
    api.on("GET", "/api/connections", NO_ITEMS)
    assert command("--output", "json", "connections", "list").document == {"items": []}


def test_a_post_that_is_tried_again_carries_the_same_key_and_another_command_another(
    api: Api, command: Command
) -> None:
    away: Answer = (503, {"detail": "away"}, {"Retry-After": "0"})
    api.on("POST", "/api/workflows/flights/runs", away, away, (202, {"id": "r1", "state": "requested"}))
    assert command("run", "flights").code == Exit.GOOD
    assert len(api.asked) == 3
    assert len({request.headers["idempotency-key"] for request in api.asked}) == 1
    assert command("run", "flights").code == Exit.GOOD
    assert len({request.headers["idempotency-key"] for request in api.asked}) == 2


def test_a_run_is_asked_to_end(api: Api, command: Command) -> None:
    path = "/api/runs/r1:cancel"
    api.on("POST", path, (202, {"id": "r1", "state": "running", "cancel_requested_at": "2013-01-01T00:00:00Z"}))
    done = command("runs", "cancel", "r1", "--output", "json")
    assert (done.code, done.document["state"]) == (Exit.GOOD, "running")
    detail = "The run has ended already: it succeeded."
    api.on("POST", path, (409, {"title": "Conflict", "detail": detail, "code": "run_succeeded"}))
    late = command("runs", "cancel", "r1")
    assert (late.code, detail in late.err) == (Exit.FAILED, True)


@pytest.mark.parametrize(
    ("state", "code"),
    [("cancelled", Exit.GOOD), ("succeeded", Exit.PARTIAL), ("partial", Exit.PARTIAL), ("failed", Exit.FAILED)],
)
def test_waiting_for_a_cancelled_run_tells_how_it_ended(api: Api, command: Command, state: str, code: Exit) -> None:
    run = {"id": "r1", "workflow": "flights", "workflow_version": 1, "trigger": "manual", "modules": [], "steps": []}
    run |= {"objects": None, "books": None, "definition": {"destination": {"connection": "warehouse"}}}
    api.on("POST", "/api/runs/r1:cancel", (202, {"id": "r1", "state": "running"}))
    api.on("GET", "/api/runs/r1", (200, run | {"state": "running"}), (200, run | {"state": state}))
    api.on("GET", "/api/quarantine", NO_ITEMS)
    assert command("runs", "cancel", "r1", "--wait").code == code


def test_parked_events_are_listed_and_sent_again(api: Api, command: Command) -> None:
    event = {"event_id": "e1", "topic": "runs", "type": "run.requested.v1", "reason": "too large", "held": 2}
    path = "/api/parked-events/orchestrator"
    api.on("GET", path, (200, {"items": [event | {"created_at": "2013-01-01T00:00:00Z"}], "next_cursor": None}))
    listed = command("events", "parked", "orchestrator", "-o", "json")
    assert (listed.code, listed.document["items"][0]["held"]) == (Exit.GOOD, 2)
    api.on("POST", f"{path}:requeue", (200, {"requeued": 1, "left": 3}))
    done = command("events", "parked", "orchestrator", "--requeue", "--event", "e1")
    assert (done.code, json.loads(api.asked[-1].body)) == (Exit.GOOD, {"event_id": "e1"})
    assert "1 parked events of orchestrator are on their way again; 3 stay aside" in done.out
    assert command("events", "parked", "orchestrator", "--event", "e1").code == Exit.USAGE


def test_a_problem_is_told_in_words_with_its_places(api: Api, command: Command) -> None:
    api.on("GET", "/api/sessions/s1", (200, {"id": "s1", "nodes": [], "current_node_id": "n1"}))
    problem = {
        "type": "urn:modulardata:problem:invalid",
        "code": "invalid",
        "status": 422,
        "detail": "The steps cannot be applied.",
        "errors": [{"pointer": "/steps/0/where", "code": "column_unknown", "message": "there is no column 'dep'"}],
    }
    api.on("POST", "/api/sessions/s1/nodes", (422, problem))
    done = command("sessions", "add", "s1", "--step", "filter: dep > 1", "-o", "json")
    assert done.code == Exit.FAILED
    error = done.document["error"]
    assert (error["status"], error["code"]) == (422, "invalid")
    assert error["errors"][0]["pointer"] == "/steps/0/where"
    assert "there is no column 'dep'" in done.err


@pytest.mark.parametrize("status", [403, 404, 409, 412, 500])
def test_every_refusal_ends_with_2_and_its_words(api: Api, command: Command, status: int) -> None:
    api.on("GET", "/api/connections", (status, {"detail": "this is not to be."}))
    done = command("connections", "list")
    assert done.code == Exit.FAILED
    assert "this is not to be." in done.err


def test_a_page_of_somebody_elses_is_told_as_such(api: Api, command: Command) -> None:
    api.on("GET", "/api/connections", (200, b"<html>hello</html>"))
    done = command("connections", "list")
    assert done.code == Exit.FAILED
    assert "not JSON" in done.err


def test_a_wrong_key_is_told_with_the_way_out(api: Api, command: Command) -> None:
    command.env["MODULARDATA_API_KEY"] = "mdk_wrong"
    done = command("connections", "list")
    assert done.code == Exit.FAILED
    assert "modulardata login" in done.err


def test_nobody_there_is_told_as_such(command: Command) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        command.env["MODULARDATA_URL"] = f"http://127.0.0.1:{free.getsockname()[1]}"
        done = command("connections", "list")
    assert done.code == Exit.FAILED
    assert "cannot be reached" in done.err


def test_a_proxy_of_the_environment_does_not_see_what_is_meant_for_this_machine(api: Api, command: Command) -> None:
    api.on("GET", "/api/connections", NO_ITEMS)
    command.env["HTTP_PROXY"] = "http://127.0.0.1:9"
    assert command("connections", "list").code == Exit.GOOD


def test_a_file_is_sent_as_it_is_under_its_name(api: Api, command: Command) -> None:
    file = command.folder / "a b+é.csv"
    file.write_bytes(b"a,b\n1,2\n")
    away: Answer = (503, {"detail": "away"})
    api.on("PUT", "/api/connections/landing/files/in/a%20b%2B%C3%A9.csv", away, (200, {"key": "in/a b+é.csv"}))
    assert command("files", "cp", file.name, "landing:in/").code == Exit.GOOD
    assert [request.body for request in api.asked] == [b"a,b\n1,2\n"] * 2


def test_secrets_come_from_stdin_and_are_never_printed(api: Api, command: Command) -> None:
    schema = {"properties": {"password": {}}, "required": ["password"]}
    kinds = [{"kind": "postgres", "settings_schema": {}, "secrets_schema": schema}]
    api.on("GET", "/api/connectors", (200, {"items": kinds, "next_cursor": None}))
    api.on("POST", "/api/connections", (201, {"name": "orders", "kind": "postgres", "settings": {"port": 5432}}))
    arguments = ["connections", "create", "orders", "--kind", "postgres", "-s", "port=5432", "--secrets-from-stdin"]
    done = command(*arguments, stdin="password=s3cr=et\n")
    assert done.code == Exit.GOOD
    body = json.loads(api.asked[-1].body)
    assert body["secrets"] == {"password": "s3cr=et"}
    assert body["settings"] == {"port": 5432}
    assert "s3cr=et" not in done.out + done.err


def test_the_stack_of_this_folder_is_found_while_its_launcher_lives(api: Api, command: Command) -> None:
    api.on("GET", "/api/connections", NO_ITEMS)
    del command.env["MODULARDATA_URL"]
    folder = command.folder / ".modulardata"
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps({"public_url": api.url, "api_key": KEY}))
    me = {"pid": os.getpid(), "started": psutil.Process().create_time()}
    (folder / "run.json").write_text(json.dumps({"launcher": me}))
    assert command("connections", "list").code == Exit.GOOD
    (folder / "run.json").write_text(json.dumps({"launcher": me | {"started": 1.0}}))
    done = command("connections", "list")
    assert done.code == Exit.FAILED
    assert "modulardata up" in done.err


def test_login_keeps_the_key_for_its_owner_alone(api: Api, command: Command) -> None:
    api.on("GET", "/api/me", (200, {"role": "developer"}))
    api.on("GET", "/api/connections", NO_ITEMS)
    del command.env["MODULARDATA_URL"]
    assert command("login", api.url, "--key-from-stdin", stdin=KEY + "\n").code == Exit.GOOD
    assert stat.S_IMODE((command.folder / "profiles.toml").stat().st_mode) == 0o600
    assert command("connections", "list").code == Exit.GOOD
    assert command("connections", "list", "--profile", "staging").code == Exit.FAILED


def test_a_key_that_does_not_work_is_not_kept(api: Api, command: Command) -> None:
    assert command("login", api.url, "--key-from-stdin", stdin="mdk_wrong\n").code == Exit.FAILED
    assert not (command.folder / "profiles.toml").exists()


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
