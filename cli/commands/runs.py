"""`runs` and `logs`: what ran, step by step, with its books and the reasons of what was set aside."""

from typing import Annotated

import typer
from rich.console import RenderableType

from cli import waiting
from cli.client import Api, Json, segment
from cli.errors import CliError, Exit
from cli.output import age, facts, moment, outcome, plain, table
from cli.shell import Shell, command, group

BOOKS = ("read", "added", "loaded", "filtered", "deduplicated", "quarantined", "combined")
EXIT_CODES = {"succeeded": Exit.GOOD, "partial": Exit.PARTIAL, "quarantined": Exit.PARTIAL}

Run = Annotated[str, typer.Argument(help="The run's id, or 'latest'.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("What ran, step by step.")
    app.add_typer(these, name="runs", rich_help_panel="Workflows")
    command(these, "list", examples="modulardata runs list --workflow flights")(list_all)
    command(
        these,
        "show",
        examples="""
        modulardata runs show latest
        modulardata runs show 0197f3a2-… --wait · follow it to its end
        """,
    )(show)
    command(
        these,
        "cancel",
        examples="""
        modulardata runs cancel latest
        modulardata runs cancel 0197f3a2-… --wait · wait until it has ended
        """,
    )(cancel)
    command(
        these,
        "undo",
        examples="""
        modulardata runs undo latest --dry-run · say what would be done, or why it cannot be
        modulardata runs undo 0197f3a2-… · take out what that run loaded
        """,
    )(undo)
    command(app, "logs", panel="Workflows", examples="modulardata logs latest")(logs)


def list_all(
    shell: Shell,
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List the runs, newest first."""
    items = list(shell.api.pages("/api/runs", limit=limit, workflow=workflow))
    rows = ([r["id"], r["workflow"], outcome(r["state"]), r["trigger"], age(r["created_at"]), *_sums(r)] for r in items)
    heads = ["id", "workflow", "state", "by", "ago", "loaded", "set aside"]
    shell.output.show({"items": items}, table(heads, rows))
    return Exit.GOOD


def show(
    shell: Shell,
    run: Run,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow it to its end.")] = False,
    timeout: Annotated[float, typer.Option(help="With --wait: seconds to wait.")] = 3600.0,
) -> int:
    """Show a run: its steps, its books, and why anything was set aside.

    Exit code 0 when it succeeded or goes on, 1 when something was set aside, 2 when it failed.
    """
    found = shell.api.get(f"/api/runs/{identify(shell.api, run)}")
    if wait:
        found = waiting.run(shell.api, shell.output, found["id"], seconds=timeout)
    document, parts = told(shell.api, found)
    shell.output.show(document, *parts)
    return exit_code(found)


def cancel(
    shell: Shell,
    run: Run,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until it has ended.")] = False,
    timeout: Annotated[float, typer.Option(help="With --wait: seconds to wait.")] = 600.0,
) -> int:
    """End a run before its time; the next run takes up what it was reading.

    A run that is loading at this moment comes to its end. With --wait the exit code is 0 when it was cancelled, 1 when
    its rows are in the destination all the same, 2 when it failed.
    """
    identity = identify(shell.api, run)
    found = shell.api.post(f"/api/runs/{identity}:cancel")
    if not wait:
        shell.output.show(found, facts({"run": found["id"], "state": outcome(found["state"])}))
        shell.output.done("asked to end; `modulardata runs show` says when it has")
        return Exit.GOOD
    ended = waiting.run(shell.api, shell.output, identity, seconds=timeout)
    document, parts = told(shell.api, ended)
    shell.output.show(document, *parts)
    if ended["state"] == "cancelled":
        return Exit.GOOD
    return Exit.FAILED if ended["state"] == "failed" else Exit.PARTIAL


def undo(
    shell: Shell,
    run: Run,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find out whether it can be done, change nothing.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = 3600.0,
) -> int:
    """Take out what a run loaded: rows it added go, rows it changed or replaced are there again as they were.

    It is done exactly or not at all, and once. It is refused when a later run or somebody else touched the same rows.
    Exit code 0 when it is done (or, with --dry-run, could be), 2 when it is refused.
    """
    identity = identify(shell.api, run)
    asked = shell.api.post(f"/api/runs/{identity}:undo", dry_run="true" if dry_run else None)
    ended = waiting.run(shell.api, shell.output, asked["id"], seconds=timeout)
    document, parts = told(shell.api, ended)
    shell.output.show(document, *parts)
    return exit_code(ended)


def logs(shell: Shell, run: Run) -> int:
    """Show a run's log."""
    found = shell.api.get(f"/api/runs/{identify(shell.api, run)}/log")
    entries = found["items"]
    rows = ([moment(entry["at"]), entry["level"], entry["message"]] for entry in entries)
    shell.output.show({"items": entries}, table(["at", "level", "message"], rows, longest=300))
    return Exit.GOOD


def identify(api: Api, run: str) -> str:
    """A run's id, as one segment of a path; 'latest' is the newest."""
    if run != "latest":
        return segment(run)
    newest = next(api.pages("/api/runs", limit=1), None)
    if newest is None:
        raise CliError("There is no run yet.", hint="`modulardata run WORKFLOW --wait` starts one.")
    return str(newest["id"])


def exit_code(run: Json) -> int:
    """What a run's end means for the shell."""
    return EXIT_CODES.get(run["state"], Exit.FAILED) if run["state"] in waiting.ENDED else Exit.GOOD


def told(api: Api, run: Json) -> tuple[Json, list[RenderableType]]:
    """A run as a document and as its parts: head, steps, books, what was set aside, and where its rows are."""
    aside = list(api.pages("/api/quarantine", run=run["id"]))
    document = run | {"quarantine": aside}
    head = {
        "run": run["id"],
        "workflow": f"{run['workflow']} version {run['workflow_version']}",
        "started by": run["trigger"],
        "for": ", ".join(f"{one['bucket']}/{one['key']}" for one in run["objects"] or ()),
        "modules": ", ".join(f"{one['name']} version {one['version']}" for one in run["modules"]),
        "undoes": run["undoes"] and f"run {run['undoes']}" + (", as a dry run" if run["dry_run"] else ""),
        "undone by": run["undone_by"] and f"run {run['undone_by']}",
        "state": outcome(run["state"]),
        "error": run.get("error_code"),
        "message": run.get("message"),
    }
    parts: list[RenderableType] = [facts(head), "", waiting.steps(run)]
    parts += [f"→ it waits for a decision: {waiting.decide(review)}" for review in run.get("waiting_for") or ()]
    if run.get("books"):
        parts += ["", table(BOOKS, [_figures(run["books"])]), ""]
    if aside:
        rows = ([a["id"], a["what"], a["reason"], a["rows"], a["summary"], a["state"]] for a in aside)
        parts += [table(["id", "set aside", "reason", "rows", "why", "state"], rows, longest=200)]
        parts += [f"→ {plain(entry['advice'])}" for entry in aside if entry.get("advice")]
    rows_at = psql(api, run)
    if rows_at and (run["books"] or {}).get("loaded"):
        document["look"] = rows_at
        parts += [f"→ {rows_at}"]
    return document, parts


def psql(api: Api, run: Json) -> str | None:
    """The command that shows a run's rows; without the password, which the caller has to have."""
    try:
        destination = run["definition"]["destination"]
        connection = api.get(f"/api/connections/{segment(destination['connection'])}")
    except CliError:
        return None  # the workflow or its connection is gone, or not ours to see
    if connection["kind"] != "postgres":
        return None
    return psql_line(connection["settings"], destination["target"])


def psql_line(settings: Json, target: Json) -> str:
    """A psql command that shows a table's first rows."""
    name = f'"{target.get("schema", "public")}"."{target["table"]}"'
    port = settings.get("port", 5432)
    # TABLE is SQL's own short form of SELECT * FROM.
    return f"psql -h {settings['host']} -p {port} -U {settings['user']} -d {settings['database']} " + (
        f"-c 'TABLE {name} LIMIT 20'"
    )


def _sums(run: Json) -> list[str]:
    books = run["books"]
    return ["", ""] if books is None else [f"{books['loaded']:,}", f"{books['quarantined']:,}"]


def _figures(books: Json | None) -> list[str]:
    return [""] * len(BOOKS) if not books else [f"{books[name]:,}" for name in BOOKS]
