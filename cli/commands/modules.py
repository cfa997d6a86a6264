"""`modules`: named, versioned, immutable transformations."""

from typing import Annotated

import typer

from cli import steps
from cli.client import Json, segment
from cli.errors import Exit
from cli.output import facts, picked, table
from cli.shell import Shell, command, group

MARKS = {"equal": "", "changed": "~", "removed": "-", "added": "+"}
HEAD = ("name", "number", "current", "content_hash", "description", "published_at")

Name = Annotated[str, typer.Argument(help="The module's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Named, versioned, immutable transformations.")
    app.add_typer(these, name="modules", rich_help_panel="Modules")
    command(these, "list", examples="modulardata modules list")(list_all)
    command(these, "show", examples="modulardata modules show clean-flights --version 1")(show)
    command(these, "versions", examples="modulardata modules versions clean-flights")(versions)
    command(these, "compare", examples="modulardata modules compare clean-flights 1 2")(compare)
    command(
        these,
        "set-current",
        examples="modulardata modules set-current clean-flights 1 --reason 'version 2 drops too much'",
    )(set_current)


def list_all(shell: Shell) -> int:
    """List the modules."""
    items = list(shell.api.pages("/api/modules"))
    shell.output.show(
        {"items": items}, picked(items, ["name", "current_version", "latest_version", "description", "updated_at"])
    )
    return Exit.GOOD


def show(
    shell: Shell,
    name: Name,
    version: Annotated[int | None, typer.Option(help="A version's number; the current one if left out.")] = None,
) -> int:
    """Show a module's version: its steps, and what it takes and gives."""
    path = f"/api/modules/{segment(name)}"
    if version is None:
        version = int(shell.api.get(path)["current_version"])
    found = shell.api.get(f"{path}/versions/{version}")
    recipe = found["recipe"]["steps"]
    head = {key.replace("_", " "): found.get(key) for key in HEAD}
    shell.output.show(
        found,
        facts(head),
        "",
        table(["", "step"], ([index + 1, steps.short(step)] for index, step in enumerate(recipe)), longest=200),
        "",
        facts({"takes": _columns(found["input_contract"]), "gives": _columns(found["output_contract"])}),
    )
    return Exit.GOOD


def versions(shell: Shell, name: Name) -> int:
    """List a module's versions."""
    items = list(shell.api.pages(f"/api/modules/{segment(name)}/versions"))
    shell.output.show(
        {"items": items}, picked(items, ["number", "current", "content_hash", "published_at", "description"])
    )
    return Exit.GOOD


def compare(
    shell: Shell,
    name: Name,
    left: Annotated[int, typer.Argument(help="A version.")],
    right: Annotated[int, typer.Argument(help="Another version.")],
) -> int:
    """Show what changed between two versions: steps side by side, and the columns they take and give."""
    found = shell.api.get(f"/api/modules/{segment(name)}/compare", left=left, right=right)
    rows = ([MARKS[row["op"]], _step(row["left"]), _step(row["right"])] for row in found["steps"])
    contracts = {"takes": found["input_contract"], "gives": found["output_contract"]}
    shell.output.show(
        found, table(["", f"version {left}", f"version {right}"], rows, longest=120), "", facts(contracts)
    )
    return Exit.GOOD


def set_current(
    shell: Shell,
    name: Name,
    version: Annotated[int, typer.Argument(help="The version that `current` is to mean.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
) -> int:
    """Decide which version workflows use that ask for the current one. Runs under way keep theirs."""
    found = shell.api.post(f"/api/modules/{segment(name)}:set-current", {"version": version, "reason": reason})
    shell.output.show(found, facts(found))
    return Exit.GOOD


def _step(step: Json | None) -> str:
    return "" if step is None else steps.short(step)


def _columns(schema: Json) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in schema["columns"])
