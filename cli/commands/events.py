"""`events`: the facts of a workspace, and dead letters sent on their way again."""

from typing import Annotated

import typer

from cli.client import segment
from cli.errors import Exit
from cli.output import table
from cli.shell import Shell, command, group

Service = Annotated[str, typer.Argument(help="A service, e.g. orchestrator.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("The facts of the workspace, and dead letters.")
    app.add_typer(these, name="events", rich_help_panel="Operations")
    command(
        these,
        "list",
        examples="""
        modulardata events list --type run.finished
        modulardata events list --run 0197f3a2-…
        """,
    )(list_all)
    command(these, "dead-letters", examples="modulardata events dead-letters orchestrator")(dead_letters)
    command(these, "replay-dlq", examples="modulardata events replay-dlq orchestrator")(replay)


def list_all(
    shell: Shell,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this type: run.finished, drift.*")] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List events, newest first."""
    items = list(shell.api.pages("/api/events", limit=limit, type=kind, run=run))
    rows = ([item["time"], item["type"], item["key"], item["run_id"], item["data"]] for item in items)
    shell.output.show({"items": items}, table(["time", "type", "about", "run", "data"], rows, longest=80))
    return Exit.GOOD


def dead_letters(shell: Shell, service: Service) -> int:
    """List what a service could not handle, and why. Needs the platform permission."""
    items = list(shell.api.pages(f"/api/dead-letters/{segment(service)}"))
    rows = ([i.get("topic"), i.get("offset"), i.get("type"), i.get("reason"), i.get("failed_at")] for i in items)
    shell.output.show({"items": items}, table(["topic", "offset", "type", "reason", "failed at"], rows, longest=120))
    return Exit.GOOD


def replay(shell: Shell, service: Service) -> int:
    """Send a service's dead letters on their way again, once what stopped them is mended."""
    found = shell.api.post(f"/api/dead-letters/{segment(service)}:replay")
    shell.output.show(found, f"{found['replayed']} dead letters of {service} are on their way again")
    return Exit.GOOD
