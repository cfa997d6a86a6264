"""`quarantine`: rows and files that wait because they may not go on, and what becomes of them."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import Api, Json, segment
from cli.errors import Exit, usage
from cli.output import facts, table
from cli.shell import Shell, command, group

Entry = Annotated[str, typer.Argument(help="The entry's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Rows and files that wait because they may not go on.")
    app.add_typer(these, name="quarantine", rich_help_panel="Operations")
    command(these, "list", examples="modulardata quarantine list")(list_all)
    command(these, "show", examples="modulardata quarantine show 0197f3a2-…")(show)
    command(these, "rows", examples="modulardata quarantine rows 0197f3a2-…")(rows)
    command(these, "content", examples="modulardata quarantine content 0197f3a2-… --write march.csv")(content)
    command(
        these,
        "release",
        examples="""
        modulardata quarantine release 0197f3a2-… --with march-corrected.csv · load this instead
        modulardata quarantine release 0197f3a2-… · load it as it is, now that the module takes it
        """,
    )(release)
    command(these, "reject", examples="modulardata quarantine reject 0197f3a2-… --reason 'sent twice'")(reject)


def list_all(
    shell: Shell,
    state: Annotated[str | None, typer.Option(help="Only in this state, e.g. open.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List what is set aside, newest first."""
    items = list(shell.api.pages("/api/quarantine", limit=limit, state=state))
    shown = ([i["id"], i["what"], i["state"], i["workflow"], i["reason"], i["rows"], i["summary"]] for i in items)
    heads = ["id", "what", "state", "workflow", "reason", "rows", "why"]
    shell.output.show({"items": items}, table(heads, shown, longest=160))
    return Exit.GOOD


def show(shell: Shell, entry: Entry) -> int:
    """Show one entry: what is wrong, and what to do."""
    found = shell.api.get(f"/api/quarantine/{segment(entry)}")
    shell.output.show(found, facts(found))
    return Exit.GOOD


def rows(shell: Shell, entry: Entry, limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500)] = 20) -> int:
    """Show the rows that were set aside: where each stands, why, and its text."""
    items = list(shell.api.pages(f"/api/quarantine/{segment(entry)}/rows", limit=limit))
    heads = list(items[0]) if items else []
    shell.output.show({"items": items}, table(heads, (list(item.values()) for item in items), longest=120))
    return Exit.GOOD


def content(
    shell: Shell,
    entry: Entry,
    write: Annotated[Path, typer.Option("--write", "-w", help="The file to write.")],
) -> int:
    """Fetch a file that was set aside, byte for byte."""
    with write.open("wb") as target:
        written = shell.api.download(f"/api/quarantine/{segment(entry)}/content", target)
    shell.output.show({"file": str(write), "bytes": written})
    shell.output.done(f"{written:,} bytes to {write}")
    return Exit.GOOD


def release(
    shell: Shell,
    entry: Entry,
    corrected: Annotated[Path | None, typer.Option("--with", help="Load this corrected file instead.")] = None,
) -> int:
    """Let a file go on: a run loads it, with its drift judged again."""
    found = released(shell.api, entry, corrected)
    shell.output.show(found, facts(found))
    shell.output.done("released; `modulardata runs list` shows the run that loads it")
    return Exit.GOOD


def released(api: Api, entry: str, corrected: Path | None) -> Json:
    """Release a file, with corrected content if there is any."""
    path = f"/api/quarantine/{segment(entry)}"
    if corrected is not None:
        given = corrected
        if not given.is_file():
            raise usage(f"There is no file {given}.")
        api.upload(f"{path}/content", lambda: given.open("rb"))
    return dict(api.post(f"{path}:release"))


def reject(shell: Shell, entry: Entry, reason: Annotated[str, typer.Option(help="Why it stays out.")]) -> int:
    """Decide that it stays out. Its content is kept."""
    found = shell.api.post(f"/api/quarantine/{segment(entry)}:reject", {"reason": reason})
    shell.output.show(found, facts(found or {}))
    shell.output.done("rejected")
    return Exit.GOOD
