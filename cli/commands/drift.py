"""`drift`: how what came differed from what was expected, what was decided, and what waits to be."""

from typing import Annotated

import typer

from cli.client import segment
from cli.commands import drift_reviews
from cli.errors import Exit
from cli.output import facts, table
from cli.shell import Shell, command, group


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("How what came differed from what was expected, and what is done about it.")
    app.add_typer(these, name="drift", rich_help_panel="Operations")
    command(these, "list", examples="modulardata drift list --workflow flights")(list_all)
    command(these, "show", examples="modulardata drift show 0197f3a2-…")(show)
    drift_reviews.register(these)


def list_all(
    shell: Shell,
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List drift reports, newest first."""
    items = list(shell.api.pages("/api/drift-reports", limit=limit, workflow=workflow))
    rows = ([i["id"], i["workflow"], i["module"], i["decision"], i["summary"]] for i in items)
    heads = ["id", "workflow", "module", "decision", "summary"]
    shell.output.show({"items": items}, table(heads, rows, longest=160))
    return Exit.GOOD


def show(shell: Shell, report: Annotated[str, typer.Argument(help="The report's id.")]) -> int:
    """Show one report: every difference, how sure it is, and what to do."""
    found = shell.api.get(f"/api/drift-reports/{segment(report)}")
    head = {name: found.get(name) for name in ("workflow", "module", "mode", "decision")}
    head |= {"what happened": found.get("summary"), "what to do": found.get("advice")}
    rows = (
        [c["kind"], c["column"], c.get("became"), _percent(c.get("confidence")), c["absorbable"], c["detail"]]
        for c in found["changes"]
    )
    heads = ["difference", "column", "became", "sure", "absorbed", "detail"]
    shell.output.show(found, facts(head), "", table(heads, rows, longest=160))
    return Exit.GOOD


def _percent(confidence: float | None) -> str:
    return "" if confidence is None else f"{confidence:.0%}"
