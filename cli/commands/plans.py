"""`plans`: say in plain English what a session's table should become; see what would be done, then do it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli import tree
from cli.client import Json, segment
from cli.commands.data import rows_shown
from cli.errors import CliError, Exit
from cli.output import facts, table
from cli.shell import Shell, command, group

Session = Annotated[str, typer.Argument(help="The session's id, or 'latest'.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Say in plain English what a table should become; see what would be done, then do it.")
    app.add_typer(these, name="plans", rich_help_panel="Modules")
    command(
        these,
        "ask",
        examples="""
        modulardata plans ask latest "drop rows without a dep_time, then the average arr_delay per carrier"
        modulardata plans ask latest "sort by distance, longest first" --apply · do it at once
        """,
    )(ask)
    command(these, "apply", examples="modulardata plans apply latest 0197f3a2-…")(apply)
    command(these, "list", examples="modulardata plans list latest")(list_all)


def ask(
    shell: Shell,
    session: Session,
    message: Annotated[str, typer.Argument(help="What is wanted, in plain English.")],
    node: Annotated[str | None, typer.Option(help="Plan for this node instead of the current one.")] = None,
    planner: Annotated[str, typer.Option(help="rules, or model where the operator has set one up.")] = "rules",
    apply_: Annotated[bool, typer.Option("--apply", help="Do it at once, if there is a plan.")] = False,
) -> int:
    """Plan what was asked for. Nothing changes until the plan is applied."""
    session_id = _session(shell, session)
    body: Json = {"message": message, "planner": planner}
    if node is not None:
        body["node_id"] = node
    with shell.output.waiting("planning …"):
        said = shell.api.post(f"/api/sessions/{session_id}/chat", body)
    shell.output.show(said, *_shown(said))
    if said["outcome"] != "plan":
        return Exit.FAILED
    if apply_:
        return _apply(shell, session_id, said["id"])
    shell.output.done(f"nothing has changed; `modulardata plans apply {session_id} {said['id']}` does it")
    return Exit.GOOD


def apply(
    shell: Shell, session: Session, plan: Annotated[str, typer.Argument(help="The plan's id, as `ask` shows it.")]
) -> int:
    """Do what was planned; what comes of it is the current node."""
    return _apply(shell, _session(shell, session), plan)


def list_all(shell: Shell, session: Session, limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 50) -> int:
    """List what was asked of a session, and what became of it."""
    items = list(shell.api.pages(f"/api/sessions/{segment(_session(shell, session))}/chat", limit=limit))
    rows = ([one["id"], one["text"], one["outcome"], "yes" if one["applied_node_id"] else ""] for one in items)
    shell.output.show({"items": items}, table(["id", "asked", "answer", "applied"], rows, longest=80))
    return Exit.GOOD


def _apply(shell: Shell, session_id: str, plan: str) -> int:
    with shell.output.waiting("applying …"):
        answer = shell.api.ask("POST", f"/api/sessions/{segment(session_id)}/chat/{segment(plan)}:apply", body={})
    node = tree.grown(shell, answer)
    shell.output.show(node, facts({"node": node.get("id"), "rows": node.get("rows")}))
    shell.output.done("applied; `modulardata sessions preview latest` shows the rows")
    return Exit.GOOD


def _shown(said: Json) -> Iterator[RenderableType]:
    """A plan, a question or a refusal for people. What a file or a model wrote is text, never markup."""
    if said["outcome"] == "plan":
        plan: Json = said["plan"]
        for number, line in enumerate(plan["english"], start=1):
            yield Text(f"{number}. {line}")
        for note in plan["notes"]:
            yield Text(note, style="yellow")
        yield Text(f"{'' if plan['exact'] else 'about '}{plan['rows']:,} rows would come out", style="dim")
        shown: dict[str, Any] = {"schema": plan["schema"], "rows": plan["after"], "offset": 0, "total": plan["rows"]}
        yield from rows_shown(shown)
    elif said["outcome"] == "question":
        yield Text(said["question"]["text"], style="yellow")
        for choice in said["question"]["choices"]:
            yield Text(f"  · {choice}")
    else:
        yield Text(said["refusal"], style="red")


def _session(shell: Shell, wanted: str) -> str:
    if wanted != "latest":
        return wanted
    newest = next(shell.api.pages("/api/sessions", limit=1), None)
    if newest is None:
        raise CliError("There is no session yet.", hint="`modulardata sessions open CONNECTION:WHAT` opens one.")
    return str(newest["id"])
