"""Memory as the kernel accounts it: the peak of one process, and the whole stack at rest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.launcher import Stack
from deploy.local.memory import measure


@dataclass
class Peak:
    """The highest resident memory of a process during a block, in megabytes."""

    megabytes: float = 0.0


@contextmanager
def peak(pid: int) -> Iterator[Peak]:
    """Forget the process's peak, run the block, and read the peak again."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    found = Peak()
    yield found
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            found.megabytes = int(line.split()[1]) / 1024


def rest(stack: Stack, seconds: float) -> float:
    """Leave the stack alone, then add up what it occupies (PSS), in megabytes."""
    time.sleep(seconds)
    return sum(share.bytes for share in measure(stack.folder)) / 1e6
