"""What happened in a run, told line by line from its record."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import RowMapping

_ASKED = {
    "manual": "Asked for by hand",
    "webhook": "Asked for by a webhook",
    "s3_event": "Asked for by an event of the bucket",
    "watch": "Asked for by the watch that lists the bucket",
    "quarantine": "Asked for by the release of a quarantined file",
}
_ENDED: dict[str, tuple[Literal["info", "warning", "error"], str]] = {
    "succeeded": ("info", "Succeeded"),
    "partial": ("warning", "Ended with something set aside"),
    "quarantined": ("warning", "Ended with everything set aside"),
    "failed": ("error", "Failed"),
    "cancelled": ("warning", "Cancelled"),
}


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: datetime
    level: Literal["info", "warning", "error"]
    message: str


def lines(run: RowMapping, steps: list[RowMapping]) -> list[Line]:
    """The whole story, in the order of time."""
    # The sort keeps the order of what happened at the same moment.
    return sorted(_lines(run, steps), key=lambda line: line.at)


def _lines(run: RowMapping, steps: list[RowMapping]) -> Iterator[Line]:
    asked = _ASKED.get(run["trigger_kind"], "Asked for")
    if run["draft"] is not None:
        yield Line(run["created_at"], "info", f"Tried on what {len(run['past'])} runs read; nothing is written")
    if run["undoes"] is not None:
        what = "Whether it can be undone is to be found out" if run["dry_run"] else "To be undone"
        yield Line(run["created_at"], "info", f"{what}: run {run['undoes']}")
    yield Line(run["created_at"], "info", f"{asked}: {run['workflow']} version {run['workflow_version']}")
    for item in run["requested_window"].get("objects") or ():
        yield Line(run["created_at"], "info", f"For {item['bucket']}/{item['key']} alone")
    if run["cancel_requested_at"]:
        yield Line(run["cancel_requested_at"], "warning", "Asked to end before its time")
    if run["started_at"]:
        yield Line(run["started_at"], "info", "Started")
    for step in steps:
        yield from _step(step)
    if run["finished_at"]:
        level, words = _ENDED[run["state"]]
        reason = f": {run['message']} ({run['error_code']})" if run["message"] else ""
        yield Line(run["finished_at"], level, f"{words}{reason}")
        if run["books"]:
            figures = ", ".join(f"{name} {count:,}" for name, count in run["books"].items())
            yield Line(run["finished_at"], "info", f"Rows: {figures}")
    if run["undone_by"] is not None:
        yield Line(run["finished_at"], "warning", f"Undone since, by run {run['undone_by']}")


def _step(step: RowMapping) -> Iterator[Line]:
    name = step["step"].replace("_", " ")
    if step["state"] != "skipped":
        asked = f" ({step['detail']})" if step["detail"] and step["state"] == "running" else ""
        yield Line(step["started_at"], "info", f"{name}: begins{asked}")
    if step["finished_at"] is None:
        return
    seconds = (step["finished_at"] - step["started_at"]).total_seconds()
    facts = [] if step["state"] == "skipped" else [f"{seconds:.2f} s"]
    if step["attempts"] > 1:
        facts.append(f"{step['attempts']} attempts")
    if step["rows"] is not None:
        facts.append(f"{step['rows']:,} rows")
    if step["bytes"] is not None:
        facts.append(f"{step['bytes']:,} bytes")
    if step["detail"]:
        facts.append(step["detail"])
    level: Literal["info", "warning", "error"] = "error" if step["state"] == "failed" else "info"
    if step["step"] == "quarantine" and level == "info":
        level = "warning"
    yield Line(step["finished_at"], level, f"{name}: {step['state']}" + (f" ({'; '.join(facts)})" if facts else ""))
