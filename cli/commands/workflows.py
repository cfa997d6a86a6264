"""`init`, `apply`, `validate`, `get`, `run`: workflows as files, and their runs by hand."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import RenderableType

from cli import waiting
from cli.client import Api, Json, segment
from cli.commands.runs import exit_code, told
from cli.documents import WorkflowFile
from cli.errors import CliError, Exit, usage
from cli.output import facts, picked, table
from cli.shell import Shell, command
from cli.starter import Starter

PANEL = "Workflows"
RUN_SECONDS = 3600.0

File = Annotated[Path, typer.Argument(help="A workflow file (YAML).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(
        app,
        "init",
        panel=PANEL,
        examples="""
        modulardata init orders.csv · copies it into the bucket, looks at it, writes orders.yaml
        modulardata init orders.xlsx --to warehouse:public.orders --key order_id
        """,
    )(init)
    command(
        app,
        "apply",
        panel=PANEL,
        examples="""
        modulardata apply orders.yaml --dry-run · what would change
        modulardata apply orders.yaml
        """,
    )(apply)
    command(
        app,
        "dry-run",
        panel=PANEL,
        examples="""
        modulardata dry-run orders.yaml --last 3 · the file's definition on what the last three runs read
        modulardata dry-run orders --use clean-orders=4 · another version of a module
        """,
    )(dry_run)
    command(app, "validate", panel=PANEL, examples="modulardata validate orders.yaml")(validate)
    command(
        app,
        "get",
        panel=PANEL,
        examples="""
        modulardata get · all workflows
        modulardata get orders > orders.yaml · one, as the file that `apply` takes
        """,
    )(get)
    command(app, "delete", panel=PANEL, examples="modulardata delete orders")(delete)
    command(
        app,
        "run",
        panel=PANEL,
        examples="""
        modulardata run orders --wait · with its progress, and exit code 0, 1 or 2
        modulardata run orders
        """,
    )(run)


def init(
    shell: Shell,
    file: Annotated[
        Path, typer.Argument(help="A data file of this machine: CSV, Excel, ODS, JSON, Parquet; packed or not.")
    ],
    name: Annotated[str | None, typer.Option(help="The workflow's name; from the file's if left out.")] = None,
    connection: Annotated[str | None, typer.Option("--from", help="The s3 connection to copy the file into.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Where rows go: warehouse:public.orders")] = None,
    key: Annotated[list[str] | None, typer.Option("--key", help="A column that identifies a row; repeatable.")] = None,
    write: Annotated[Path | None, typer.Option("--write", help="The file to write; NAME.yaml if left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> int:
    """Look at a data file and write the workflow file that loads it, and every later one beside it.

    The file is copied into the bucket and read there, as the workflow will read it. A key is proposed only after the
    whole file was checked for repetitions.
    """
    starter = Starter(shell.api, shell.output, file, name)
    place = write or Path(f"{starter.name}.yaml")
    if place.exists() and not force:
        raise CliError(f"{place} is there already.", hint="--force overwrites it, --write names another.")
    made = starter.make(connection, to, tuple(key or ()))
    schema = starter.write(made, place)
    shell.output.show(
        {"workflow": made.definition, "file": str(place), "schema": str(schema), "copied_to": made.copied_to},
        made.text,
    )
    shell.output.done(f"wrote {place}; next: `modulardata apply {place}`, then `modulardata run {starter.name} --wait`")
    return Exit.GOOD


def apply(
    shell: Shell,
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> int:
    """Create or update a workflow from its file. Unchanged files change nothing.

    Addresses of its triggers are printed; a trigger's secret is shown once, when it is made.
    """
    document = WorkflowFile(file)
    found = applied(shell.api, document, dry_run=dry_run)
    parts: list[RenderableType] = [f"{found['name']}: {'would be ' if dry_run else ''}{found['change']}"]
    changes = found["changes"]
    if found["change"] == "updated":
        parts += ["", table(["where", "was", "becomes"], ([c["pointer"], c.get("old"), c.get("new")] for c in changes))]
    if not dry_run:
        parts += _triggers(found)
    shell.output.show(found, *parts)
    return Exit.GOOD


def dry_run(
    shell: Shell,
    workflow: Annotated[str, typer.Argument(help="A workflow file (YAML), or the name of a workflow.")],
    last: Annotated[int, typer.Option(min=1, max=20, help="On what so many past runs read.")] = 1,
    use: Annotated[list[str] | None, typer.Option(help="MODULE=VERSION to take instead; repeatable.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = RUN_SECONDS,
) -> int:
    """Try a workflow on what its last runs read, and compare with what they made of it. Nothing is written.

    Neither the source nor the destination is touched, and the file is not applied. Exit code 0 when all came out the
    same, 1 when something differs, 2 when it failed.
    """
    if Path(workflow).suffix in (".yaml", ".yml"):
        draft = WorkflowFile(Path(workflow)).definition().model_dump(mode="json")
    else:
        draft = shell.api.get(f"/api/workflows/{segment(workflow)}")["definition"]
    versions = dict(_use(one) for one in use or ())
    if unknown := versions.keys() - {one["name"] for one in draft["modules"]}:
        raise usage(f"The workflow uses no module {sorted(unknown)[0]!r}.")
    for one in draft["modules"]:
        one["version"] = versions.get(one["name"], one["version"])
    asked = shell.api.post(f"/api/workflows/{segment(draft['name'])}:dry-run", draft, last=last)
    ended = waiting.run(shell.api, shell.output, asked["id"], seconds=timeout)
    figures = ["left_rows", "right_rows", "equal", "changed", "only_left", "only_right"]
    rows = (
        [one["run_id"], one["rows_in"], *(one["difference"][name] for name in figures), one["set_aside_now"]]
        for one in ended["rehearsed"]
    )
    heads = ["run", "read", "then", "now", "equal", "changed", "only then", "only now", "set aside now"]
    document, parts = told(shell.api, ended)
    shell.output.show(document, *parts, "", table(heads, rows))
    if ended["state"] != "succeeded":
        return Exit.FAILED
    return Exit.GOOD if all(_same(one) for one in ended["rehearsed"]) else Exit.PARTIAL


def _use(text: str) -> tuple[str, int]:
    name, _, version = text.partition("=")
    if not version.isdecimal():
        raise usage(f"{text!r} is not MODULE=VERSION.")
    return name, int(version)


def _same(one: Json) -> bool:
    found = one["difference"]
    beside = found["columns_only_left"] or found["columns_only_right"]
    moved = found["changed"] or found["only_left"] or found["only_right"]
    return not (moved or beside or one["set_aside_then"] != one["set_aside_now"])


def applied(api: Api, document: WorkflowFile, *, dry_run: bool = False) -> Json:
    """Apply a workflow file, and say what changed."""
    definition = document.definition()
    params = {"dry_run": True if dry_run else None}
    try:
        path = f"/api/workflows/{segment(definition.name)}"
        return dict(api.ask("PUT", path, body=definition.model_dump(mode="json"), params=params).body)
    except CliError as error:
        raise document.at_lines(error) from None


def validate(shell: Shell, file: File) -> int:
    """Check a workflow file against the connections and modules that exist; nothing is created."""
    document = WorkflowFile(file)
    definition = document.definition()
    try:
        found = shell.api.post("/api/workflows:validate", definition.model_dump(mode="json"))
    except CliError as error:
        raise document.at_lines(error) from None
    shell.output.show(found)
    shell.output.done(f"{file} is good")
    return Exit.GOOD


def get(shell: Shell, name: Annotated[str | None, typer.Argument(help="A workflow; all if left out.")] = None) -> int:
    """List the workflows, or print one as the file that `apply` takes."""
    if name is None:
        items = list(shell.api.pages("/api/workflows"))
        shell.output.show({"items": items}, picked(items, ["name", "version", "updated_at"]))
        return Exit.GOOD
    found = shell.api.get(f"/api/workflows/{segment(name)}")
    text = yaml.safe_dump(found["definition"], sort_keys=False, allow_unicode=True)
    shell.output.show(found, text.rstrip())
    return Exit.GOOD


def delete(shell: Shell, name: Annotated[str, typer.Argument(help="The workflow's name.")]) -> int:
    """Remove a workflow and its triggers. Its runs stay in the history, its rows in the destination."""
    shell.api.delete(f"/api/workflows/{segment(name)}")
    shell.output.show({"deleted": name})
    shell.output.done(f"removed {name}")
    return Exit.GOOD


def run(
    shell: Shell,
    name: Annotated[str, typer.Argument(help="The workflow's name.")],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Show the progress until it has ended.")] = False,
    timeout: Annotated[float, typer.Option(help="With --wait: seconds to wait.")] = RUN_SECONDS,
) -> int:
    """Run a workflow now, on everything new in its source."""
    started = shell.api.post(f"/api/workflows/{segment(name)}/runs")
    run_id = str(started["id"])
    if not wait:
        shell.output.show(started, f"run {run_id} is on its way")
        shell.output.say(f"→ `modulardata runs show {run_id}` says how far it is.")
        return Exit.GOOD
    found = waiting.run(shell.api, shell.output, run_id, seconds=timeout)
    return _finished(shell, found)


def _finished(shell: Shell, found: Json) -> int:
    document, parts = told(shell.api, found)
    shell.output.show(document, *parts)
    return exit_code(found)


def _triggers(found: Json) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for trigger in found.get("triggers") or ():
        shown: dict[str, Any] = {"trigger": trigger["name"], "kind": trigger["kind"], "address": trigger.get("url")}
        if trigger.get("secret"):
            shown["secret (shown once)"] = trigger["secret"]
        parts += ["", facts(shown)]
    return parts
