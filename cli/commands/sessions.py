"""`sessions`: shape data step by step; every step is a node that can be gone back to."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from cli import steps, waiting
from cli.client import Json, segment
from cli.commands.data import rows_shown
from cli.errors import CliError, Exit, usage
from cli.output import facts, picked, plain, table
from cli.selection import FORM, resolve
from cli.shell import Shell, command, group

Session = Annotated[str, typer.Argument(help="The session's id, or 'latest'.")]
Node = Annotated[str | None, typer.Argument(help="A node's id or its beginning; the current one if left out.")]
OPEN_SECONDS = 300.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Shape data step by step; every step is a node that can be gone back to.")
    app.add_typer(these, name="sessions", rich_help_panel="Modules")
    command(these, "list", examples="modulardata sessions list")(list_all)
    command(these, "open", examples="modulardata sessions open landing:flights/2013-01.csv")(open_session)
    command(these, "show", examples="modulardata sessions show latest")(show)
    command(these, "preview", examples="modulardata sessions preview latest --rows 20")(preview)
    command(these, "profile", examples="modulardata sessions profile latest")(profile)
    command(
        these,
        "add",
        examples="""
        modulardata sessions add latest --step 'drop_null: dep_time' --step 'filter: distance >= 100'
        modulardata sessions add latest --step 'derive: speed = distance / air_time * 60'
        modulardata sessions add latest --file steps.yaml · a list of steps, short or long
        """,
    )(add)
    command(these, "back", examples="modulardata sessions back latest 0197f3")(back)
    command(these, "deploy", examples="modulardata sessions deploy latest clean-flights")(deploy)


def list_all(shell: Shell) -> int:
    """List the sessions, newest first."""
    items = list(shell.api.pages("/api/sessions", limit=100))
    shell.output.show({"items": items}, picked(items, ["id", "state", "connection", "selection", "created_at"]))
    return Exit.GOOD


def open_session(
    shell: Shell,
    what: Annotated[str, typer.Argument(help=FORM)],
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the data.")] = OPEN_SECONDS,
) -> int:
    """Open a session on a file or table: it is read once, profiled, and becomes the first node."""
    connection, selection = resolve(shell.api, what)
    made = shell.api.post("/api/sessions", {"connection": connection, "selection": selection})
    session = waiting.session(shell.api, shell.output, made["id"], seconds=timeout)
    shell.output.show(session, _tree(session))
    shell.output.done(
        "open; next: `modulardata sessions profile latest`, then `modulardata sessions add latest --step …`"
    )
    return Exit.GOOD


def show(shell: Shell, session: Session) -> int:
    """Show a session's nodes as a tree; the current one is marked."""
    found = _session(shell, session)
    shell.output.show(found, facts({k: found.get(k) for k in ("id", "state", "connection", "selection")}), _tree(found))
    return Exit.GOOD


def preview(
    shell: Shell,
    session: Session,
    node: Node = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=500, help="How many rows.")] = 10,
) -> int:
    """Show the first rows of a node."""
    where = _node_path(shell, session, node)
    found = shell.api.get(f"{where}/preview", limit=rows)
    shell.output.show(found, *rows_shown(found))
    return Exit.GOOD


def profile(shell: Shell, session: Session, node: Node = None) -> int:
    """Describe a node column by column."""
    where = _node_path(shell, session, node)
    found = shell.api.get(f"{where}/profile")
    rows = (
        [c["name"], c["type"], f"{c['nulls']:,}", c.get("distinct"), c.get("minimum"), c.get("maximum"), _mean(c)]
        for c in found["columns"]
    )
    heads = ["column", "type", "nulls", "distinct", "minimum", "maximum", "mean"]
    shell.output.show(found, f"{found['rows']:,} rows", table(heads, rows, longest=30))
    return Exit.GOOD


def add(
    shell: Shell,
    session: Session,
    step: Annotated[
        list[str] | None, typer.Option("--step", "-s", help="A step, e.g. 'filter: a > 5'; repeatable.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A YAML or JSON file with a list of steps.")] = None,
    node: Annotated[str | None, typer.Option(help="Add to this node instead of the current one.")] = None,
) -> int:
    """Apply steps and get a new node. Each kind of step in its short form:

    select: a, b · drop: a · rename: old -> new · cast: a as string or null · filter: a > 5 · derive: c = a / b ·
    fill_null: a = 0 · drop_null: a · deduplicate: a, b keep last · sort: a desc, b · limit: 100 ·
    replace: a 'old' -> 'new'
    """
    wanted = [steps.parse(text) for text in step or ()] + (steps.read(file) if file is not None else [])
    if not wanted:
        raise usage("There are no steps to add.", hint=steps.HINT)
    steps.check(wanted)
    found = _session(shell, session)
    body: Json = {"steps": wanted}
    if node is not None:
        body["parent_id"] = _node(found, node)["id"]
    with shell.output.waiting("applying …"):
        made = shell.api.post(f"/api/sessions/{found['id']}/nodes", body)
    shell.output.show(made, _tree(_session(shell, found["id"])))
    return Exit.GOOD


def back(
    shell: Shell, session: Session, node: Annotated[str, typer.Argument(help="A node's id or its beginning.")]
) -> int:
    """Make another node the current one: back, forward, or over to another branch. Nothing is lost."""
    found = _session(shell, session)
    shell.api.post(f"/api/sessions/{found['id']}:back", {"node_id": _node(found, node)["id"]})
    now = _session(shell, found["id"])
    shell.output.show(now, _tree(now))
    return Exit.GOOD


def deploy(
    shell: Shell,
    session: Session,
    name: Annotated[str, typer.Argument(help="The module's name; an existing one gets a new version.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    node: Annotated[str | None, typer.Option(help="Deploy this node instead of the current one.")] = None,
) -> int:
    """Freeze the steps as a version of a module, with its input and output contract."""
    found = _session(shell, session)
    body: Json = {"name": name, "description": description}
    if node is not None:
        body["node_id"] = _node(found, node)["id"]
    with shell.output.waiting("deploying …"):
        made = shell.api.post(f"/api/sessions/{found['id']}:deploy", body)
    shell.output.show(made, facts(made))
    shell.output.done(f"{made['name']} version {made['version']}")
    return Exit.GOOD


def _session(shell: Shell, wanted: str) -> Json:
    if wanted == "latest":
        newest = next(shell.api.pages("/api/sessions", limit=1), None)
        if newest is None:
            raise CliError("There is no session yet.", hint="`modulardata sessions open CONNECTION:WHAT` opens one.")
        wanted = str(newest["id"])
    return dict(shell.api.get(f"/api/sessions/{segment(wanted)}"))


def _node(session: Json, wanted: str) -> Json:
    nodes = [node for node in session["nodes"] if str(node["id"]).startswith(wanted)]
    # Ids made in the same moment begin alike; their ends tell them apart.
    nodes = nodes or [node for node in session["nodes"] if str(node["id"]).endswith(wanted)]
    if len(nodes) != 1:
        several = "matches several nodes" if nodes else "is no node"
        raise usage(
            f"{wanted!r} {several} of this session.", hint=f"`modulardata sessions show {session['id']}` lists them."
        )
    return dict(nodes[0])


def _node_path(shell: Shell, session: str, node: str | None) -> str:
    found = _session(shell, session)
    node_id = found["current_node_id"] if node is None else _node(found, node)["id"]
    return f"/api/sessions/{found['id']}/nodes/{node_id}"


def _tree(session: Json) -> RenderableType:
    children: dict[Any, list[Json]] = {}
    for node in session.get("nodes", ()):
        children.setdefault(node.get("parent_id"), []).append(node)
    root = Tree(Text(f"session {session['id']}", style="bold"))

    def grow(branch: Tree, parent: Any) -> None:
        for node in children.get(parent, ()):
            grow(branch.add(_label(node, session.get("current_node_id"))), node["id"])

    grow(root, None)
    return root


def _label(node: Json, current: Any) -> Text:
    said = "; ".join(steps.short(step) for step in node.get("steps", ())) or "as it was read"
    mark = ("● ", "green") if node["id"] == current else ("○ ", "dim")
    rows = "" if node.get("rows") is None else f"  {node['rows']:,} rows"
    return Text.assemble(mark, plain(said, 100), (rows, "dim"), (f"  {node['id']}", "dim"))


def _mean(column: Json) -> str:
    return "" if column.get("mean") is None else f"{column['mean']:.4g}"
