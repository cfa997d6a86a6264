"""Two workspaces with one of everything: neither can tell whether what belongs to the other is there."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.connections import s3_connection
from tests.e2e.client import Answer
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workflow
from tests.waiting import until

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAMES = {
    "/api/connections": "connection",
    "/api/modules": "module",
    "/api/notification-rules": "rule",
    "/api/uploads": "upload",
    "/api/workflows": "workflow",
}
# A name there is free for everybody: to put something under it is to make one's own.
MAKES = {("PUT", "/api/workflows/{name}"), ("PUT", "/api/uploads/{name}"), ("POST", "/api/modules/{name}:save")}
# Asks nothing of what is there: the name stands in the text that is checked.
MAKES |= {("POST", "/api/modules/{name}:check-code")}
# What must be said for the operation to look for the thing at all.
BODIES: dict[str, Any] = {
    "/api/connections/{name}:preview": {"selection": {"path": "*.csv"}},
    "/api/modules/{name}:clone": {"name": "taken-along"},
    "/api/modules/{name}:read-contract": {"source": "apiVersion: v3.1.0"},
    "/api/modules/{name}:set-current": {"version": 1, "reason": "as before"},
    "/api/modules/{name}:rollback": {"version": 1, "reason": "as before"},
    "/api/workflows/{name}:dry-run": {
        "name": "any",
        "source": {"connection": "any", "selection": {"path": "*.csv"}},
        "destination": {"connection": "any", "target": {"table": "any"}},
    },
    "/api/drift/reviews/{review_id}:approve": {},
    "/api/drift/reviews/{review_id}:ask-again": {},
    "/api/drift/reviews/{review_id}:edit": {"mapping": {"number": "num"}},
    "/api/drift/reviews/{review_id}:reject": {},
    "/api/quarantine/{entry_id}:reject": {"reason": "of no use"},
    "/api/sessions/{session_id}/chat": {"message": "keep the rows where number is more than 1"},
    "/api/sessions/{session_id}/chat/{message_id}:apply": {},
    "/api/sessions/{session_id}/nodes": {"steps": [{"kind": "limit", "rows": 1}]},
    "/api/sessions/{session_id}:deploy": {"name": "taken-along"},
    "/api/sessions/{session_id}:edit": {"action": "remove", "at": 0},
}
QUERIES = {
    "/api/modules/{name}/compare": "?left=1&right=1",
    "/api/sessions/{session_id}/compare": "?left={node_id}&right={node_id}",
}


OWN_ADVICE = re.compile(rb"; did you mean '[^']*'\?")


def with_ids(path: str, ids: dict[str, str]) -> str:
    """A path with its parameters filled in."""
    names = {"name": ids[next((NAMES[start] for start in NAMES if path.startswith(start)), "workflow")]}
    values = ids | names | {"number": "1", "key": ids["file"]}
    if path.endswith("/rows"):
        values["entry_id"] = ids["rows_entry_id"]
    return (path + QUERIES.get(path, "")).format(**values)


def body_of(method: str, path: str, ids: dict[str, str]) -> Any:
    """What to send."""
    if method == "PATCH" and path.startswith("/api/sessions"):
        return {"name": "taken-along"}
    if method == "PATCH" and path.startswith("/api/modules"):
        return {"category": "taken-along"}
    if method == "PATCH":
        return {"settings": {}}
    if method == "PUT":
        return b"number,word\n9,nine\n"
    if path.endswith(":back"):
        return {"node_id": ids["node_id"]}
    return BODIES.get(path) if method == "POST" else None


def unknown_ids() -> dict[str, str]:
    """Ids and names that nobody has."""
    names: tuple[str, ...] = ("session_id", "node_id", "trigger_id", "run_id", "entry_id", "rows_entry_id")
    names += ("report_id", "notification_id", "key_id", "user_id", "task_id")
    names += ("message_id", "comparison_id", "trial_id", "review_id", "proof_id")
    ids = {name: str(uuid.uuid4()) for name in names} | {"file": "no/such.csv", "sha256": "0" * 64}
    return ids | dict.fromkeys(("connection", "module", "rule", "upload", "workflow"), "nobody-has-this")


def told_apart(answer: Answer) -> tuple[Any, ...]:
    """What a caller can tell answers apart by, the request's own id left out."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status, answer.body, sorted(headers.items())


def traces_of(seeded: Seeded, answer: Answer) -> list[str]:
    """What in an answer belongs to a workspace."""
    marks = {"word": seeded.word, "workspace": seeded.workspace_id, **seeded.ids, **seeded.secrets}
    return sorted(name for name, mark in marks.items() if mark.encode() in answer.everything())


def with_parameters(platform: Running) -> Iterator[tuple[str, str]]:
    """The operations that name something of a workspace in their path, those that end something last."""
    found = [
        (method, path)
        for method, path, said in platform.operations
        if "{" in path
        and "x-public" not in said
        and method in METHODS
        # What whoever operates the installation does to workspaces is no business of their own.
        and not said["x-permission"].startswith("platform:")
    ]
    order = {"GET": 0, "PUT": 1, "PATCH": 1, "POST": 2, "DELETE": 3}
    late = (":revoke", ":disable", ":reject")
    yield from sorted(found, key=lambda item: (item[1].endswith(late), order[item[0]], item[1]))


def test_lists_hold_nothing_of_another_workspace(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    mine, other = workspaces
    operators = ("/api/dead-letters", "/api/parked-events")
    lists = [
        path
        for method, path, said in platform.operations
        if method == "GET" and "{" not in path and path.startswith("/api/") and not path.startswith(operators)
    ]
    assert len(lists) >= 14
    wrong = []
    for path in lists:
        cursor, pages = "", 0
        while pages < 20:
            answer = mine.api.send("GET", f"{path}{cursor}")
            assert answer.status == 200, (path, answer.body)
            if found := traces_of(other, answer):
                wrong.append((path, found))
            following = answer.json.get("next_cursor")
            if not following:
                break
            cursor, pages = f"?cursor={following}", pages + 1
    assert not wrong, "\n".join(map(str, wrong))


def test_what_belongs_to_another_workspace_is_not_there(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    mine, other = workspaces
    operations = list(with_parameters(platform))
    assert len(operations) >= 35
    wrong = []
    for method, path in operations:
        if (method, path) in MAKES:
            continue
        asked = mine.api.send(method, with_ids(path, other.ids), body_of(method, path, other.ids))
        nobody = unknown_ids()
        unknown = mine.api.send(method, with_ids(path, nobody), body_of(method, path, nobody))
        if asked.status != 404 or told_apart(asked) != told_apart(unknown) or traces_of(other, asked):
            wrong.append((method, path, asked.status, asked.body[:300], unknown.status, traces_of(other, asked)))
    assert not wrong, "\n".join(map(str, wrong))


def test_what_belongs_to_another_workspace_is_not_there_inside_ones_own(
    platform: Running, workspaces: tuple[Seeded, Seeded]
) -> None:
    """Ids in bodies and queries, and below things of one's own."""
    mine, other = workspaces
    nobody = unknown_ids()
    session = f"/api/sessions/{mine.ids['session_id']}"
    steps = [{"kind": "limit", "rows": 1}]

    def ways(ids: dict[str, str], word: str) -> Iterator[tuple[str, str, Any]]:
        yield "GET", f"{session}/nodes/{ids['node_id']}", None
        yield "GET", f"{session}/nodes/{ids['node_id']}/preview", None
        yield "GET", f"{session}/nodes/{ids['node_id']}/export", None
        yield "GET", f"{session}/tasks/{ids['task_id']}", None
        yield "GET", f"{session}/compare?left={mine.ids['node_id']}&right={ids['node_id']}", None
        yield "POST", f"{session}:edit", {"action": "remove", "at": 0, "node_id": ids["node_id"]}
        yield "POST", f"{session}:back", {"node_id": ids["node_id"]}
        yield "POST", f"{session}:deploy", {"name": "taken-along", "node_id": ids["node_id"]}
        yield "POST", f"{session}/nodes", {"parent_id": ids["node_id"], "steps": steps}
        for query in ("runs?workflow=", "drift-reports?workflow=", "quarantine?workflow=", "triggers?workflow="):
            yield "GET", f"/api/{query}{ids['workflow']}", None
        for query in ("drift-reports?run=", "quarantine?run=", "events?run="):
            yield "GET", f"/api/{query}{ids['run_id']}", None
        sent = {"upload": f"{ids['sha256']}/{ids['upload']}"}
        yield "POST", "/api/connections/uploads:preview", {"selection": sent, "limit": 5}
        yield "GET", f"/api/notifications?rule={ids['rule']}", None
        yield "GET", f"/api/modules?q={ids['module']}", None
        node = {"kind": "node", "session_id": ids["session_id"]}
        yield "POST", "/api/module-trials", {"module": {"name": ids["module"]}, "input": node}
        yield "POST", f"{session}/chat/{ids['message_id']}:apply", {}
        flow = workflow("mine-only", mine.word, "mine_only")
        flow["modules"] = [{"name": ids["module"], "version": 1}]
        yield "POST", "/api/workflows:validate", flow
        flow = workflow("mine-only", mine.word, "mine_only")
        flow["destination"]["connection"] = ids["connection"]
        yield "POST", "/api/workflows:validate", flow

    wrong = []
    for theirs, none in zip(ways(other.ids, other.word), ways(nobody, "nobody"), strict=True):
        asked, unknown = mine.api.send(*theirs), mine.api.send(*none)
        # What the caller said may be said back to them.
        said = asked.body
        for name, value in other.ids.items():
            said = said.replace(value.encode(), nobody.get(name, "").encode())
        # What is proposed instead is one's own, and depends on how names sound.
        said, of_unknown = (OWN_ADVICE.sub(b"", body) for body in (said, unknown.body))
        if (asked.status, said) != (unknown.status, of_unknown) or other.word.encode() in said:
            wrong.append((theirs[:2], asked.status, asked.body[:300], unknown.status, unknown.body[:300]))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_file_is_loaded_into_ones_own_connection_only(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    """A session on a connection of the other's name fails like one on a name that nobody has."""
    mine, other = workspaces
    theirs = mine.api.opened(other.ids["connection"], {"path": other.ids["file"]})
    nobodys = mine.api.opened("nobody-has-this", {"path": other.ids["file"]})
    assert (theirs["state"], theirs["code"]) == (nobodys["state"], nobodys["code"]) == ("failed", "not_found")
    assert theirs["message"].replace(other.ids["connection"], "nobody-has-this") == nobodys["message"]


def test_a_trial_is_on_rows_of_ones_own_only(workspaces: tuple[Seeded, Seeded]) -> None:
    """A trial on the other's session ends like one on a session that nobody has."""
    mine, other = workspaces

    def ended(session_id: str) -> tuple[str, str]:
        rows = {"kind": "node", "session_id": session_id}
        module = {"name": mine.ids["module"], "version": 1}
        asked = mine.api.call("POST", "/api/module-trials", {"module": module, "input": rows})
        path = f"/api/module-trials/{asked['id']}"
        trial = until("it has ended", lambda: (t := mine.api.call("GET", path))["state"] != "running" and t)
        return trial["state"], trial["message"].replace(session_id, "")

    assert ended(other.ids["session_id"]) == ended(str(uuid.uuid4()))


def test_the_same_name_can_be_had_twice(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    """Whether a name is taken is nobody else's business either."""
    mine, other = workspaces
    taken = other.ids["connection"]
    made = mine.api.send("POST", "/api/connections", s3_connection(platform.state, taken))
    assert made.status == 201, made.body
    assert mine.api.send("DELETE", f"/api/connections/{taken}").status == 204
    flow = other.ids["workflow"]
    assert mine.api.send("PUT", f"/api/workflows/{flow}", workflow(flow, mine.word, "mine_only")).status == 201
    assert mine.api.send("DELETE", f"/api/workflows/{flow}").status == 204
    assert other.api.send("GET", f"/api/workflows/{flow}").json["description"] == other.word


def test_a_platform_permission_opens_no_workspace(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    """Whoever operates the installation sees no more of a workspace than others do."""
    _, other = workspaces
    for method, path in with_parameters(platform):
        if method == "GET":
            answer = platform.api.send("GET", with_ids(path, other.ids))
            assert answer.status == 404, (path, answer.body)


def test_its_owner_finds_all_of_it(platform: Running, workspaces: tuple[Seeded, Seeded]) -> None:
    """The positive control: the very same requests find something when the right one asks. It ends what it finds."""
    _, other = workspaces
    wrong = []
    for method, path in with_parameters(platform):
        if (method, path) in MAKES:
            continue
        answer = other.api.send(method, with_ids(path, other.ids), body_of(method, path, other.ids))
        if answer.status == 404 or answer.status >= 500 or (method == "GET" and answer.status != 200):
            wrong.append((method, path, answer.status, answer.body[:300]))
    assert not wrong, "\n".join(map(str, wrong))


def test_fields_that_are_not_for_callers_are_refused(platform: Running) -> None:
    """Every operation with a body, given what only answers have: each field is named as one that there is not."""
    fields = {"id", "tenant", "tenant_id", "workspace_id", "created_at", "created_by", "is_admin", "api_key_hash"}
    wrong, asked = [], 0
    for method, path, said in platform.operations:
        content = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if content is None or path.startswith("/hooks/") or path == "/api/setup":
            continue
        if "anyOf" in content:
            content = next(part for part in content["anyOf"] if part.get("type") != "null")
        schema = platform.resolved(content)
        shown = {
            name
            for status, answer in said["responses"].items()
            if status.startswith("2")
            for name in platform.resolved(answer.get("content", {}).get("application/json", {}).get("schema", {})).get(
                "properties", {}
            )
        }
        readonly = (fields | shown) - set(schema.get("properties", {}))
        filled = path.format(**{name: str(uuid.uuid4()) if name.endswith("_id") else "name" for name in _names(path)})
        answer = platform.api.send(method, filled, dict.fromkeys(readonly, "mine"))
        asked += len(readonly)
        refused = {error["pointer"][1:] for error in answer.json.get("errors", ())}
        if answer.status != 422 or not readonly <= refused:
            wrong.append((method, path, answer.status, sorted(readonly - refused), answer.body[:200]))
    assert asked >= 100
    assert not wrong, "\n".join(map(str, wrong))


def _names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


@pytest.mark.parametrize("leak", ["body", "header"])
def test_a_leak_would_be_seen(workspaces: tuple[Seeded, Seeded], leak: str) -> None:
    """The eyes of this suite, tried on an answer that gives something away."""
    _, other = workspaces
    body = other.ids["run_id"].encode() if leak == "body" else b"{}"
    headers = {"location": f"/api/connections/{other.ids['connection']}"} if leak == "header" else {}
    assert traces_of(other, Answer("GET", "/", 404, headers, body))
