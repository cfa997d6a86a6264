"""What the commands that go through a folder of cases are told, and what to type where that was not enough."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def told(
    command: str, about: str, arguments: Sequence[str] | None, is_case: Callable[[Path], bool], holding: str
) -> tuple[Path, Path]:
    """The folder of cases and the folder to write to; ends the command with status 2 when there is no case to run."""
    # Both may be missing or empty: that is what make hands over for a variable that nobody set.
    parser = argparse.ArgumentParser(prog=command, usage=f"make {command} CASES=folder OUT=folder", description=about)
    parser.add_argument("cases", nargs="?", default="", help="the folder of cases")
    parser.add_argument("out", nargs="?", default="", help="the folder where the answers go")
    wanted = parser.parse_args(arguments)
    for name in ("cases", "out"):
        if not getattr(wanted, name):
            parser.error(f"{name.upper()} is missing.")
    cases, out = Path(wanted.cases), Path(wanted.out)
    if not cases.is_dir():
        parser.error(f"{cases} is no folder.")
    if not any(is_case(path) for path in cases.iterdir() if path.is_dir()):
        parser.error(f"{cases} holds no case: no folder in it has {holding}.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"{out} cannot be written: {error.strerror}.")
    return cases, out
