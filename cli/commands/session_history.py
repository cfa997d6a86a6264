"""`sessions`, continued: change what was done, compare, name, put away, take along, and have it proved."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cli import tables as other_tables
from cli import tree
from cli.client import Json
from cli.errors import Exit, usage
from cli.output import facts, picked, plain, table
from cli.shell import Shell, command

Session = Annotated[str, typer.Argument(help="The session's id, or 'latest'.")]
Node = Annotated[str | None, typer.Argument(help="A node's name, its id or its beginning; else the current one.")]
NodeOption = Annotated[str | None, typer.Option("--node", help="This node instead of the current one.")]
FORMATS = ("csv", "jsonl", "parquet", "xlsx")


class Action(StrEnum):
    """What an edit does."""

    REPLACE = "replace"
    REMOVE = "remove"
    INSERT = "insert"


def register(these: typer.Typer) -> None:
    """Add the commands."""
    command(
        these,
        "steps",
        examples="""
        modulardata sessions steps latest
        modulardata sessions steps latest --columns
        """,
    )(steps)
    command(
        these,
        "edit",
        examples="""
        modulardata sessions edit latest replace 2 --step 'filter: distance >= 200' --reason 'short hops count'
        modulardata sessions edit latest remove 1
        modulardata sessions edit latest insert 3 --step 'drop_null: carrier'
        """,
    )(edit)
    command(these, "compare", examples="modulardata sessions compare latest 'no gaps' 0197f3")(compare)
    command(
        these,
        "name",
        examples="""
        modulardata sessions name latest 'January, cleaned'
        modulardata sessions name latest 'no gaps' --node 0197f3
        """,
    )(name)
    command(these, "export", examples="modulardata sessions export latest --write clean.parquet")(export)
    command(these, "replay", examples="modulardata sessions replay latest")(replay)
    command(these, "tasks", examples="modulardata sessions tasks latest")(tasks)
    command(these, "archive", examples="modulardata sessions archive latest")(archive)
    command(these, "restore", examples="modulardata sessions restore 0197f3aa-…")(restore)
    command(these, "delete", examples="modulardata sessions delete 0197f3aa-…")(delete)


def steps(
    shell: Shell,
    session: Session,
    node: Node = None,
    columns: Annotated[bool, typer.Option("--columns", help="Of which columns of the file each one is made.")] = False,
) -> int:
    """List all steps of a node from the first on: what they did to the rows, and the other tables they look at."""
    place = tree.node_path(shell, session, node)
    found = shell.api.get(f"{place}/steps")
    if columns:
        made = [[name, ", ".join(of)] for name, of in (found["origins"] or {}).items()]
        shell.output.show(found, table(["column", "depends on"], made, longest=120))
        return Exit.GOOD
    shown = [[one["number"], one["english"], *_rows(one["books"])] for one in found["steps"]]
    parts: list[RenderableType] = [table(["", "step", "rows", ""], shown, longest=100)]
    inputs = shell.api.get(place).get("inputs") or {}
    if inputs:
        parts += ["", table(["other table", "is", "columns"], other_tables.drawn(inputs), longest=80)]
    shell.output.show({"items": found["steps"], "inputs": inputs}, *parts)
    return Exit.GOOD


def edit(
    shell: Shell,
    session: Session,
    action: Annotated[Action, typer.Argument(help="What to do.")],
    number: Annotated[int, typer.Argument(min=1, help="The step's number, as `sessions steps` counts.")],
    step: Annotated[list[str] | None, typer.Option("--step", "-s", help="What to put there; repeatable.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A YAML or JSON file with a list of steps.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the node.")] = None,
    node: NodeOption = None,
    tables: Annotated[list[str] | None, typer.Option("--with", help=other_tables.HELP)] = None,
) -> int:
    """Replace, remove or insert a step anywhere; what follows is repeated as a new branch. Nothing is lost."""
    found = tree.session(shell, session)
    wanted, inputs = tree.given(step, file)
    body: Json = {"action": action.value, "at": number - 1, "steps": wanted, "reason": reason}
    if inputs or tables:
        body["inputs"] = inputs | other_tables.given(shell, found, tables)
    if node is not None:
        body["node_id"] = tree.node(found, node)["id"]
    with shell.output.waiting("repeating what follows …"):
        answer = shell.api.ask("POST", f"/api/sessions/{found['id']}:edit", body=body)
    made = tree.grown(shell, answer)
    shell.output.show(made, tree.drawn(tree.session(shell, found["id"])))
    return Exit.GOOD


def compare(
    shell: Shell,
    session: Session,
    left: Annotated[str, typer.Argument(help="A node's name, its id or its beginning.")],
    right: Annotated[str, typer.Argument(help="Another one's.")],
) -> int:
    """Show what is different between two nodes: steps, columns, rows."""
    found = tree.session(shell, session)
    ids = {"left": tree.node(found, left)["id"], "right": tree.node(found, right)["id"]}
    seen = shell.api.get(f"/api/sessions/{found['id']}/compare", **ids)
    shell.output.show(seen, *_compared(seen))
    return Exit.GOOD


def name(
    shell: Shell,
    session: Session,
    text: Annotated[str, typer.Argument(help="The name; an empty one takes it away.")],
    node: NodeOption = None,
) -> int:
    """Give a session, or one of its nodes, a name."""
    found = tree.session(shell, session)
    path = f"/api/sessions/{found['id']}"
    if node is not None:
        path += f"/nodes/{tree.node(found, node)['id']}"
    shell.api.ask("PATCH", path, body={"name": text or None})
    now = tree.session(shell, found["id"])
    shell.output.show(now, tree.drawn(now))
    return Exit.GOOD


def export(
    shell: Shell,
    session: Session,
    write: Annotated[Path, typer.Option("--write", "-w", help="The file to write; its ending says what kind.")],
    node: Node = None,
    form: Annotated[str | None, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")] = None,
    escape_formulas: Annotated[
        bool, typer.Option("--escape-formulas", help="Make texts harmless that a spreadsheet would run.")
    ] = False,
) -> int:
    """Write all rows of a node to a file."""
    kind = form or write.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise usage(f"{kind or str(write)!r} is no kind of file.", hint=f"One of: {', '.join(FORMATS)}.")
    where = tree.node_path(shell, session, node)
    with shell.output.waiting(f"writing {write} …"), write.open("wb") as target:
        asked = {"format": kind, "escape_formulas": escape_formulas}
        written = shell.api.download(f"{where}/export", target, **asked)
    shell.output.show({"file": str(write), "bytes": written})
    shell.output.done(f"{written:,} bytes to {write}")
    return Exit.GOOD


def replay(shell: Shell, session: Session, node: Node = None) -> int:
    """Compute a node anew, from the file on, and say whether the same data comes of it."""
    task = shell.api.post(f"{tree.node_path(shell, session, node)}:replay")
    done = tree.ended(shell, task)
    result = done["result"]
    shell.output.show(done, facts(result))
    if not result["reproduced"]:
        shell.output.warn("something else came of it than was recorded")
        return Exit.FAILED
    shell.output.done("the same data, byte by byte")
    return Exit.GOOD


def tasks(shell: Shell, session: Session) -> int:
    """List a session's long work, newest first."""
    found = tree.session(shell, session)
    items = list(shell.api.pages(f"/api/sessions/{found['id']}/tasks"))
    shell.output.show({"items": items}, picked(items, ["id", "kind", "state", "progress", "doing", "created_at"]))
    return Exit.GOOD


def archive(shell: Shell, session: Session) -> int:
    """Put a session away: lists leave it out; it can still be read, and brought back."""
    return _moved(shell, session, "archive")


def restore(shell: Shell, session: Session) -> int:
    """Bring a session back that was put away."""
    return _moved(shell, session, "restore")


def delete(shell: Shell, session: Session) -> int:
    """Remove a session with its nodes, plans and tasks, for good. Modules made of it stay as they are."""
    found = tree.session(shell, session)
    shell.api.delete(f"/api/sessions/{found['id']}")
    shell.output.show({"deleted": found["id"]})
    shell.output.done(f"removed session {found['id']}")
    return Exit.GOOD


def _moved(shell: Shell, session: str, verb: str) -> int:
    found = tree.session(shell, session)
    made = shell.api.post(f"/api/sessions/{found['id']}:{verb}")
    shell.output.show(made, facts({key: made[key] for key in ("id", "name", "state", "archived_at")}))
    return Exit.GOOD


def _rows(books: Json | None) -> tuple[str, str]:
    """How many rows came out of a step, and what became of the others."""
    if books is None:
        return "", ""
    kinds = ("filtered", "deduplicated", "quarantined", "combined", "added")
    said = [f"{books[kind]:,} {kind}" for kind in kinds if books[kind]]
    return f"{books['rows_out']:,}", " · ".join(said)


def _compared(seen: Json) -> list[RenderableType]:
    marks = {"same": "", "changed": "≠", "only_left": "<", "only_right": ">"}
    lines = [[marks[one["kind"]], tree.step_label(one["left"]), tree.step_label(one["right"])] for one in seen["steps"]]
    columns: list[list[Any]] = [["<", one["name"], one["type"], ""] for one in seen["columns"]["only_left"]] + [
        [">", one["name"], "", one["type"]] for one in seen["columns"]["only_right"]
    ]
    columns += [["≠", one["name"], one["left"], one["right"]] for one in seen["columns"]["changed"]]
    if seen["columns"]["reordered"]:
        columns.append(["≠", "(the order of the columns)", "", ""])
    said = "the same data" if seen["same_data"] else plain(f"{seen['rows_left']:,} rows | {seen['rows_right']:,} rows")
    parts: list[RenderableType] = [said, table(["", "steps, left", "right"], lines, longest=70)]
    if columns:
        parts += ["", table(["", "column", "left", "right"], columns)]
    return parts
