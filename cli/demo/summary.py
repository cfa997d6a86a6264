"""The story's end: the books compared with the warehouse, and where to go on."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.client import Json
from cli.commands.stack import description
from cli.demo import data
from cli.demo.stage import MODULE, WORKFLOW, Stage
from cli.output import facts, outcome, table

# The demo's modules neither add rows nor combine them.
BOOKS = ("read", "loaded", "filtered", "deduplicated", "quarantined")
SHOWN = ("api", "api_docs", "temporal_ui", "warehouse", "credentials", "logs")
COMMANDS = (
    ("modulardata status", "what runs, where data and logs lie"),
    ("modulardata runs show latest", "steps, books, and why rows were set aside"),
    ("modulardata modules show clean-flights --version 2", "the steps that were added, and their proof"),
    ("modulardata drift reviews --state closed", "what was asked, and answered"),
    ("modulardata quarantine list", "what waits"),
    ("modulardata events list", "everything that happened"),
    ("modulardata preview warehouse:public.flights", "the rows"),
)


def books(stage: Stage) -> Json:
    """10. Every month's books, against the warehouse itself."""
    story = stage.story
    runs = [stage.run(month.run_id) for month in stage.months]
    story.claim(
        "every run's books balance: read = loaded + filtered + quarantined + deduplicated",
        all(run["books"]["read"] == sum(run["books"][term] for term in BOOKS[1:]) for run in runs),
        [run["books"] for run in runs],
    )
    total = {term: sum(run["books"][term] for run in runs) for term in BOOKS}
    story.claim("no term of the books is zero throughout", all(total.values()), total)
    rows = dict(stage.asked("SELECT month, count(*) FROM flights GROUP BY month"))
    months = []
    for number, name in enumerate(data.MONTHS, 1):
        mine = [run for month, run in zip(stage.months, runs, strict=True) if month.number == number]
        counted = {term: sum(run["books"][term] for run in mine) for term in BOOKS}
        refused = all(run["state"] == "quarantined" for run in mine)
        table_rows, expected = int(rows.get(number, 0)), 0 if refused else data.expected_rows(data.month(number))
        story.claim(
            f"{name.capitalize()}: what the books call loaded is what SQL counts",
            table_rows == counted["loaded"] == expected,
            {"sql": table_rows, "books": counted["loaded"], "expected": expected},
        )
        months.append({"month": name, **counted, "in_warehouse": table_rows})
    events = Counter(event["type"] for event in stage.api.pages("/api/events"))
    story.claim("every run that began has ended, in the events as well", _all_ended(events), dict(events))
    return {
        "months": months,
        "runs": [_line(month.name, run) for month, run in zip(stage.months, runs, strict=True)],
        "modules": [f"{MODULE} version {version['number']}" for version in stage.versions()],
        "workflow_version": stage.api.get(f"/api/workflows/{WORKFLOW}")["version"],
        "drift_reports": [report["summary"] for report in stage.api.pages("/api/drift-reports")],
        "events": dict(sorted(events.items())),
    }


def show(console: Console, stage: Stage, found: Json) -> None:
    """Print the summary, and where to go on."""
    console.print()
    heads = ["month", *BOOKS, "in the warehouse"]
    rows = ([month["month"], *_figures([month[t] for t in (*BOOKS, "in_warehouse")])] for month in found["months"])
    console.print(table(heads, rows))
    console.print()
    lines = (
        [run["file"], outcome(run["state"]), run["trigger"], run["push_attempts"], f"{run['seconds']:.1f} s", run["id"]]
        for run in found["runs"]
    )
    console.print(table(["run of", "state", "started by", "pushes", "took", "id"], lines))
    console.print()
    counted = {
        "modules": ", ".join(found["modules"]),
        "workflow": f"{WORKFLOW}, version {found['workflow_version']}",
        "drift": " ".join(found["drift_reports"]),
        "events": ", ".join(f"{name.removesuffix('.v1')} {count}" for name, count in found["events"].items()),
    }
    console.print(facts(counted))
    console.print()
    held = sum(claim.held for claim in stage.story.claims)
    verdict = f"{held} of {len(stage.story.claims)} claims held, {stage.story.seconds:.0f} seconds"
    console.print(Text(verdict, style="bold green" if stage.story.held else "bold red"))


def onwards(console: Console, stage: Stage) -> None:
    """Print where to go on, while the stack stays up."""
    console.print()
    console.print(Text("Look around, from a second terminal in this folder", style="bold"))
    named = {name: description(stage.stack.state)[name] for name in SHOWN}
    console.print(facts({name.replace("_", " "): value for name, value in named.items()}))
    console.print(facts(dict(COMMANDS)))


def _all_ended(events: Counter[str]) -> bool:
    return events["run.requested.v1"] == events["run.started.v1"] == events["run.finished.v1"] > 0


def _line(file: str, run: Json) -> Json:
    push: Any = next((step for step in run["steps"] if step["step"] == "push"), {})
    return {
        "file": file,
        "id": run["id"],
        "state": run["state"],
        "trigger": run["trigger"],
        "books": run["books"],
        "push_attempts": push.get("attempts", 0),
        "seconds": _lasted(run),
    }


def _lasted(run: Json) -> float:
    began, ended = (datetime.fromisoformat(run[name]) for name in ("created_at", "finished_at"))
    return round((ended - began).total_seconds(), 2)


def _figures(numbers: list[int]) -> list[str]:
    return [f"{number:,}" for number in numbers]
