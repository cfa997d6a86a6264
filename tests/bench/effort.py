"""What work takes: seconds by the clock, and seconds of computing of a process and all that descend from it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Effort:
    """By the clock, and of the processors: what others do on the machine lengthens the first, hardly the second."""

    seconds: float
    computing: float


class Watch:
    """Runs from its making on."""

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid or os.getpid()
        self._computing = computing(self._pid)
        self._began = time.perf_counter()

    def stop(self) -> Effort:
        """What it took until now."""
        seconds = time.perf_counter() - self._began
        return Effort(seconds, computing(self._pid) - self._computing)


def taken(run: Callable[[], Found]) -> tuple[Effort, Found]:
    """What it took this process and its children, and what came of it."""
    watch = Watch()
    found = run()
    return watch.stop(), found


def computing(pid: int) -> float:
    """Processor seconds of a process, of its children that ended, and of those that live."""
    try:
        # After the name, which may hold anything, even brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = [task.name for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [Path(f"/proc/{pid}/task/{task}/children").read_text().split() for task in tasks]
    except OSError:
        return 0.0
    own = sum(map(int, fields[11:15])) / _TICKS
    return own + sum(computing(int(child)) for of_task in children for child in of_task)
