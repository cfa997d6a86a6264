"""`events`: the facts of a workspace; dead letters and parked events, sent on their way again."""

from typing import Annotated

import typer

from cli.client import segment
from cli.errors import Exit, usage
from cli.output import moment, table
from cli.shell import Shell, command, group

Service = Annotated[str, typer.Argument(help="A service, e.g. orchestrator.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("The facts of the workspace; dead letters and parked events.")
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
    command(
        these,
        "parked",
        examples="""
        modulardata events parked orchestrator
        modulardata events parked orchestrator --requeue
        """,
    )(parked)


def list_all(
    shell: Shell,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this type: run.finished, drift.*")] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List events, newest first."""
    items = list(shell.api.pages("/api/events", limit=limit, type=kind, run=run))
    rows = ([moment(item["time"]), item["type"], item["run_id"], item["data"]] for item in items)
    shell.output.show({"items": items}, table(["time", "type", "run", "data"], rows, longest=90))
    return Exit.GOOD


def dead_letters(shell: Shell, service: Service) -> int:
    """List what a service could not handle, and why. Needs the platform permission."""
    items = list(shell.api.pages(f"/api/dead-letters/{segment(service)}"))
    rows = ([i["topic"], i["source_offset"], i["type"], i["kind"], i["reason"], moment(i["at"])] for i in items)
    shell.output.show({"items": items}, table(["topic", "offset", "type", "kind", "reason", "at"], rows, longest=120))
    return Exit.GOOD


def replay(
    shell: Shell,
    service: Service,
    kind: Annotated[str | None, typer.Option("--type", help="Only events of this type.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only what came from this topic.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 10_000,
) -> int:
    """Send a service's dead letters on their way again, once what stopped them is mended."""
    asked = {"limit": limit, "type": kind, "topic": topic}
    body = {name: value for name, value in asked.items() if value is not None}
    found = shell.api.post(f"/api/dead-letters/{segment(service)}:replay", body)
    said = f"{found['replayed']} dead letters of {service} are on their way again"
    shell.output.show(found, said + (f"; {found['left']} wait still" if found["left"] else ""))
    return Exit.GOOD


def parked(
    shell: Shell,
    service: Service,
    requeue: Annotated[
        bool, typer.Option("--requeue", help="Send them again, once what was in the way is mended.")
    ] = False,
    event: Annotated[str | None, typer.Option(help="With --requeue: only this event.")] = None,
) -> int:
    """List the events of a service that Kafka would not take, and those that wait behind them; or send them again.

    Needs the platform permission.
    """
    path = f"/api/parked-events/{segment(service)}"
    if requeue:
        found = shell.api.post(f"{path}:requeue", {} if event is None else {"event_id": event})
        said = f"{found['requeued']} parked events of {service} are on their way again"
        shell.output.show(found, said + (f"; {found['left']} stay aside" if found["left"] else ""))
        return Exit.GOOD
    if event is not None:
        raise usage("--event goes with --requeue.")
    items = list(shell.api.pages(path))
    rows = ([i["event_id"], i["topic"], i["type"], i["reason"], i["held"], moment(i["created_at"])] for i in items)
    heads = ["event", "topic", "type", "reason", "waiting behind", "at"]
    shell.output.show({"items": items}, table(heads, rows, longest=120))
    return Exit.GOOD
