"""How much memory the whole stack takes: shared pages counted once, divided among those who share them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local import state


@dataclass(frozen=True)
class Share:
    """What one child, with everything below it, takes."""

    name: str
    processes: int
    bytes: int


def measure(folder: Path) -> list[Share]:
    """Measure the launcher and each child of the stack that runs in a folder."""
    running = state.load_running(folder)
    if running is None:
        return []
    shares = []
    for name, child in {"launcher": running.launcher, **running.children}.items():
        process = child.process()
        if process is None:
            continue
        known = {other.pid for other in running.children.values()}
        below = process.children(recursive=True) if name != "launcher" else []
        family = [process, *(one for one in below if one.pid not in known)]
        shares.append(Share(name, len(family), sum(proportional(one) for one in family)))
    return shares


def proportional(process: psutil.Process) -> int:
    """Take one process's proportional set size; where the system has none, its resident size."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
