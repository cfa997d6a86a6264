"""`uploads`: files that were sent to the platform itself."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import segment
from cli.commands.data import send
from cli.errors import Exit, usage
from cli.output import facts, picked
from cli.shell import Shell, command, group


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Files that were sent to the platform itself.")
    app.add_typer(these, name="uploads", rich_help_panel="Data")
    command(these, "list", examples="modulardata uploads list")(list_all)
    command(
        these,
        "send",
        examples="modulardata uploads send january.xlsx · then: modulardata sessions open uploads:9f86…/january.xlsx",
    )(send_one)
    command(these, "delete", examples="modulardata uploads delete 9f86…/january.xlsx · as `uploads list` names it")(
        delete
    )


def list_all(shell: Shell, limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 100) -> int:
    """List the files that were sent, the newest first."""
    items = list(shell.api.pages("/api/uploads", limit=limit))
    shell.output.show({"items": items}, picked(items, ["upload", "size", "created_at", "used_at"]))
    return Exit.GOOD


def send_one(shell: Shell, file: Annotated[Path, typer.Argument(help="A file of this machine.")]) -> int:
    """Send a file. The same file again is the same upload."""
    if not file.is_file():
        raise usage(f"There is no file {file}.")
    sent = send(shell, file)
    shell.output.show(sent, facts({name: sent[name] for name in ("upload", "size")}))
    shell.output.done(f"sent; next: `modulardata sessions open uploads:{sent['upload']}`")
    return Exit.GOOD


def delete(
    shell: Shell, upload: Annotated[str, typer.Argument(help="The upload, as `modulardata uploads list` names it.")]
) -> int:
    """Remove a file. Sessions keep what they have read of it; a workflow that names it fails from then on."""
    sha256, slash, name = upload.removeprefix("uploads:").partition("/")
    if not slash or not name:
        raise usage(f"{upload!r} names no upload.", hint="`modulardata uploads list` shows what they are called.")
    # The name stands in an upload as it does in addresses.
    shell.api.delete(f"/api/uploads/{segment(sha256)}/{name}")
    shell.output.show({"deleted": upload})
    shell.output.done(f"removed {upload}")
    return Exit.GOOD
