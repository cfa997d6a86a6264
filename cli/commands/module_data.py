"""`modules compare` and `modules try`: versions side by side, and what they make of rows."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.spinner import Spinner
from rich.text import Text

from cli import steps, waiting
from cli.client import Json, segment
from cli.errors import CliError, Exit, usage
from cli.output import facts, plain, table
from cli.selection import FORM, resolve
from cli.shell import Shell, command

MARKS = {"equal": "", "changed": "~", "removed": "-", "added": "+"}
PARTS = {"only_left": "only on the left", "only_right": "only on the right"}
SECONDS = 600.0

Name = Annotated[str, typer.Argument(help="The module's name.")]
On = Annotated[str | None, typer.Option(help=f"A file of this machine, or: {FORM}")]
Session = Annotated[str | None, typer.Option(help="The rows of this session's current node.")]
Node = Annotated[str | None, typer.Option(help="With --session: those of this node.")]
Run = Annotated[str | None, typer.Option(help="The rows that this run read.")]
Rows = Annotated[int, typer.Option("--rows", "-n", min=0, max=500, help="How many rows to show.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for the answer.")]


def register(these: typer.Typer) -> None:
    """Add the commands."""
    command(
        these,
        "compare",
        examples="""
        modulardata modules compare clean-flights 1 2 · steps and contracts
        modulardata modules compare clean-flights 1 2 --on landing:flights/2013-01.csv --key id · on rows
        modulardata modules compare clean-flights 1 2 --run 0197f3a2-… · of the rows that a run read
        """,
    )(compare)
    command(
        these,
        "try",
        examples="""
        modulardata modules try clean-flights --on january.csv
        modulardata modules try clean-flights --version 1 --on landing:flights/2013-01.csv --rows 20
        """,
    )(try_it)


def compare(
    shell: Shell,
    name: Name,
    left: Annotated[int, typer.Argument(help="A version.")],
    right: Annotated[int, typer.Argument(help="Another version.")],
    right_name: Annotated[str | None, typer.Option(help="The module that the right version is of, if another.")] = None,
    on: On = None,
    session: Session = None,
    node: Node = None,
    run: Run = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A column that pairs rows; repeatable, '' to count whole rows.")
    ] = None,
    rows: Rows = 10,
    timeout: Timeout = SECONDS,
) -> int:
    """Show what differs between two versions: steps and contracts; and, on rows, what they make of them.

    Ends with 1 when the data differ.
    """
    wanted = _input(shell, on, session, node, run)
    found = shell.api.get(f"/api/modules/{segment(name)}/compare", left=left, right=right, right_name=right_name)
    heads = ["", f"version {left}", f"version {right}"]
    lines = ([MARKS[row["op"]], _step(row["left"]), _step(row["right"])] for row in found["steps"])
    changes = ([change["level"], change["side"], change["sentence"]] for change in found["changes"])
    shown: list[RenderableType] = [
        table(heads, lines, longest=120),
        "",
        facts({"level": found["level"]}),
        table(["level", "side", "what changed in the contracts"], changes, longest=200),
    ]
    if found["inputs"]:
        others = ([row["name"], _other(row["left"]), _other(row["right"])] for row in found["inputs"])
        shown += ["", table(["other table", *heads[1:]], others, longest=80)]
    if wanted is None:
        shell.output.show(found, *shown)
        return Exit.GOOD
    asked: Json = {
        "left": {"name": name, "version": left},
        "right": {"name": right_name or name, "version": right},
        "input": wanted,
    }
    if key is not None:
        asked["keys"] = [one for one in key if one]
    made = _answered(shell, "/api/module-comparisons", asked, timeout)
    difference = made["difference"]
    parts = _rows_that_differ(shell, made["id"], difference, rows)
    shell.output.show(found | {"data": made, "rows": parts}, *shown, "", *_difference(difference), *_listed(parts))
    return Exit.GOOD if difference["same"] else Exit.PARTIAL


def try_it(
    shell: Shell,
    name: Name,
    version: Annotated[int | None, typer.Option(help="A version's number; the current one if left out.")] = None,
    on: On = None,
    session: Session = None,
    node: Node = None,
    run: Run = None,
    rows: Rows = 10,
    timeout: Timeout = SECONDS,
) -> int:
    """Run a version over some rows, without a workflow and without loading anything; see what comes out.

    Ends with 1 when rows were set aside.
    """
    wanted = _input(shell, on, session, node, run)
    if wanted is None:
        raise usage("This needs rows to try it on.", hint="--on FILE, --on CONNECTION:WHAT, --session ID or --run ID")
    module = {"name": name} | ({} if version is None else {"version": version})
    made = _answered(shell, "/api/module-trials", {"module": module, "input": wanted}, timeout)
    page = {"rows": []} if rows == 0 else shell.api.get(f"/api/module-trials/{made['id']}/rows", limit=rows)
    names = [column["name"] for column in made["output"]["columns"]]
    figures = {
        "version": made["module"]["version"],
        "rows read": f"{made['rows_read']:,}",
        "rows out": f"{made['rows']:,}",
        "set aside": f"{made['set_aside']:,}",
        "for example": made["set_aside_sample"],
    }
    books = ([book["step"] + 1, book["kind"], book["rows_in"], book["rows_out"]] for book in made["books"])
    shown: list[RenderableType] = [facts(figures), "", table(["", "step", "rows in", "rows out"], books)]
    if made["checks"]:
        shown += ["", _checks(made["checks"])]
    if page["rows"]:
        shown += ["", table(names, ([row[one] for one in names] for row in page["rows"]), longest=40)]
    shell.output.show(made | {"sample": page["rows"]}, *shown)
    return Exit.GOOD if made["set_aside"] == 0 else Exit.PARTIAL


def _input(shell: Shell, on: str | None, session: str | None, node: str | None, run: str | None) -> Json | None:
    """The rows that are meant."""
    if sum(one is not None for one in (on, session, run)) > 1:
        raise usage("Rows come from one place: --on, --session or --run.")
    if node is not None and session is None:
        raise usage("--node is a node of a --session.")
    if session is not None:
        return {"kind": "node", "session_id": session} | ({} if node is None else {"node_id": node})
    if run is not None:
        return {"kind": "run", "run_id": run}
    if on is None:
        return None
    file = Path(on)
    if ":" not in on and file.is_file():
        with shell.output.waiting(f"sending {file} …"):
            sent = shell.api.upload(f"/api/uploads/{segment(file.name)}", lambda: file.open("rb"))
        return {"kind": "file"} | {part: sent["source"][part] for part in ("connection", "selection")}
    connection, selection = resolve(shell.api, on)
    return {"kind": "file", "connection": connection, "selection": selection}


def _answered(shell: Shell, path: str, asked: Json, seconds: float) -> Json:
    """Ask, and wait for what comes of it."""
    made = shell.api.post(path, asked)
    seen = waiting.until(
        shell.output,
        lambda: dict(shell.api.get(f"{path}/{made['id']}")),
        lambda seen: seen["state"] != "running",
        _drawn,
        seconds=seconds,
        what="This",
    )
    if seen["state"] == "failed":
        raise CliError(str(seen["message"]), code=str(seen["code"]))
    return seen


def _drawn(seen: Json, spinner: Spinner) -> RenderableType:
    spinner.update(text=Text(f"running over {plain(seen['input']['kind'])} …"))
    return spinner


def _rows_that_differ(shell: Shell, comparison: str, difference: Json, limit: int) -> Json:
    """The first rows of each kind of difference."""
    path = f"/api/module-comparisons/{comparison}/rows"
    wanted = [part for part in (*PARTS, "changed") if limit and difference[part]]
    return {part: shell.api.get(path, part=part, limit=limit) for part in wanted}


def _difference(found: Json) -> list[RenderableType]:
    paired = ", ".join(found["keys"]) or "nothing: whole rows were counted"
    figures = {
        "rows left": f"{found['left']['rows']:,}",
        "rows right": f"{found['right']['rows']:,}",
        "paired by": f"{paired} ({found['keys_from']})" if found["keys"] else paired,
        "the same": f"{found['equal']:,}",
        "only left": f"{found['only_left']:,}",
        "only right": f"{found['only_right']:,}",
        "changed": f"{found['changed']:,}",
        "columns only left": ", ".join(found["columns_only_left"]),
        "columns only right": ", ".join(found["columns_only_right"]),
    }
    changed = ([one["column"], one["changed"]] for one in found["columns"] if one["changed"])
    sums = (
        [one["column"], *(_figure(one[side], name) for name in ("nulls", "sum") for side in ("left", "right"))]
        for one in found["aggregates"]
        if one["left"] != one["right"]
    )
    return [
        facts(figures),
        "",
        table(["column", "rows changed"], changed),
        "",
        table(["figures", "nulls left", "nulls right", "sum left", "sum right"], sums),
    ]


def _listed(parts: Json) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for part, title in PARTS.items():
        rows = parts.get(part, {}).get("rows") or []
        if rows:
            names = list(rows[0])
            shown += ["", table(names, ([row[name] for name in names] for row in rows), title=title, longest=40)]
    changed = parts.get("changed", {}).get("changed") or []
    if changed:
        cells = (
            [
                ", ".join(f"{name} {plain(value)}" for name, value in row["key"].items()),
                "; ".join(f"{n}: {plain(row['left'][n], 40)} → {plain(row['right'][n], 40)}" for n in row["left"]),
            ]
            for row in changed
        )
        shown += ["", table(["key", "left → right"], cells, title="changed", longest=160)]
    return shown


def _checks(checks: list[Json]) -> RenderableType:
    rows = ([one["side"], _check(one["check"]), one["check"]["enforcement"], one["failed"]] for one in checks)
    return table(["side", "check", "what is done", "rows that did not pass"], rows, longest=120)


def _check(check: Json) -> str:
    named = check.get("column") or ", ".join(check.get("columns") or ())
    return f"{named}: {check['kind']}"


def _figure(side: Json | None, name: str) -> object:
    return None if side is None else side[name]


def _other(table: Json | None) -> str:
    return "" if table is None else f"{table['kind']} {table.get('dataset') or table.get('module')}"


def _step(step: Json | None) -> str:
    return "" if step is None else steps.short(step)
