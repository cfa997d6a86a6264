"""The story of a changing sender: what is proved is adapted to, what is unclear is asked, what cannot be is refused."""

from urllib.parse import urlsplit

import httpx

from cli.client import Json
from cli.demo import data
from cli.demo.receiver import Received
from cli.demo.stage import FOLDER, MODULE, WORKFLOW, Stage
from cli.errors import CliError

MARCH = f"{FOLDER}2013-03.csv"
MAY = f"{FOLDER}2013-05.csv"
JUNE = f"{FOLDER}2013-06.csv"
SECONDS = 60.0
EVENTS = ("drift.adapted", "drift.review_opened", "quarantine.opened")


def march(stage: Stage) -> None:
    """6. March comes changed, and the run heals itself."""
    story, api, month = stage.story, stage.api, data.month(3)
    rule = {"name": "ops", "events": list(EVENTS), "channel": {"kind": "webhook", "url": stage.receiver.url}}
    stage.receiver.expect(api.post("/api/notification-rules", rule)["secret"])
    known = stage.run_ids()
    stage.put(MARCH, data.csv(data.as_since_march(month)))
    renamed = ", ".join(f"{old} is now {new}" for old, new in data.RENAMED.items())
    story.tell(f"{renamed}; {', '.join(data.DECIMALS)} come as 12.0; {data.ADDED} came along")
    run = stage.ended(stage.new_run(known))
    stage.note("March", 3, run)
    found = [(c["kind"], c["column"], c.get("became")) for c in _changes(stage, run)]
    wanted = [("renamed", old, new) for old, new in data.RENAMED.items()] + [("added", data.ADDED, None)]
    story.claim(
        "every difference was found: two renames, three notations, one column more",
        set(wanted) < set(found) and {column for _, column, _ in found} >= set(data.DECIMALS),
        found,
    )
    [adapted] = [event["data"] for event in stage.events("drift.adapted") if event["run_id"] == run["id"]] or [{}]
    if not adapted:
        raise CliError(f"March was not adapted to; its run ended as {run['state']}: {_why(stage, run)}")
    version = api.get(f"/api/modules/{MODULE}/versions/2")
    story.claim(
        f"version 2 of {MODULE} was made of version 1, and says for what",
        version["adapts"] is not None and version["adapts"]["run_id"] == run["id"],
        version["adapts"],
    )
    _proved(stage, str(adapted["proof_id"]))
    story.claim(
        "the run went on with version 2, and succeeded; nobody was asked",
        run["state"] == "succeeded" and stage.used(run) == [2],
        run,
    )
    stage.arrived(3)
    told = _told(stage, "drift.adapted", run["id"])
    if told is not None:
        story.show(f"“{told.body.get('summary')}”")


def may(stage: Stage) -> None:
    """8. May comes with two columns that could be the one that is gone: somebody is asked."""
    story, api, month = stage.story, stage.api, data.month(5)
    known = stage.run_ids()
    stage.put(MAY, data.csv(data.as_since_may(month)))
    gone = data.RENAMED[data.NEEDED]
    story.tell(f"{gone} is gone; {data.RIGHT} and {data.OTHER} came")
    run_id = stage.new_run(known)
    review = story.until("the run to ask", lambda: _open_review(stage, run_id), SECONDS)
    asked = [change for change in review["changes"] if change["column"] == gone]
    story.claim(
        "the run waits and asks which of the two it is; nothing proves either",
        {data.RIGHT, data.OTHER} <= {str(one.get("column", one)) for one in _candidates(asked)},
        review["changes"],
    )
    story.claim(
        "meanwhile nothing is loaded, and nothing published",
        stage.rows_of(5) == 0 and len(stage.versions()) == 2 and stage.run(run_id)["state"] == "running",
        {"rows": stage.rows_of(5), "versions": len(stage.versions())},
    )
    _link_shows(stage, review)
    why = "delays are counted from the gate"
    done = stage.typed("drift", "review", review["id"], "--map", f"{gone}={data.RIGHT}", "--reason", why)
    story.claim("the answer is given on the command line", done.returncode == 0, done.stdout + done.stderr)
    run = stage.ended(run_id)
    stage.note("May", 5, run)
    decided = api.get(f"/api/drift/reviews/{review['id']}")
    story.claim(
        "it is recorded, with who gave it and why",
        (decided["decision"] or {}).get("reason") == why and bool(decided["decision"]["by"]),
        decided["decision"],
    )
    again = stage.typed("drift", "review", review["id"], "--reject", "--reason", "a second thought")
    story.claim("a second answer, another one, is refused", again.returncode != 0, again.stdout + again.stderr)
    story.claim(
        "the run went on with version 3, and succeeded", run["state"] == "succeeded" and stage.used(run) == [3], run
    )
    stage.arrived(5)


def june(stage: Stage) -> None:
    """9. June lacks a column that is needed: it is refused."""
    story, api, month = stage.story, stage.api, data.month(6)
    known = stage.run_ids()
    stage.put(JUNE, data.csv(data.as_in_june(month)))
    story.tell(f"{data.DROPPED} is gone, and nothing that came looks like it")
    run = stage.ended(stage.new_run(known))
    stage.note("June", 6, run)
    story.claim("nothing was loaded", run["state"] == "quarantined" and stage.rows_of(6) == 0, run)
    entries = [entry for entry in api.pages("/api/quarantine", run=run["id"]) if entry["what"] == "file"]
    story.claim(
        "the file waits in quarantine, all its rows accounted for",
        len(entries) == 1 and entries[0]["rows"] == month.height == run["books"]["quarantined"],
        entries,
    )
    story.claim("no version was made of it", len(stage.versions()) == 3, [one["number"] for one in stage.versions()])
    told = _told(stage, "quarantine.opened", run["id"])
    said = "" if told is None else f"{told.body.get('summary')} {told.body.get('advice')}"
    story.claim(
        "a signed webhook says which column is missing, and what to do",
        told is not None and told.verified and data.DROPPED in said and "modulardata quarantine" in said,
        said,
    )
    if told is not None:
        story.show(f"“{told.body.get('summary')}”")
        story.show(f"“{told.body.get('advice')}”")


def _proved(stage: Stage, proof_id: str) -> None:
    """Claim that a proof stands on January and February, and that it comes out the same again."""
    proof = stage.api.get(f"/api/drift/proofs/{proof_id}")
    checks = proof["checks"]
    stage.story.claim(
        f"before it was published it was proved on January and February: {len(checks)} checks, none failed",
        proof["verdict"] == "proven" and proof["history"] == 3 and all(check["passed"] for check in checks),
        {"verdict": proof["verdict"], "history": proof["history"], "failed": [c for c in checks if not c["passed"]]},
    )
    again = stage.typed("drift", "proof", proof_id, "--replay")
    stage.story.claim(
        "anybody can make the proof again; it has the same verdict", again.returncode == 0, again.stdout + again.stderr
    )


def _link_shows(stage: Stage, review: Json) -> None:
    """Claim that the notification's link shows the question, and that opening it answers nothing."""
    told = _told(stage, "drift.review_opened", review["run_id"])
    link = "" if told is None else str(told.body.get("links", {}).get("decide", ""))
    page = httpx.get(link, timeout=30, trust_env=False) if link else None
    now = stage.api.get(f"/api/drift/reviews/{review['id']}")["state"]
    stage.story.claim(
        "a signed webhook brought a link; opening it shows the question and decides nothing",
        page is not None and page.status_code == 200 and data.RIGHT in page.text and now == "open",
        {"page": page and page.status_code, "review": now},
    )
    listed = [item for item in stage.events("*") if link and urlsplit(link).path.rpartition("/")[2] in str(item)]
    stage.story.claim("the link stands in no list of the platform, only in that message", not listed, len(listed))


def _told(stage: Stage, kind: str, run_id: str) -> Received | None:
    """The message of this kind that speaks of a run."""

    def wanted(one: Received) -> bool:
        return bool(one.body.get("type", "").startswith(kind) and one.body.get("data", {}).get("run_id") == run_id)

    with stage.story.waiting("the notification is on its way"):
        return stage.receiver.wait_for(wanted, SECONDS)


def _changes(stage: Stage, run: Json) -> list[Json]:
    return [change for report in stage.api.pages("/api/drift-reports", run=run["id"]) for change in report["changes"]]


def _candidates(changes: list[Json]) -> list[Json]:
    return [candidate for change in changes for candidate in change["candidates"]]


def _open_review(stage: Stage, run_id: str) -> Json | None:
    """The review with which a run waits; a run that ended without asking ends the story."""
    waits = stage.api.pages("/api/drift/reviews", state="open", workflow=WORKFLOW)
    found = next((one for one in waits if one["run_id"] == run_id), None)
    if found is not None:
        return dict(stage.api.get(f"/api/drift/reviews/{found['id']}"))
    run = stage.run(run_id)
    if run["finished_at"] is not None:
        raise CliError(f"The run ended as {run['state']}, and nobody was asked: {_why(stage, run)}")
    return None


def _why(stage: Stage, run: Json) -> str:
    return " ".join(entry["summary"] for entry in stage.api.pages("/api/quarantine", run=run["id"]))
