"""The story's first half: the stack, a session, a module, a workflow."""

import yaml

from cli import steps, waiting
from cli.bringup import LANDING, WAREHOUSE, connect_own_stores
from cli.client import Json
from cli.commands.runs import psql
from cli.commands.workflows import applied
from cli.demo import data
from cli.demo.stage import FOLDER, MODULE, WORKFLOW, Stage
from cli.documents import WorkflowFile

JANUARY = f"{FOLDER}2013-01.csv"
STEPS = (
    ("drop_null: dep_time", "flights that never left are no flights"),
    ("derive: speed = distance / air_time * 60", "a new column, in miles an hour"),
    ("cast: flight as string", "a flight number is a name, not a quantity"),
    ("rename: dep_delay -> departure_delay, arr_delay -> arrival_delay", "names that people read"),
    ("filter: distance >= 100", "hops to the next town are left out"),
)


def stack_is_up(stage: Stage) -> None:
    """1. The stack is there; its bucket and warehouse become connections."""
    story, state = stage.story, stage.stack.state
    made = connect_own_stores(stage.api, state)
    me = stage.api.get("/api/me")
    story.claim(
        "Kafka, Temporal, PostgreSQL, an S3 server and seven services run",
        all(child.pid for child in stage.stack.children.values()) and len(stage.stack.children) >= 6,
        sorted(stage.stack.children),
    )
    story.claim(
        "a workspace, its admin and an API key were made, with credentials of this moment",
        me["role"] == "admin" and len(state.admin_password) >= 20,
        me,
    )
    story.claim("a bucket and a warehouse became connections", made == [LANDING, WAREHOUSE], made)
    tests = {name: stage.api.post(f"/api/connections/{name}:test") for name in made}
    story.claim("both connections work", all(one["ok"] for one in tests.values()), tests)


def session(stage: Stage) -> None:
    """2. January lands, and is shaped step by step."""
    story, api, month = stage.story, stage.api, data.month(1)
    stage.put(JANUARY, data.csv(month))
    body = {"connection": LANDING, "selection": {"path": JANUARY}}
    opened = waiting.session(api, stage.output, api.post("/api/sessions", body)["id"], seconds=120)
    stage.session_id = str(opened["id"])
    root = str(opened["current_node_id"])
    path = f"/api/sessions/{stage.session_id}"
    profile = api.get(f"{path}/nodes/{root}/profile")
    nulls = {column["name"]: column["nulls"] for column in profile["columns"]}
    missing = month.filter(month["dep_time"] == "NA").height
    story.claim(
        f"the profile counts {month.height:,} flights, {missing} of them without a departure",
        profile["rows"] == month.height and nulls["dep_time"] == missing,
        {"rows": profile["rows"], "dep_time": nulls.get("dep_time")},
    )
    preview = api.get(f"{path}/nodes/{root}/preview", limit=5)
    story.claim("the preview shows its first rows", len(preview["rows"]) == 5, preview["rows"])
    nodes = [root]
    with story.waiting("one step after the other"):
        for short, why in STEPS:
            node = api.post(f"{path}/nodes", {"parent_id": nodes[-1], "steps": steps.check([steps.parse(short)])})
            nodes.append(str(node["id"]))
            story.tell(f"{short}  · {why} · {node['rows']:,} rows")
    there = api.get(path)
    story.claim(f"each of the {len(STEPS)} steps is a node", len(there["nodes"]) == len(STEPS) + 1, len(there["nodes"]))
    story.claim(
        "the last node has the rows that a count outside the platform expects",
        node["rows"] == _flown(1),
        {"rows": node["rows"], "expected": _flown(1)},
    )
    api.post(f"{path}:back", {"node_id": nodes[1]})
    back = api.get(path)["current_node_id"]
    api.post(f"{path}:back", {"node_id": nodes[-1]})
    forward = api.get(path)["current_node_id"]
    story.claim(
        "one can go back to a node, and forward again", [back, forward] == [nodes[1], nodes[-1]], [back, forward]
    )


def module(stage: Stage) -> None:
    """3. The session is frozen as a module."""
    story, api = stage.story, stage.api
    with story.waiting("freezing the steps"):
        body = {"name": MODULE, "description": "Flights that took place, with readable names."}
        deployed = api.post(f"/api/sessions/{stage.session_id}:deploy", body)
    story.claim(f"the steps are {MODULE}, version 1", deployed["version"] == 1, deployed)
    found = api.get(f"/api/modules/{MODULE}/versions/1")
    kinds = [step["kind"] for step in found["recipe"]["steps"]]
    story.claim(
        "the version holds exactly these steps", kinds == [short.partition(":")[0] for short, _ in STEPS], kinds
    )
    takes = {column["name"]: column["type"] for column in found["input_contract"]["columns"]}
    gives = {column["name"]: column["type"] for column in found["output_contract"]["columns"]}
    story.claim(
        "its contract says what it takes and what it gives",
        takes.get(data.NEEDED) == "integer" and gives.get("speed") == "float" and gives.get("flight") == "string",
        {"takes": takes, "gives": gives},
    )


def workflow(stage: Stage) -> None:
    """4. A workflow is applied from a file, and run by hand."""
    story, api = stage.story, stage.api
    place = stage.papers / "flights.yaml"
    _write_workflow(stage)
    said = applied(api, WorkflowFile(place), dry_run=True)
    story.claim("a dry run says that it would be created", said["change"] == "created", said["change"])
    made = applied(api, WorkflowFile(place))
    again = applied(api, WorkflowFile(place))
    story.claim(
        "applied, it is created; applied again, it is unchanged",
        [made["change"], again["change"]] == ["created", "unchanged"],
        [made["change"], again["change"]],
    )
    stage.hook = dict(made["triggers"][0])
    story.claim(
        "its trigger has an address, and a secret that was shown once",
        bool(stage.hook.get("secret")) and not again["triggers"][0].get("secret"),
        sorted(stage.hook),
    )
    run = stage.ended(str(api.post(f"/api/workflows/{WORKFLOW}/runs")["id"]))
    stage.note("January", 1, run)
    story.claim("the run by hand succeeded", run["state"] == "succeeded", run)
    stage.arrived(1)
    story.show(psql(api, run) or "")


def _write_workflow(stage: Stage) -> None:
    """Write the workflow's file."""
    definition: Json = {
        "name": WORKFLOW,
        "description": "Every month's flights, cleaned, into the warehouse.",
        "source": {"connection": LANDING, "selection": {"path": f"{FOLDER}*.csv"}},
        "modules": [{"name": MODULE}],
        "destination": {
            "connection": WAREHOUSE,
            "target": {"schema": "public", "table": "flights"},
            "mode": "upsert",
            "keys": list(data.KEY),
        },
        "triggers": [{"kind": "s3_event", "name": "new-month", "watch": True, "interval_seconds": 1.0}],
    }
    text = yaml.safe_dump(definition, sort_keys=False)
    (stage.papers / "flights.yaml").write_text(text, encoding="utf-8")


def _flown(number: int) -> int:
    return data.kept(data.month(number)).height
