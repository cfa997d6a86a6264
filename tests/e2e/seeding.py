"""Workspaces with one of everything in them, all marked with a word that belongs to the workspace alone."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from deploy.local.state import State
from tests.connections import s3_connection, warehouse_connection
from tests.e2e.client import Api
from tests.waiting import until

CSV = {"kind": "csv"}


@dataclass
class Seeded:
    """A workspace: its admin, its word, and the ids of what is in it by the names that paths use."""

    api: Api
    word: str
    workspace_id: str
    email: str
    password: str
    ids: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def workspace(platform_admin: Api, label: str) -> Seeded:
    """A new workspace with its admin logged in; needs a platform permission."""
    word = f"{label}{secrets.token_hex(6)}"
    email, password = f"admin@{word}.test", secrets.token_urlsafe(18)
    made = platform_admin.call("POST", "/api/workspaces", {"workspace": word, "email": email, "password": password})
    nobody = platform_admin.under(None)
    token = nobody.call("POST", "/api/login", {"email": email, "password": password})["token"]
    nobody.close()
    return Seeded(platform_admin.under(token), word, made["workspace_id"], email, password)


def signed(secret: str, body: bytes, delivery: str | None = None) -> dict[str, str]:
    """The headers of a signed delivery."""
    delivery, now = delivery or f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, now, body.decode()),
        "Content-Type": "application/json",
    }


def one_of_everything(state: State, seeded: Seeded) -> Seeded:
    """Fill a workspace: connections, a session with nodes, a module, a workflow, runs, drift, quarantine, rules."""
    api, word, ids = seeded.api, seeded.word, seeded.ids
    bucket, table = f"{word}-bucket", word.replace("-", "_")
    ids["connection"] = bucket
    api.call("POST", "/api/connections", s3_connection(state, bucket))
    api.call("POST", "/api/connections", warehouse_connection(state, f"{word}-warehouse"))

    good = f"number,{word}\n" + "".join(f"{number},{word}-{number}\n" for number in range(1, 7)) + f"7,{word}-7,x\n"
    api.call("PUT", f"/api/connections/{bucket}/files/{word}/in/1.csv", good.encode())
    ids["file"] = f"{word}/in/1.csv"
    sent = api.call("PUT", f"/api/uploads/{word}.csv", good.encode())
    ids["sha256"], ids["upload"] = sent["sha256"], sent["name"]
    session = api.opened(bucket, {"path": f"{word}/in/1.csv", "format": CSV})
    assert session["state"] == "open", session
    ids["session_id"] = session["id"]
    steps = [{"kind": "filter", "where": "number > 0"}]
    node = api.call("POST", f"/api/sessions/{session['id']}/nodes", {"steps": steps})
    ids["node_id"] = node["id"]
    ids["task_id"] = api.call("POST", f"/api/sessions/{session['id']}/nodes/{node['id']}:replay")["id"]
    ids["module"] = f"{word}-module"
    api.call("POST", f"/api/sessions/{session['id']}:deploy", {"name": ids["module"], "description": word})

    message = {"message": "keep the rows where number is more than 1"}
    ids["message_id"] = api.call("POST", f"/api/sessions/{session['id']}/chat", message)["id"]
    rows = {"kind": "node", "session_id": session["id"]}
    version = {"name": ids["module"], "version": 1}
    compared = api.call("POST", "/api/module-comparisons", {"left": version, "right": version, "input": rows})
    ids["comparison_id"] = compared["id"]
    ids["trial_id"] = api.call("POST", "/api/module-trials", {"module": version, "input": rows})["id"]
    for path in (f"/api/module-comparisons/{ids['comparison_id']}", f"/api/module-trials/{ids['trial_id']}"):
        until("it has ended", lambda path=path: api.call("GET", path)["state"] != "running")

    rule: dict[str, Any] = {
        "name": f"{word}-rule",
        "events": ["*"],
        "channel": {"kind": "webhook", "url": f"http://127.0.0.1:9/{word}"},
    }
    seeded.secrets["rule"] = api.call("POST", "/api/notification-rules", rule)["secret"]
    ids["rule"] = rule["name"]

    ids["workflow"] = f"{word}-flow"
    applied = api.call("PUT", f"/api/workflows/{ids['workflow']}", workflow(ids["workflow"], word, table))
    (trigger,) = applied["triggers"]
    ids["trigger_id"] = trigger["id"]
    seeded.secrets["trigger"] = trigger["secret"]
    run = api.run(ids["workflow"])
    assert run["state"] == "partial", run
    ids["run_id"] = run["id"]

    # A file whose key is called otherwise: a report, a proof, a review, and, rejected, an entry in quarantine.
    api.call("PUT", f"/api/connections/{bucket}/files/{word}/in/2.csv", f"num,{word}\n3,{word}-three\n".encode())
    asks = api.call("POST", f"/api/workflows/{ids['workflow']}/runs")["id"]
    ids["review_id"] = until("a review", lambda: api.call("GET", f"/api/runs/{asks}")["waiting_for"])[0]
    review = api.call("GET", f"/api/drift/reviews/{ids['review_id']}")
    ids["proof_id"], ids["report_id"] = review["proof"]["id"], review["report_id"]
    api.call("POST", f"/api/drift/reviews/{ids['review_id']}:reject", {"reason": word})
    assert api.ended(asks)["state"] == "quarantined"
    for entry in api.items("/api/quarantine"):
        ids["entry_id" if entry["what"] == "file" else "rows_entry_id"] = str(entry["id"])
    ids["notification_id"] = until("a notification", lambda: api.items("/api/notifications"))[0]["id"]

    key = api.call("POST", "/api/keys", {"name": f"{word} key", "role": "developer"})
    ids["key_id"], seeded.secrets["key"] = key["id"], key["key"]
    person = {"email": f"somebody@{word}.test", "password": secrets.token_urlsafe(18), "role": "analyst"}
    ids["user_id"] = api.call("POST", "/api/users", person)["id"]
    return seeded


def workflow(name: str, word: str, table: str, **changes: Any) -> dict[str, Any]:
    """A workflow of such a workspace."""
    return {
        "name": name,
        "description": word,
        "source": {"connection": f"{word}-bucket", "selection": {"path": f"{word}/in/*.csv", "format": CSV}},
        "modules": [{"name": f"{word}-module", "version": 1}],
        "destination": {
            "connection": f"{word}-warehouse",
            "target": {"schema": "public", "table": table},
            "mode": "upsert",
            "keys": ["number"],
        },
        "triggers": [{"kind": "webhook", "name": "call"}],
    } | changes
