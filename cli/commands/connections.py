"""`connections`: the external systems data comes from and goes to."""

import json
import sys
from typing import Annotated, Any

import typer
import yaml

from cli.client import Json, segment
from cli.errors import Exit, usage
from cli.output import facts, picked, table
from cli.shell import Shell, command, group

Name = Annotated[str, typer.Argument(help="The connection's name.")]
Settings = Annotated[list[str] | None, typer.Option("--set", "-s", help="A setting: NAME=VALUE. May be repeated.")]
FromStdin = Annotated[
    bool, typer.Option("--secrets-from-stdin", help="Read the secrets from stdin: a JSON object, or NAME=VALUE lines.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("The external systems data comes from and goes to.")
    app.add_typer(these, name="connections", rich_help_panel="Data")
    command(these, "list", examples="modulardata connections list")(list_all)
    command(these, "kinds", examples="modulardata connections kinds --output json")(kinds)
    command(these, "show", examples="modulardata connections show warehouse")(show)
    command(
        these,
        "create",
        examples="""
        modulardata connections create orders --kind postgres -s host=db.example.com -s database=shop -s user=reader
        modulardata connections create orders --kind postgres -s host=… --secrets-from-stdin < secrets.json
        modulardata connections create lake --kind s3 -s bucket=lake -s region=eu-central-1 --test-only
        """,
    )(create)
    command(these, "test", examples="modulardata connections test warehouse")(test)
    command(these, "discover", examples="modulardata connections discover warehouse")(discover)
    command(these, "delete", examples="modulardata connections delete orders")(delete)


def list_all(shell: Shell) -> int:
    """List the connections."""
    items = list(shell.api.pages("/api/connections"))
    shell.output.show({"items": items}, picked(items, ["name", "kind", "created_at"]))
    return Exit.GOOD


def kinds(shell: Shell) -> int:
    """List the kinds of connections, with the settings and secrets each one takes."""
    items = _kinds(shell)
    rows = (
        [item["kind"], ", ".join(_marked(item["settings_schema"])), ", ".join(_marked(item["secrets_schema"]))]
        for item in items
    )
    shell.output.show({"items": items}, table(["kind", "settings (* needed)", "secrets (* needed)"], rows, longest=200))
    return Exit.GOOD


def show(shell: Shell, name: Name) -> int:
    """Show a connection; its secrets never leave the installation."""
    found = shell.api.get(f"/api/connections/{segment(name)}")
    shell.output.show(found, facts(_flat(found)))
    return Exit.GOOD


def create(
    shell: Shell,
    name: Name,
    kind: Annotated[str, typer.Option(help="What it is: see `modulardata connections kinds`.")],
    settings: Settings = None,
    secrets_from_stdin: FromStdin = False,
    test_only: Annotated[bool, typer.Option("--test-only", help="Try it and keep nothing.")] = False,
) -> int:
    """Make a connection. Secrets come from stdin or are asked for; they are never arguments, which others can see."""
    known = {item["kind"]: item for item in _kinds(shell)}
    if kind not in known:
        raise usage(f"There is no kind {kind!r}.", hint=f"Known: {', '.join(sorted(known))}")
    body = {
        "kind": kind,
        "settings": _pairs(settings or []),
        "secrets": _secrets_from_stdin() if secrets_from_stdin else _asked_for(known[kind]["secrets_schema"]),
    }
    if test_only:
        return _judged(shell, shell.api.post("/api/connections:test", body))
    made = shell.api.post("/api/connections", {"name": name} | body)
    shell.output.show(made, facts(_flat(made)))
    shell.output.done(f"made; `modulardata connections test {name}` tries it")
    return Exit.GOOD


def test(shell: Shell, name: Name) -> int:
    """Try a connection: is it there, does it know us, may we read and write?"""
    with shell.output.waiting(f"trying {name} …"):
        result = shell.api.post(f"/api/connections/{segment(name)}:test")
    return _judged(shell, result)


def discover(shell: Shell, name: Name) -> int:
    """List what a connection holds: tables with their columns, or files."""
    with shell.output.waiting(f"looking into {name} …"):
        found = shell.api.post(f"/api/connections/{segment(name)}:discover")
    streams = found["streams"]
    rows = ([stream["name"], _columns(stream)] for stream in streams)
    shell.output.show(found, table(["name", "columns"], rows, longest=120))
    return Exit.GOOD


def delete(shell: Shell, name: Name) -> int:
    """Remove a connection."""
    shell.api.delete(f"/api/connections/{segment(name)}")
    shell.output.show({"deleted": name})
    shell.output.done(f"removed {name}")
    return Exit.GOOD


def _kinds(shell: Shell) -> list[Json]:
    return list(shell.api.get("/api/connectors")["items"])


def _judged(shell: Shell, result: Json) -> int:
    good = bool(result.get("ok"))
    shell.output.show(result, facts(_flat(result)))
    if good:
        shell.output.done("it works")
        return Exit.GOOD
    shell.output.warn(f"{result.get('code', 'failed')}: {result.get('message', '')}")
    return Exit.FAILED


def _flat(document: Json) -> Json:
    """Settings and secrets as lines of their own; of a secret there is only that it is there."""
    made: Json = {}
    for name, value in document.items():
        if name == "secrets":
            made |= {
                inner: f"set {one['changed_at']}" if one["has_value"] else "not set" for inner, one in value.items()
            }
        elif isinstance(value, dict):
            made |= value
        else:
            made[name.replace("_", " ")] = value
    return made


def _columns(stream: Json) -> str:
    schema: Any = stream.get("schema") or {}
    return ", ".join(f"{column['name']} {column['type']}" for column in schema.get("columns", ()))


def _marked(schema: Json) -> list[str]:
    needed = set(schema.get("required", ()))
    return [f"{name}*" if name in needed else name for name in schema.get("properties", {})]


def _pairs(settings: list[str]) -> Json:
    made: Json = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise usage(f"{setting!r} is no setting.", hint="Like this: -s host=db.example.com")
        made[name.strip()] = yaml.safe_load(value) if value else ""
    return made


def _secrets_from_stdin() -> dict[str, str]:
    text = sys.stdin.read()
    if text.lstrip().startswith("{"):
        try:
            given = json.loads(text)
        except ValueError:
            raise usage("What came on stdin is not a JSON object.") from None
        return {str(name): str(value) for name, value in given.items()}
    lines = [line for line in text.splitlines() if line.strip()]
    if not all("=" in line for line in lines):
        raise usage("What came on stdin is neither a JSON object nor NAME=VALUE lines.")
    return dict(line.split("=", 1) for line in lines)


def _asked_for(schema: Json) -> dict[str, str]:
    needed = set(schema.get("required", ()))
    made = {}
    for name in schema.get("properties", {}):
        if name in needed:
            made[name] = typer.prompt(name.replace("_", " "), hide_input=True, err=True)
    return made
