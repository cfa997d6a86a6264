"""`files` and `preview`: what lies in a connection, seen and added to."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.client import Json, segment
from cli.errors import Exit, usage
from cli.output import facts, picked, table
from cli.selection import FORM, UPLOADS, Spot, format_of, kind_of
from cli.shell import Shell, command, group


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Files in a bucket.")
    app.add_typer(these, name="files", rich_help_panel="Data")
    command(these, "ls", examples="modulardata files ls landing flights/")(ls)
    command(
        these,
        "cp",
        examples="""
        modulardata files cp january.csv landing:flights/2013-01.csv
        modulardata files cp *.csv landing:flights/
        """,
    )(cp)
    command(
        app,
        "preview",
        panel="Data",
        examples="""
        modulardata preview landing · what is there
        modulardata preview landing:flights/2013-01.csv · the first rows of a file
        modulardata preview warehouse:public.flights --rows 5 · of a table
        modulardata preview ./january.xlsx · of a file of this machine, which is sent for it
        modulardata preview ./days.csv --read delimiter=';' --read columns.day=day_first · read as you say
        """,
    )(preview)


def ls(
    shell: Shell,
    connection: Annotated[str, typer.Argument(help="A connection of kind s3.")],
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so.")] = "",
) -> int:
    """List files."""
    items = list(shell.api.pages(f"/api/connections/{segment(connection)}/files", prefix=prefix or None))
    shell.output.show({"items": items}, picked(items, ["key", "size", "etag", "modified_at"]))
    return Exit.GOOD


def cp(
    shell: Shell,
    files: Annotated[list[Path], typer.Argument(help="Files of this machine.")],
    target: Annotated[str, typer.Argument(help="CONNECTION:KEY, or CONNECTION:FOLDER/ to keep the names.")],
) -> int:
    """Put files into a bucket. A workflow that watches the bucket starts by itself."""
    spot = Spot.parse(target)
    if len(files) > 1 and spot.what and not spot.what.endswith("/"):
        raise usage(f"{len(files)} files cannot all become {spot.what!r}.", hint="End the target with a slash.")
    for file in files:
        if not file.is_file():
            raise usage(f"There is no file {file}.")
    copied = []
    for file in files:
        key = spot.what if spot.what and not spot.what.endswith("/") else spot.what + file.name
        with shell.output.waiting(f"copying {file} …"):
            copied.append(put(shell, file, spot.connection, key))
        shell.output.done(f"{file} → {spot.connection}:{key} ({file.stat().st_size:,} bytes)")
    shell.output.show({"items": copied})
    return Exit.GOOD


def put(shell: Shell, file: Path, connection: str, key: str) -> Json:
    """Put one file into a bucket."""
    path = f"/api/connections/{segment(connection)}/files/" + "/".join(segment(part) for part in key.split("/"))
    made = shell.api.upload(path, lambda: file.open("rb"))
    return made if isinstance(made, dict) else {"key": key}


def preview(
    shell: Shell,
    what: Annotated[str, typer.Argument(help=f"{FORM} · a file of this machine: ./january.csv")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=500, help="How many rows.")] = 10,
    read: Annotated[list[str] | None, typer.Option(help="How to read a file: NAME=VALUE of its format.")] = None,
) -> int:
    """Show a connection's contents, or the first rows of a table or file, with the types they were read as."""
    told = format_of(read or [])
    if ":" not in what and Path(what).is_file():
        return _shown(shell, UPLOADS, send(shell, Path(what))["selection"], rows, told)
    spot = Spot.parse(what)
    if not spot.what:
        path = f"/api/connections/{segment(spot.connection)}:discover"
        found = shell.api.post(path)
        shell.output.show(found, table(["name"], ([stream["name"]] for stream in found["streams"])))
        return Exit.GOOD
    return _shown(shell, spot.connection, spot.selection(kind_of(shell.api, spot.connection)), rows, told)


def send(shell: Shell, file: Path) -> Json:
    """Send a file of this machine to the platform itself; the answer says how it is named there."""
    with shell.output.waiting(f"sending {file} …"):
        sent = shell.api.upload(f"/api/uploads/{segment(file.name)}", lambda: file.open("rb"))
    return dict(sent)


def _shown(shell: Shell, connection: str, selection: Json, rows: int, told: Json) -> int:
    def look(format: Json) -> Json:
        body = {"selection": selection | ({"format": format} if format else {}), "limit": rows}
        return dict(shell.api.post(f"/api/connections/{segment(connection)}:preview", body))

    with shell.output.waiting("reading …"):
        found = look(told if "kind" in told else {})
        if told and "kind" not in told:
            found = look({"kind": found["facts"]["format"], **told})
    shell.output.show(found, *rows_shown(found))
    return Exit.GOOD


def rows_shown(found: Json) -> list[RenderableType]:
    """Some rows of a table, its types under its names."""
    columns = found["schema"]["columns"]
    heads = [f"{column['name']}\n{column['type']}" for column in columns]
    records = found["rows"]
    cells = ([row[c["name"]] for c in columns] if isinstance(row, dict) else row for row in records)
    parts: list[RenderableType] = [table(heads, cells, longest=40)]
    if found.get("facts"):
        known = dict(found["facts"])
        sure = known.pop("confidence", {})
        asked = known.pop("questions", [])
        parts += ["", facts(known | {"confidence": ", ".join(f"{name} {share:.0%}" for name, share in sure.items())})]
        for question in asked:
            answers = " or ".join(f"--read 'columns.{question['column']}={choice}'" for choice in question["choices"])
            parts.append(f"? {question['text']} Say {answers}.")
    return parts
