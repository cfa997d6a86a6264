"""Writes the reference of the command line from the commands themselves: `python -m cli.reference [--check]`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.main import app

PLACE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "command-line.md"
INTRODUCTION = """\
# The command line

<!-- Written by `python -m cli.reference`; change the commands instead. -->

`modulardata` talks to an installation over HTTP, like any integrator. It finds the installation in this order:
`--profile NAME`; the environment variables `MODULARDATA_URL` and `MODULARDATA_API_KEY`; the stack that runs in this
folder (or in `MODULARDATA_HOME`); the profile that `modulardata login` made.

Every command takes `--output json` (one document on stdout, narration on stderr) and `--profile NAME`.

| Exit code | Meaning |
|---|---|
| 0 | good |
| 1 | partial: it went through, and something was set aside |
| 2 | failed |
| 64 | the command was put wrongly; nothing was asked of anybody |
| 130 | interrupted |
"""
SHARED = {"--output", "--profile", "--help"}


def text() -> str:
    """The whole page."""
    root: Any = typer.main.get_command(app)
    return INTRODUCTION + "".join(_section("modulardata", root, depth=1))


def _section(path: str, node: Any, depth: int) -> Iterator[str]:
    if depth > 1:
        yield f"\n{'#' * min(depth, 3)} `{path}`\n\n{_prose(node.help or '')}\n"
    children = getattr(node, "commands", None)
    if children is not None:
        for name, child in children.items():
            yield from _section(f"{path} {name}", child, depth + 1)
        return
    rows = list(_parameters(node))
    if rows:
        yield "\n| | |\n|---|---|\n" + "".join(f"| `{name}` | {said} |\n" for name, said in rows)
    examples = [line.strip() for line in (node.epilog or "").splitlines()[1:] if line.strip()]
    if examples:
        yield "\n```sh\n" + "\n".join(line.replace(" · ", "   # ", 1) for line in examples) + "\n```\n"


def _parameters(node: Any) -> Iterator[tuple[str, str]]:
    for parameter in node.params:
        if parameter.param_type_name == "argument":
            shown = parameter.name.upper()
            yield (shown if parameter.required else f"[{shown}]"), _prose(parameter.help or "")
        elif not SHARED & set(parameter.opts):
            yield ", ".join(sorted(parameter.opts, key=len)), _prose(parameter.help or "")


def _prose(said: str) -> str:
    return re.sub(r"\[/?bold\]", "**", said).strip().replace("|", "\\|").replace("\f", "")


def main() -> int:
    """Write the page, or with --check say whether it is the one that is there."""
    now = text()
    if "--check" in sys.argv[1:]:
        same = PLACE.exists() and PLACE.read_text() == now
        print("current" if same else f"{PLACE} is stale: run `python -m cli.reference`")
        return 0 if same else 2
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
