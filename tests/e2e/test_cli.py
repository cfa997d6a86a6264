"""Journeys with the command on a real stack: one's own data in five minutes, mistakes, and what is set aside."""

import gzip
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.workflow import WorkflowDefinition

GOOD, PARTIAL, FAILED, USAGE = 0, 1, 2, 64
ORDERS = "order_id,day,amount\n" + "".join(f"{number},2026-01-{number:02},{number}.5\n" for number in range(1, 21))
MORE = "order_id,day,amount\n" + "".join(f"{number},2026-02-{number:02},{number}.5\n" for number in range(15, 26))


def test_the_stack_says_where_everything_is(modulardata: Any) -> None:
    found = modulardata.json("status")
    assert found["running"]
    for name in ("api", "api_docs", "temporal_ui", "logs", "datasets"):
        assert found[name]
    kept = Path(found["credentials"])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    secret = json.loads(kept.read_text())["api_key"]
    assert secret not in json.dumps(found)


def test_a_second_stack_in_the_same_folder_is_refused(modulardata: Any) -> None:
    done = modulardata("up")
    assert done.code == FAILED
    assert "runs already" in done.err


def test_the_doctor_finds_nothing_amiss(modulardata: Any) -> None:
    assert modulardata.json("doctor")["ok"] is True


def test_ones_own_data_in_five_minutes(modulardata: Any) -> None:
    (modulardata.folder / "orders.csv").write_text(ORDERS)
    made = modulardata.json("init", "orders.csv")
    assert made["workflow"]["destination"]["keys"] == ["order_id"]
    text = (modulardata.folder / "orders.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=.modulardata-schema/workflow.schema.json\n")
    schema = json.loads((modulardata.folder / ".modulardata-schema" / "workflow.schema.json").read_text())
    assert schema == WorkflowDefinition.model_json_schema()

    assert modulardata.json("validate", "orders.yaml")["valid"] is True
    assert modulardata.json("apply", "orders.yaml", "--dry-run")["change"] == "created"
    assert "orders" not in [one["name"] for one in modulardata.json("get")["items"]]
    applied = modulardata.json("apply", "orders.yaml")
    assert applied["change"] == "created"
    assert applied["triggers"][0]["secret"]
    assert modulardata.json("apply", "orders.yaml")["change"] == "unchanged"

    run = modulardata.json("run", "orders", "--wait")
    assert run["state"] == "succeeded"
    assert run["books"] == {
        "read": 20,
        "loaded": 20,
        "filtered": 0,
        "deduplicated": 0,
        "quarantined": 0,
        "added": 0,
        "combined": 0,
    }
    assert re.fullmatch(r"psql -h \S+ -p \d+ -U \S+ -d \S+ -c 'TABLE \"public\".\"orders\" LIMIT 20'", run["look"])

    (modulardata.folder / "more.csv").write_text(MORE)
    assert modulardata("files", "cp", "more.csv", "landing:orders/").code == GOOD
    second = _run_of(modulardata, "orders", "watch")
    assert second["state"] == "succeeded"
    assert second["books"]["loaded"] == 11
    table = modulardata.json("preview", "warehouse:public.orders", "--rows", "500")
    assert len(table["rows"]) == 25


def test_a_changed_file_shows_what_would_change(modulardata: Any) -> None:
    packed = gzip.compress(b'{"place": "EWR", "miles": 10}\n{"place": "JFK", "miles": 20}\n')
    (modulardata.folder / "places.jsonl.gz").write_bytes(packed)
    made = modulardata.json("init", "places.jsonl.gz")["workflow"]
    assert made["source"]["selection"] == {"path": "places/*.jsonl.gz"}
    modulardata.json("apply", "places.yaml")
    place = modulardata.folder / "places.yaml"
    place.write_text(place.read_text().replace("table: places", "table: airports"))
    planned = modulardata.json("apply", "places.yaml", "--dry-run")
    assert planned["change"] == "updated"
    assert [(c["pointer"], c["old"], c["new"]) for c in planned["changes"]] == [
        ("/destination/target/table", "places", "airports")
    ]
    assert modulardata.json("apply", "places.yaml")["version"] == 2
    assert modulardata("delete", "places").code == GOOD


def test_rows_that_are_set_aside_make_a_run_partial_and_are_explained(modulardata: Any) -> None:
    (modulardata.folder / "broken.csv").write_text("a,b\n1,2\n3\n4,5\n6,7,8\n9,0,1\n")
    assert modulardata("files", "cp", "broken.csv", "landing:broken/broken.csv").code == GOOD
    (modulardata.folder / "broken.yaml").write_text(
        "name: broken\n"
        "source: {connection: landing, selection: {path: 'broken/*.csv'}}\n"
        "destination: {connection: warehouse, target: {schema: public, table: broken}}\n"
    )
    modulardata.json("apply", "broken.yaml")
    done = modulardata("run", "broken", "--wait", "--output", "json")
    assert done.code == PARTIAL, done.err
    run = done.document
    assert run["books"] == {
        "read": 5,
        "loaded": 3,
        "filtered": 0,
        "deduplicated": 0,
        "quarantined": 2,
        "added": 0,
        "combined": 0,
    }
    shown = modulardata("runs", "show", run["id"])
    assert shown.code == PARTIAL
    assert sum(entry["rows"] for entry in run["quarantine"]) == 2
    found = []
    for entry in run["quarantine"]:
        assert entry["reason"] in shown.out
        found += modulardata.json("quarantine", "rows", entry["id"])["items"]
    assert sorted((row["row"], row["reason"]) for row in found) == [(4, "too_many_fields"), (5, "too_many_fields")]
    assert modulardata("logs", run["id"]).code == GOOD


def test_a_session_is_shaped_taken_back_and_deployed(modulardata: Any) -> None:
    (modulardata.folder / "trips.csv").write_text("miles,hours,name\n100,2,a\n50,,b\n300,3,c\n")
    modulardata.json("files", "cp", "trips.csv", "landing:trips/trips.csv")
    assert modulardata("sessions", "open", "landing:trips/trips.csv").code == GOOD
    assert modulardata.json("sessions", "profile", "latest")["rows"] == 3
    steps = ["--step", "drop_null: hours", "--step", "derive: speed = miles / hours"]
    assert modulardata.json("sessions", "add", "latest", *steps)["rows"] == 2
    session = modulardata.json("sessions", "show", "latest")
    root = session["nodes"][0]["id"]
    assert modulardata.json("sessions", "back", "latest", root)["current_node_id"] == root
    wrong = modulardata("sessions", "add", "latest", "--step", "filter: mils > 1", "--output", "json")
    assert wrong.code == FAILED
    assert "mils" in json.dumps(wrong.document["error"])
    assert wrong.document["error"]["errors"][0]["pointer"].startswith("/steps/0")
    tip = session["current_node_id"]
    assert modulardata.json("sessions", "deploy", "latest", "trips-clean", "--node", tip)["version"] == 1
    assert "derive: speed = miles / hours" in modulardata("modules", "show", "trips-clean").out


def test_a_file_is_shaped_and_the_mind_changed(modulardata: Any) -> None:
    (modulardata.folder / "hops.csv").write_text("miles;hours;name\n100;2;a\n50;;b\n300;3;c\n20;1;d\n")
    modulardata.json("files", "cp", "hops.csv", "landing:hops/hops.csv")
    assert modulardata.json("sessions", "open", "landing:hops/hops.csv")["facts"]["delimiter"] == ";"
    for step, named in (("drop_null: hours", "no gaps"), ("filter: miles > 200", "far")):
        modulardata.json("sessions", "add", "latest", "--step", step, "--name", named, "--reason", "as asked")
    assert modulardata.json("sessions", "edit", "latest", "replace", "2", "--step", "filter: miles >= 100")["rows"] == 2
    assert modulardata("sessions", "edit", "latest", "remove", "9").code == FAILED
    now = modulardata.json("sessions", "show", "latest")
    assert len(now["nodes"]) == 4
    assert "as asked" in modulardata("sessions", "show", "latest").out
    assert len(modulardata.json("sessions", "steps", "latest")["items"]) == 2
    compared = modulardata.json("sessions", "compare", "latest", "far", now["current_node_id"])
    assert [step["kind"] for step in compared["steps"]] == ["same", "changed"]
    assert "≠" in modulardata("sessions", "compare", "latest", "far", now["current_node_id"]).out
    found = modulardata.json("sessions", "preview", "latest", "--where", "hours > 2", "--column", "name")
    assert found["rows"] == [{"name": "c"}]
    said = modulardata("sessions", "profile", "latest", "--words").out
    assert "2 rows" in said
    assert modulardata.json("sessions", "export", "latest", "--write", "far.csv")["bytes"] > 0
    assert len((modulardata.folder / "far.csv").read_text().splitlines()) == 3
    assert modulardata("sessions", "export", "latest", "--write", "far.doc").code == USAGE
    assert modulardata.json("sessions", "replay", "latest")["result"]["reproduced"] is True
    assert [task["kind"] for task in modulardata.json("sessions", "tasks", "latest")["items"]] == ["replay"]
    assert modulardata.json("sessions", "name", "latest", "hops")["name"] == "hops"
    assert modulardata.json("sessions", "archive", "latest")["archived_at"] is not None
    assert now["id"] in [one["id"] for one in modulardata.json("sessions", "list", "--archived")["items"]]
    assert modulardata.json("sessions", "restore", now["id"])["archived_at"] is None


def test_a_table_is_shaped_in_plain_english(modulardata: Any) -> None:
    (modulardata.folder / "rides.csv").write_text("rider,miles,city\nAda,12,Oslo\nBo,,Rome\nCy,30,Oslo\nDi,7,Rome\n")
    assert modulardata("sessions", "open", "./rides.csv").code == GOOD
    asked = modulardata.json("plans", "ask", "latest", "drop rows without miles, then sort by miles, longest first")
    assert (asked["outcome"], asked["applied_node_id"]) == ("plan", None)
    assert [step["kind"] for step in asked["plan"]["steps"]] == ["drop_null", "sort"]
    assert len(modulardata.json("sessions", "show", "latest")["nodes"]) == 1
    assert modulardata.json("plans", "apply", "latest", asked["id"])["rows"] == 3
    assert [row["rider"] for row in modulardata.json("sessions", "preview", "latest")["rows"]] == ["Cy", "Ada", "Di"]
    twice = modulardata("plans", "apply", "latest", asked["id"], "--output", "json")
    assert (twice.code, twice.document["error"]["code"]) == (FAILED, "applied")

    unclear = modulardata("plans", "ask", "latest", "sort by fare")
    assert unclear.code == FAILED
    assert "fare" in unclear.out
    for name in ("rider", "miles", "city"):
        assert name in unclear.out
    no_plan = modulardata.json("plans", "list", "latest")["items"][-1]
    assert (no_plan["outcome"], no_plan["text"]) == ("question", "sort by fare")
    assert modulardata("plans", "apply", "latest", no_plan["id"]).code == FAILED

    shown = modulardata("plans", "ask", "latest", "total miles per city", "--apply")
    assert shown.code == GOOD
    assert "For each city" in shown.out
    listed = modulardata.json("plans", "list", "latest")["items"]
    assert [one["applied_node_id"] is not None for one in listed] == [True, False, True]
    root = modulardata.json("sessions", "show", "latest")["nodes"][0]["id"]
    on_root = modulardata.json("plans", "ask", "latest", "only the riders from Rome", "--node", root)
    assert (on_root["node_id"], on_root["plan"]["rows"]) == (root, 2)
    assert modulardata("plans", "ask", "latest", "sort by city", "--planner", "model").code == FAILED


def test_a_file_that_does_not_fit_is_explained_corrected_and_released(modulardata: Any) -> None:
    (modulardata.folder / "visits.csv").write_text("visit_id,patient,minutes\n1,a,10\n2,b,20\n")
    modulardata.json("init", "visits.csv")
    assert modulardata("sessions", "open", "landing:visits/visits.csv").code == GOOD
    modulardata.json("sessions", "add", "latest", "--step", "filter: minutes > 0")
    modulardata.json("sessions", "deploy", "latest", "clean-visits")
    modulardata.json("sessions", "add", "latest", "--step", "derive: hours = minutes / 60.0")
    assert modulardata.json("sessions", "deploy", "latest", "clean-visits")["version"] == 2
    compared = modulardata.json("modules", "compare", "clean-visits", "1", "2")
    assert [row["op"] for row in compared["steps"]] == ["equal", "added"]
    reason = ("--reason", "hours are not wanted yet")
    assert modulardata.json("modules", "set-current", "clean-visits", "1", *reason)["current_version"] == 1
    place = modulardata.folder / "visits.yaml"
    place.write_text(place.read_text().replace("modules: []", "modules: [{name: clean-visits}]"))
    modulardata.json("apply", "visits.yaml")
    assert modulardata.json("run", "visits", "--wait")["books"]["loaded"] == 2
    assert modulardata("dry-run", "visits.yaml").code == GOOD
    draft = modulardata("dry-run", "visits", "--use", "clean-visits=2", "--output", "json")
    assert draft.code == PARTIAL
    [then_and_now] = draft.document["rehearsed"]
    assert then_and_now["difference"]["columns_only_right"] == ["hours"]

    wrong = "visit_id,patient,minutes_spent\n3,c,30\n"
    (modulardata.folder / "later.csv").write_text(wrong)
    modulardata.json("files", "cp", "later.csv", "landing:visits/")
    run = _run_of(modulardata, "visits", "watch")
    assert run["state"] == "quarantined"
    [entry] = run["quarantine"]
    assert "minutes" in entry["summary"]
    report = modulardata.json("drift", "list", "--workflow", "visits")["items"][0]
    assert [(c["kind"], c["column"]) for c in modulardata.json("drift", "show", report["id"])["changes"]] == [
        ("removed", "minutes"),
        ("added", "minutes_spent"),
    ]
    assert entry["advice"] in modulardata("quarantine", "show", entry["id"]).out
    modulardata.json("quarantine", "content", entry["id"], "--write", "as-it-came.csv")
    assert (modulardata.folder / "as-it-came.csv").read_text() == wrong
    (modulardata.folder / "corrected.csv").write_text(wrong.replace("minutes_spent", "minutes"))
    modulardata.json("quarantine", "release", entry["id"], "--with", "corrected.csv")
    assert _run_of(modulardata, "visits", "quarantine")["books"]["loaded"] == 1
    table = modulardata.json("preview", "warehouse:public.visits")
    assert [column["name"] for column in table["schema"]["columns"]] == ["visit_id", "patient", "minutes"]
    assert sorted(row["visit_id"] for row in table["rows"]) == [1, 2, 3]
    assert modulardata("quarantine", "reject", entry["id"], "--reason", "too late").code == FAILED

    released = _run_of(modulardata, "visits", "quarantine")["id"]
    would = modulardata.json("runs", "undo", released, "--dry-run")
    assert [step["detail"] for step in would["steps"]] == ["1 would be removed, 0 would be put back as before"]
    done = modulardata.json("runs", "undo", released)
    assert (done["state"], done["undoes"]) == ("succeeded", released)
    assert sorted(row["visit_id"] for row in modulardata.json("preview", "warehouse:public.visits")["rows"]) == [1, 2]
    again = modulardata("runs", "undo", released, "--output", "json")
    assert (again.code, again.document["error"]["code"]) == (FAILED, "run_undone")
    assert done["id"] in modulardata("runs", "show", released).out
    modulardata.json("modules", "set-current", "clean-visits", "2", "--reason", "another try")
    back = modulardata.json("modules", "rollback", "clean-visits", "--reason", "hours are not wanted")
    assert (back["withdrawn"], back["current"], back["runs"]) == (2, 1, [])
    modulardata.json("modules", "set-current", "clean-visits", "2", "--reason", "once more")
    modulardata.json("run", "visits", "--wait")
    back = modulardata.json("modules", "rollback", "clean-visits", "--reason", "hours are not wanted")
    assert len(back["runs"]) == 1


def test_a_connection_that_cannot_connect_says_why_and_no_secret(modulardata: Any) -> None:
    done = modulardata(
        *("connections", "create", "nowhere", "--kind", "postgres", "-s", "host=127.0.0.1", "-s", "port=9"),
        *("-s", "database=x", "-s", "user=x", "--secrets-from-stdin", "--test-only"),
        stdin="password=canary-7f3a\n",
    )
    assert done.code == FAILED
    assert "refused" in done.err + done.out
    assert "canary-7f3a" not in done.err + done.out


def test_a_module_that_is_not_there_is_shown_with_its_line(modulardata: Any) -> None:
    (modulardata.folder / "wrong.yaml").write_text(
        "name: wrong\n"
        "source: {connection: landing, selection: {path: 'x/*.csv'}}\n"
        "modules:\n"
        "  - name: nobody-made-this\n"
        "destination: {connection: warehouse, target: {schema: public, table: x}}\n"
    )
    done = modulardata("apply", "wrong.yaml")
    assert done.code == FAILED
    assert re.search(r"wrong\.yaml:\d+ /modules/0", done.err), done.err
    assert "nobody-made-this" in done.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["runs", "show", "no-such-run"], FAILED),
        (["get", "no-such-workflow"], FAILED),
        (["run", "no-such-workflow"], FAILED),
        (["connections", "show", "nobody"], FAILED),
        (["runs", "lst"], USAGE),
        (["preview", "landing:", "--rows", "0"], USAGE),
        (["events", "list", "--limit", "none"], USAGE),
    ],
)
def test_mistakes_end_in_words(modulardata: Any, arguments: list[str], code: int) -> None:
    done = modulardata(*arguments)
    assert done.code == code
    assert done.err.startswith("✗")
    assert "→" in done.err or code == FAILED


def test_without_a_stack_the_way_to_one_is_shown(in_new_folder: Callable[[], Any]) -> None:
    nobody = in_new_folder()
    assert nobody("status").code == FAILED
    done = nobody("runs", "list")
    assert done.code == FAILED
    assert "modulardata up" in done.err
    assert nobody("down").code == GOOD


def _run_of(modulardata: Any, workflow: str, trigger: str) -> Any:
    """The run that a cause started, once it has ended; `runs show --wait` does the waiting."""
    for _ in range(60):
        items = modulardata.json("runs", "list", "--workflow", workflow)["items"]
        found = [item for item in items if item["trigger"] == trigger]
        if found:
            return modulardata("runs", "show", found[0]["id"], "--wait", "--output", "json").document
    raise AssertionError(f"no run of {workflow} was started by {trigger}")
