"""A session's tree of nodes: found by what people type, made to grow, and drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from cli import steps, waiting
from cli.client import Answer, Json, segment
from cli.errors import CliError, usage
from cli.output import plain
from cli.shell import Shell

TASK_SECONDS = 3_600.0


def session(shell: Shell, wanted: str) -> Json:
    """A session by its id, or the newest one."""
    if wanted == "latest":
        newest = next(shell.api.pages("/api/sessions", limit=1), None)
        if newest is None:
            raise CliError("There is no session yet.", hint="`modulardata sessions open CONNECTION:WHAT` opens one.")
        wanted = str(newest["id"])
    return dict(shell.api.get(f"/api/sessions/{segment(wanted)}"))


def node(session: Json, wanted: str) -> Json:
    """A node by its name, its id, or the beginning of that."""
    nodes = [node for node in session["nodes"] if node.get("name") == wanted]
    nodes = nodes or [node for node in session["nodes"] if str(node["id"]).startswith(wanted)]
    # Ids made in the same moment begin alike; their ends tell them apart.
    nodes = nodes or [node for node in session["nodes"] if str(node["id"]).endswith(wanted)]
    if len(nodes) != 1:
        several = "matches several nodes" if nodes else "is no node"
        raise usage(
            f"{wanted!r} {several} of this session.", hint=f"`modulardata sessions show {session['id']}` lists them."
        )
    return dict(nodes[0])


def node_path(shell: Shell, wanted: str, node_wanted: str | None) -> str:
    """Where a node is; the current one if none is named."""
    found = session(shell, wanted)
    node_id = found["current_node_id"] if node_wanted is None else node(found, node_wanted)["id"]
    return f"/api/sessions/{found['id']}/nodes/{node_id}"


def given(step: list[str] | None, file: Path | None) -> tuple[list[Json], Json]:
    """The steps of a command line, judged before anything is sent, and the other tables that a file of steps names."""
    of_file, inputs = ([], {}) if file is None else steps.read(file)
    wanted = [steps.parse(text) for text in step or ()] + of_file
    return (steps.check(wanted) if wanted else []), inputs


def grown(shell: Shell, answer: Answer) -> Json:
    """The node that a request made, waited for where a task makes it."""
    if answer.status != 202:
        return dict(answer.body)
    task = ended(shell, answer.body)
    return dict(shell.api.get(f"/api/sessions/{task['session_id']}/nodes/{task['node_id']}"))


def ended(shell: Shell, task: Json) -> Json:
    """A task at its end; raises what went wrong with it."""
    return waiting.task(shell.api, shell.output, task, seconds=TASK_SECONDS)


def drawn(session: Json) -> RenderableType:
    """All nodes, the current one marked."""
    children: dict[Any, list[Json]] = {}
    for one in session.get("nodes", ()):
        children.setdefault(one.get("parent_id"), []).append(one)
    name = f"  {plain(session['name'], 60)}" if session.get("name") else ""
    root = Tree(Text.assemble((f"session {session['id']}", "bold"), name))

    def grow(branch: Tree, parent: Any) -> None:
        for one in children.get(parent, ()):
            grow(branch.add(_label(one, session.get("current_node_id"))), one["id"])

    grow(root, None)
    return root


def step_label(step: Mapping[str, Any] | None) -> str:
    """A step in its short form; nothing where there is none."""
    return "" if step is None else plain(steps.short(dict(step)), 100)


def _label(one: Json, current: Any) -> Text:
    said = "; ".join(steps.short(step) for step in one.get("steps", ())) or "as it was read"
    mark = ("● ", "green") if one["id"] == current else ("○ ", "dim")
    name = (f"[{plain(one['name'], 40)}] ", "bold") if one.get("name") else ""
    rows = "" if one.get("rows") is None else f"  {one['rows']:,} rows"
    reason = f"  ({plain(one['reason'], 60)})" if one.get("reason") else ""
    return Text.assemble(mark, name, plain(said, 100), (rows, "dim"), (reason, "italic"), (f"  {one['id']}", "dim"))
