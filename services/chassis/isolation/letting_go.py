"""Letting go of a file that is not needed any more, where it stands: in a child or outside one."""

from contextlib import suppress
from pathlib import Path


def let_go(path: Path) -> None:
    """Give back the room of a file, and its name where that is allowed: a child may remove nothing."""
    path.open("wb").close()
    with suppress(PermissionError):
        path.unlink()
