"""The command against a real HTTP server: keys, retries, pages, problems, profiles."""

import json
import os
import socket
import stat

import psutil
import pytest

from cli.errors import Exit
from tests.commands import Command
from tests.integration.cli.told_api import KEY, NO_ITEMS, Answer, Api, Request


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
    run |= {"undoes": None, "undone_by": None, "dry_run": False, "objects": None, "books": None}
    run |= {"definition": {"destination": {"connection": "warehouse"}}}
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
    del command.env["MODULARDATA_URL"], command.env["MODULARDATA_HOME"]
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
