"""`modules`: named, versioned, immutable transformations."""

from typing import Annotated

import typer

from cli import steps
from cli.client import Json, segment
from cli.errors import Exit
from cli.output import facts, picked, table
from cli.shell import Shell, command, group

Name = Annotated[str, typer.Argument(help="The module's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Named, versioned, immutable transformations.")
    app.add_typer(these, name="modules", rich_help_panel="Modules")
    command(these, "list", examples="modulardata modules list")(list_all)
    command(these, "show", examples="modulardata modules show clean-flights --version 1")(show)
    command(these, "versions", examples="modulardata modules versions clean-flights")(versions)
    command(these, "compare", examples="modulardata modules compare clean-flights 1 2")(compare)


def list_all(shell: Shell) -> int:
    """List the modules."""
    items = list(shell.api.pages("/api/modules"))
    shell.output.show({"items": items}, picked(items, ["name", "current_version", "description", "created_at"]))
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
    head = {key: found.get(key) for key in ("name", "version", "content_hash", "description", "published_at")}
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
    shell.output.show({"items": items}, picked(items, ["version", "content_hash", "description", "published_at"]))
    return Exit.GOOD


def compare(
    shell: Shell,
    name: Name,
    left: Annotated[int, typer.Argument(help="A version.")],
    right: Annotated[int, typer.Argument(help="Another version.")],
) -> int:
    """Show what changed between two versions."""
    found = shell.api.get(f"/api/modules/{segment(name)}/compare", left=left, right=right)
    shell.output.show(found, facts(found))
    return Exit.GOOD


def _columns(schema: Json) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in schema["columns"])
