"""The other tables that steps look at, as people name them on a command line or in a file of steps."""

from pathlib import Path
from typing import Any

from cli import tree, waiting
from cli.client import Json
from cli.commands.data import send
from cli.errors import usage
from cli.shell import Shell

HELP = "Another table for steps to look at: NAME=NODE, NAME=SESSION:NODE, or a file, NAME=./codes.csv; repeatable."
_SECONDS = 300.0


def given(shell: Shell, here: Json, named: list[str] | None) -> Json:
    """By the names that steps use: a node of this session or of another, or a file, which gets a session of its own."""
    found: Json = {}
    for text in named or ():
        name, equals, place = text.partition("=")
        if not equals or not name or not place:
            raise usage(f"{text!r} names no table.", hint="Like this: --with airlines=SESSION:NODE")
        found[name] = _table(shell, here, place)
    return found


def drawn(inputs: dict[str, Any]) -> list[list[str]]:
    """A line for each: its name, what it is, and its columns."""
    return [[name, _what(one), ", ".join(c["name"] for c in _columns(one))] for name, one in inputs.items()]


def _table(shell: Shell, here: Json, place: str) -> Json:
    if ":" not in place and Path(place).is_file():
        owner = _opened(shell, Path(place))
        node_id = owner["current_node_id"]
    else:
        other, colon, wanted = place.partition(":")
        owner = tree.session(shell, other) if colon else here
        node_id = tree.node(owner, wanted if colon else other)["id"] if wanted or not colon else None
        node_id = node_id or owner["current_node_id"]
    seen = shell.api.get(f"/api/sessions/{owner['id']}/nodes/{node_id}")
    return {"kind": "dataset", "dataset": seen["dataset"]["id"], "table_schema": seen["schema"]}


def _opened(shell: Shell, file: Path) -> Json:
    sent = send(shell, file)
    made = shell.api.post("/api/sessions", {"connection": sent["connection"], "selection": sent["selection"]})
    return waiting.session(shell.api, shell.output, made["id"], seconds=_SECONDS)


def _what(one: Json) -> str:
    return f"module {one['module']}" if one["kind"] == "module" else f"dataset {one['dataset'][:12]}…"


def _columns(one: Json) -> list[Json]:
    return list((one.get("table_schema") or {}).get("columns", ()))
