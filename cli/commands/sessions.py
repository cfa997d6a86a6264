"""`sessions`: shape data step by step; every step is a node that can be gone back to."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli import steps, tree, waiting
from cli import tables as other_tables
from cli.client import Json, segment
from cli.commands import session_history
from cli.commands.data import facts_shown, rows_shown, send
from cli.commands.modules import details
from cli.errors import Exit, usage
from cli.output import facts, picked, plain, table
from cli.selection import FORM, format_of, resolve
from cli.shell import Shell, command, group

Session = Annotated[str, typer.Argument(help="The session's id, or 'latest'.")]
Node = Annotated[str | None, typer.Argument(help="A node's id or its beginning; the current one if left out.")]
OPEN_SECONDS = 300.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Shape data step by step; every step is a node that can be gone back to.")
    app.add_typer(these, name="sessions", rich_help_panel="Modules")
    command(these, "list", examples="modulardata sessions list")(list_all)
    command(
        these,
        "open",
        examples="""
        modulardata sessions open landing:flights/2013-01.csv
        modulardata sessions open ./january.csv --read delimiter=';' · a file of this machine is sent first
        """,
    )(open_session)
    command(these, "show", examples="modulardata sessions show latest")(show)
    command(
        these,
        "preview",
        examples="""
        modulardata sessions preview latest --rows 20
        modulardata sessions preview latest --where "carrier = 'UA'" --column flight --column dest
        """,
    )(preview)
    command(
        these,
        "profile",
        examples="""
        modulardata sessions profile latest
        modulardata sessions profile latest --words · as a planner is told, without a value of the data
        """,
    )(profile)
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
    command(
        these,
        "deploy",
        examples="""
        modulardata sessions deploy latest clean-flights
        modulardata sessions deploy latest clean-flights --tag daily --category flights --owner ops
        """,
    )(deploy)
    session_history.register(these)


def list_all(
    shell: Shell, archived: Annotated[bool, typer.Option("--archived", help="Those that were put away.")] = False
) -> int:
    """List the sessions, newest first."""
    items = list(shell.api.pages("/api/sessions", limit=100, archived=archived or None))
    shell.output.show({"items": items}, picked(items, ["id", "name", "state", "connection", "selection", "created_at"]))
    return Exit.GOOD


def open_session(
    shell: Shell,
    what: Annotated[str, typer.Argument(help=f"{FORM} · a file of this machine: ./january.csv")],
    read: Annotated[list[str] | None, typer.Option(help="How to read a file: NAME=VALUE of its format.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the data.")] = OPEN_SECONDS,
) -> int:
    """Open a session on a file or table: it is read once, profiled, and becomes the first node."""
    if ":" not in what and Path(what).is_file():
        sent = send(shell, Path(what))
        connection, selection = sent["connection"], sent["selection"]
    else:
        connection, selection = resolve(shell.api, what)
    if read:
        selection = selection | {"format": _format(shell, connection, selection, format_of(read))}
    made = shell.api.post("/api/sessions", {"connection": connection, "selection": selection})
    session = waiting.session(shell.api, shell.output, made["id"], seconds=timeout)
    shell.output.show(session, *_read_as(session), tree.drawn(session))
    shell.output.done(
        "open; next: `modulardata sessions profile latest`, then `modulardata sessions add latest --step …`"
    )
    return Exit.GOOD


def show(shell: Shell, session: Session) -> int:
    """Show a session's nodes as a tree; the current one is marked."""
    found = tree.session(shell, session)
    known = ("id", "name", "state", "connection", "selection", "archived_at")
    shell.output.show(found, facts({k: found.get(k) for k in known}), *_read_as(found), tree.drawn(found))
    return Exit.GOOD


def preview(
    shell: Shell,
    session: Session,
    node: Node = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=500, help="How many rows.")] = 10,
    after: Annotated[int, typer.Option("--after", min=0, help="Rows to pass over.")] = 0,
    where: Annotated[str | None, typer.Option(help="An expression; only rows for which it is true.")] = None,
    column: Annotated[list[str] | None, typer.Option("--column", "-c", help="Only this column; repeatable.")] = None,
) -> int:
    """Show rows of a node: the first, any page, or those that match an expression."""
    path = tree.node_path(shell, session, node)
    found = shell.api.get(f"{path}/preview", limit=rows, offset=after or None, where=where, columns=column or None)
    shell.output.show(found, *rows_shown(found))
    return Exit.GOOD


def profile(
    shell: Shell,
    session: Session,
    node: Node = None,
    words: Annotated[bool, typer.Option("--words", help="In words of bounded length.")] = False,
    values: Annotated[bool, typer.Option("--values", help="In words, with values of the data.")] = False,
) -> int:
    """Describe a node column by column."""
    where = tree.node_path(shell, session, node)
    if words or values:
        said = shell.api.get(f"{where}/profile/summary", values=values)
        shell.output.show(said, said["text"])
        return Exit.GOOD
    found = shell.api.get(f"{where}/profile")
    rows = (
        [
            c["name"],
            c["type"],
            f"{c['nulls']:,}",
            c.get("distinct"),
            c.get("minimum"),
            c.get("maximum"),
            _mean(c),
            _meaning(c),
        ]
        for c in found["columns"]
    )
    heads = ["column", "type", "nulls", "distinct", "minimum", "maximum", "mean", "what it looks like"]
    shell.output.show(found, _of_table(found), table(heads, rows, longest=30))
    return Exit.GOOD


def add(
    shell: Shell,
    session: Session,
    step: Annotated[
        list[str] | None, typer.Option("--step", "-s", help="A step, e.g. 'filter: a > 5'; repeatable.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A YAML or JSON file with a list of steps.")] = None,
    node: Annotated[str | None, typer.Option(help="Add to this node instead of the current one.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the node.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the new node.")] = None,
    tables: Annotated[list[str] | None, typer.Option("--with", help=other_tables.HELP)] = None,
) -> int:
    """Apply steps and get a new node. Each kind of step in its short form:

    select: a, b · drop: a · rename: old -> new · cast: a as string or null · filter: a > 5 · derive: c = a / b ·
    fill_null: a = 0 · drop_null: a · deduplicate: a, b keep last · sort: a desc, b · limit: 100 ·
    replace: a 'old' -> 'new'
    """
    wanted, inputs = tree.given(step, file)
    if not wanted:
        raise usage("There are no steps to add.", hint=steps.HINT)
    found = tree.session(shell, session)
    body: Json = {"steps": wanted, "reason": reason, "name": name}
    if inputs or tables:
        body["inputs"] = inputs | other_tables.given(shell, found, tables)
    if node is not None:
        body["parent_id"] = tree.node(found, node)["id"]
    with shell.output.waiting("applying …"):
        answer = shell.api.ask("POST", f"/api/sessions/{found['id']}/nodes", body=body)
    made = tree.grown(shell, answer)
    shell.output.show(made, tree.drawn(tree.session(shell, found["id"])))
    return Exit.GOOD


def back(
    shell: Shell, session: Session, node: Annotated[str, typer.Argument(help="A node's id or its beginning.")]
) -> int:
    """Make another node the current one: back, forward, or over to another branch. Nothing is lost."""
    found = tree.session(shell, session)
    shell.api.post(f"/api/sessions/{found['id']}:back", {"node_id": tree.node(found, node)["id"]})
    now = tree.session(shell, found["id"])
    shell.output.show(now, tree.drawn(now))
    return Exit.GOOD


def deploy(
    shell: Shell,
    session: Session,
    name: Annotated[str, typer.Argument(help="The module's name; an existing one gets a new version.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    node: Annotated[str | None, typer.Option(help="Deploy this node instead of the current one.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the module; repeatable, '' for none.")] = None,
    category: Annotated[str | None, typer.Option(help="The module's category.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    readme: Annotated[Path | None, typer.Option(help="A text file, for people.")] = None,
) -> int:
    """Freeze the steps as a version of a module, with its input and output contract.

    What a module is found by, and is left out here, stays as it is.
    """
    found = tree.session(shell, session)
    body: Json = {"name": name, "description": description}
    if node is not None:
        body["node_id"] = tree.node(found, node)["id"]
    said = details(tag, category, owner, readme)
    if said:
        body["details"] = said
    with shell.output.waiting("deploying …"):
        made = shell.api.post(f"/api/sessions/{found['id']}:deploy", body)
    shell.output.show(made, facts(made))
    shell.output.done(f"{made['name']} version {made['version']}")
    return Exit.GOOD


def _mean(column: Json) -> str:
    return "" if column.get("mean") is None else f"{column['mean']:.4g}"


def _meaning(column: Json) -> str:
    semantic = column.get("semantic")
    return "" if not semantic else f"{semantic['kind']} ({semantic['confidence']:.0%})"


def _of_table(found: Json) -> str:
    said = [f"{found['rows']:,} rows"]
    if found.get("duplicates"):
        said.append(f"{found['duplicates']:,} equal to an earlier one")
    if found.get("key_candidates"):
        said.append("keys: " + "; ".join(", ".join(key) for key in found["key_candidates"][:3]))
    return plain(" · ".join(said))


def _read_as(session: Json) -> list[RenderableType]:
    """What was found out about the file, for a look whether it is so."""
    return facts_shown(session.get("facts") or {})


def _format(shell: Shell, connection: str, selection: Json, told: Json) -> Json:
    """What a person says about a file, with the kind that it is found to have where they do not say that."""
    if "kind" in told:
        return told
    path = f"/api/connections/{segment(connection)}:preview"
    seen = shell.api.post(path, {"selection": selection, "limit": 1})
    return {"kind": seen["facts"]["format"], **told}
