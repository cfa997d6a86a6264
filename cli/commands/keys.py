"""`keys`: API keys of the workspace."""

from typing import Annotated

import typer

from cli.client import segment
from cli.errors import Exit
from cli.output import facts, picked
from cli.shell import Shell, command, group


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("API keys of the workspace.")
    app.add_typer(these, name="keys", rich_help_panel="Installations")
    command(these, "list", examples="modulardata keys list")(list_all)
    command(these, "create", examples="modulardata keys create nightly-loader --role service")(create)
    command(these, "revoke", examples="modulardata keys revoke 0197f3a2-…")(revoke)


def list_all(shell: Shell) -> int:
    """List the keys; none of them is shown again."""
    items = list(shell.api.pages("/api/keys"))
    shell.output.show({"items": items}, picked(items, ["id", "name", "role", "prefix", "last_used_at", "revoked_at"]))
    return Exit.GOOD


def create(
    shell: Shell,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[str, typer.Option(help="admin, developer, operator, analyst or service")],
) -> int:
    """Make a key. It is shown this once."""
    made = shell.api.post("/api/keys", {"name": name, "role": role})
    shell.output.show(made, facts({"key (shown once)": made["key"], "id": made["id"], "role": made["role"]}))
    return Exit.GOOD


def revoke(shell: Shell, key: Annotated[str, typer.Argument(help="The key's id.")]) -> int:
    """Revoke a key: every service refuses it within seconds."""
    found = shell.api.post(f"/api/keys/{segment(key)}:revoke")
    shell.output.show(found, f"revoked {key}")
    return Exit.GOOD
