"""Waiting for what takes time: a session that opens, its long work, a run that ends; with progress on the way."""

import time
from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from cli.client import Api, Json
from cli.errors import CliError, Where
from cli.output import Output, outcome, plain, table

PAUSE = 0.25
ENDED = frozenset({"succeeded", "partial", "quarantined", "failed", "cancelled"})


def until(
    output: Output,
    read: Callable[[], Json],
    finished: Callable[[Json], bool],
    draw: Callable[[Json, Spinner], RenderableType],
    *,
    seconds: float,
    what: str,
) -> Json:
    """Read again and again until it is finished; draw it on a terminal, stay silent elsewhere."""
    deadline = time.monotonic() + seconds
    spinner = Spinner("dots", style="cyan")
    live = Live(console=output.err, refresh_per_second=8, transient=True) if output.err.is_terminal else None
    if live is not None:
        live.start()
    try:
        while not finished(seen := read()):
            if live is not None:
                live.update(draw(seen, spinner))
            if time.monotonic() > deadline:
                raise CliError(
                    f"{what} has not ended after {seconds:.0f} s; it goes on by itself.",
                    hint="Look again later, or wait longer with --timeout SECONDS.",
                    code="still_going",
                )
            time.sleep(PAUSE)
    finally:
        if live is not None:
            live.stop()
    return seen


def run(api: Api, output: Output, run_id: str, *, seconds: float) -> Json:
    """Wait for a run's end, and show its steps on the way; say once that it waits itself, and for whom."""
    told: set[str] = set()

    def read() -> Json:
        seen: Json = api.get(f"/api/runs/{run_id}")
        for review in seen.get("waiting_for") or ():
            if review not in told:
                told.add(review)
                output.warn(f"it waits for a decision: {decide(review)}")
        return seen

    return until(
        output,
        read,
        lambda seen: seen["state"] in ENDED,
        _run_drawn,
        seconds=seconds,
        what=f"Run {run_id}",
    )


def decide(review: str) -> str:
    """The command with which a person answers what a run waits for."""
    return f"modulardata drift review {review}"


def session(api: Api, output: Output, session_id: str, *, seconds: float) -> Json:
    """Wait until a session has its data."""
    seen = until(
        output,
        lambda: dict(api.get(f"/api/sessions/{session_id}")),
        lambda seen: seen["state"] != "opening",
        _session_drawn,
        seconds=seconds,
        what=f"Session {session_id}",
    )
    if seen["state"] != "open":
        raise CliError(
            f"The session could not be opened: {seen.get('message') or seen['state']}", code=str(seen.get("code"))
        )
    return seen


def task(api: Api, output: Output, task: Json, *, seconds: float) -> Json:
    """Wait for the end of a session's long work; raises what went wrong with it."""
    path = f"/api/sessions/{task['session_id']}/tasks/{task['id']}"
    seen = until(
        output,
        lambda: dict(api.get(path)),
        lambda seen: seen["state"] in ("done", "failed"),
        _task_drawn,
        seconds=seconds,
        what=f"Task {task['id']}",
    )
    if seen["state"] == "failed":
        found = seen["problem"]
        where = tuple(Where(one["pointer"], one["message"], one["code"]) for one in found["errors"])
        raise CliError(found["message"], where=where, code=found["code"])
    return seen


def _task_drawn(seen: Json, spinner: Spinner) -> RenderableType:
    spinner.update(text=Text(f"{seen['progress']:.0%}  {plain(seen['doing'] or seen['state'])}"))
    return spinner


def _run_drawn(seen: Json, spinner: Spinner) -> RenderableType:
    spinner.update(text=Text.assemble("run ", plain(seen["id"]), "  ", outcome(seen["state"])))
    return Group(spinner, steps(seen))


def _session_drawn(seen: Json, spinner: Spinner) -> RenderableType:
    spinner.update(text=Text(f"reading {plain(seen['connection'])} …"))
    return spinner


def steps(seen: Json) -> RenderableType:
    """The steps of a run so far; what is under way with its attempt and how far it is."""
    under_way = {one["step"]: one for one in seen.get("progress") or ()}
    rows = []
    for step in seen.get("steps", ()):
        now = under_way.get(step["step"], {}) if step["state"] == "running" else {}
        beat: Json = now.get("heartbeat") or {}
        rows.append(
            [
                step["step"].replace("_", " "),
                outcome(step["state"]),
                now.get("attempt") or step["attempts"] or "",
                _figure(beat.get("rows") if now else step["rows"]),
                _figure(beat.get("bytes") if now else step["bytes"]),
                "" if step["seconds"] is None else f"{step['seconds']:.1f} s",
                now.get("last_failure") or step["detail"],
            ]
        )
    return table(["step", "state", "attempts", "rows", "bytes", "time", ""], rows, longest=100)


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
