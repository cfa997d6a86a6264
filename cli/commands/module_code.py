"""`modules code`, `check`, `save` and `contract`: a module's version as a text that people edit and review."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.client import Json, segment
from cli.errors import CliError, Exit, Where, usage
from cli.output import facts
from cli.shell import Shell, command

_NAMED = re.compile(r"""^module:[ \t]*(["']?)([A-Za-z0-9_.-]+)\1[ \t]*(?:#.*)?$""", re.MULTILINE)

Name = Annotated[str, typer.Argument(help="The module's name.")]
File = Annotated[Path, typer.Argument(help="A module's code, as `modulardata modules code` writes it.")]
Version = Annotated[int | None, typer.Option(help="A version's number; the current one if left out.")]
To = Annotated[Path | None, typer.Option("--to", help="Write it to this file instead of the terminal.")]


def register(these: typer.Typer) -> None:
    """Add the commands."""
    command(these, "code", examples="modulardata modules code clean-flights --to clean-flights.yaml")(code)
    command(these, "check", examples="modulardata modules check clean-flights.yaml")(check)
    command(these, "save", examples="modulardata modules save clean-flights.yaml --reason 'longer flights only'")(save)
    command(
        these,
        "contract",
        examples="""
        modulardata modules contract clean-flights --to clean-flights.odcs.yaml
        modulardata modules contract clean-flights --side output --standard v3.0.2
        """,
    )(contract)
    command(
        these,
        "import-contract",
        examples="modulardata modules import-contract clean-flights agreed.odcs.yaml --to clean-flights.yaml",
    )(import_contract)


def code(shell: Shell, name: Name, version: Version = None, to: To = None) -> int:
    """Print a version as YAML: as it was saved, to the byte; else as the service writes it."""
    path = f"/api/modules/{segment(name)}/versions/{_number(shell, name, version)}/code"
    return _written(shell, _text(shell, path), to)


def check(shell: Shell, file: File) -> int:
    """Say what is wrong with a code, with line and column; or what it takes and gives. Nothing is stored."""
    source = _read(file)
    with _in_file(file), shell.output.waiting("checking …"):
        found = shell.api.post(f"/api/modules/{segment(_named(file, source))}:check-code", {"source": source})
    takes, gives = _columns(found["input_contract"]), _columns(found["output_contract"])
    shell.output.show(found, facts({"takes": takes, "gives": gives}))
    shell.output.done(f"{file} can be saved")
    return Exit.GOOD


def save(
    shell: Shell,
    file: File,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    keep_current: Annotated[
        bool, typer.Option("--keep-current", help="Workflows that ask for the current version keep the one they have.")
    ] = False,
) -> int:
    """Publish a code as its module's next version; it is kept as it is written, to the byte."""
    source = _read(file)
    body = {"source": source, "reason": reason, "make_current": not keep_current}
    with _in_file(file), shell.output.waiting("saving …"):
        made = shell.api.post(f"/api/modules/{segment(_named(file, source))}:save", body)
    shell.output.show(made, facts(made))
    which = f"{made['name']} version {made['version']} ({made['semantic_version']})"
    shell.output.done(which if made["created"] else f"{which} says this already")
    return Exit.GOOD


def contract(
    shell: Shell,
    name: Name,
    version: Version = None,
    side: Annotated[str, typer.Option(help="both, input or output")] = "both",
    standard: Annotated[str, typer.Option(help="The version of the Open Data Contract Standard.")] = "v3.1.0",
    to: To = None,
) -> int:
    """Print what a version takes and gives as a data contract (ODCS, YAML)."""
    path = f"/api/modules/{segment(name)}/versions/{_number(shell, name, version)}/contract"
    return _written(shell, _text(shell, path, side=side, standard=standard), to)


def import_contract(
    shell: Shell,
    name: Name,
    file: Annotated[Path, typer.Argument(help="A data contract (ODCS, YAML).")],
    version: Version = None,
    to: To = None,
) -> int:
    """Put a data contract's columns and checks into a module's code, to be looked at and saved. Nothing is stored."""
    body: Json = {"source": _read(file)} | ({} if version is None else {"version": version})
    with _in_file(file):
        found = shell.api.post(f"/api/modules/{segment(name)}:read-contract", body)
    for note in found["notes"]:
        shell.output.warn(note)
    return _written(shell, found["source"], to)


def _number(shell: Shell, name: str, version: int | None) -> int:
    return int(shell.api.get(f"/api/modules/{segment(name)}")["current_version"]) if version is None else version


def _text(shell: Shell, path: str, **params: object) -> str:
    body = io.BytesIO()
    shell.api.download(path, body, **params)
    return body.getvalue().decode("utf-8")


def _written(shell: Shell, text: str, to: Path | None) -> int:
    if to is not None:
        # Bytes: what was saved with the line ends of another system comes back with them.
        to.write_bytes(text.encode("utf-8"))
        shell.output.done(f"written to {to}")
    elif shell.output.json:
        shell.output.document({"source": text})
    else:
        typer.echo(text, nl=False)
    return Exit.GOOD


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise usage(f"There is no file {file}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read as UTF-8 text ({type(error).__name__}).") from None


def _named(file: Path, source: str) -> str:
    """The module that a code is of; the service reads it again, and properly."""
    found = _NAMED.search(source)
    if found is None:
        raise usage(f"{file} does not say which module it is.", hint="A line like `module: clean-flights` does.")
    return found.group(2)


@contextmanager
def _in_file(file: Path) -> Iterator[None]:
    """Places in the text are said as editors know them: FILE:LINE:COLUMN."""
    try:
        yield
    except CliError as error:
        error.where = tuple(
            where
            if where.line is None
            else Where(
                f"{file}:{where.line}:{where.column} {where.pointer}",
                where.message,
                where.code,
                where.line,
                where.column,
            )
            for where in error.where
        )
        raise


def _columns(schema: Json) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in schema["columns"])
