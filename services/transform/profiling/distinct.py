"""How many different hashes there are: counted, in little memory and the rest on disk; beyond a bound, estimated."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa

from services.chassis.isolation.letting_go import let_go
from services.transform.profiling.sketch import Sketch

COUNTED = 20_000_000
_HELD = 500_000
_SHARES = 64  # of all hashes, by their highest bits; one is in memory at a time
_BORDERS = pl.Series([(1 << 64) // _SHARES * at for at in range(1, _SHARES)], dtype=pl.UInt64)
_WIDTH = 8


class Distinct:
    """Takes hashes, piece by piece. What it does not hold lies sorted in a file."""

    def __init__(self, counted: int = COUNTED, held: int = _HELD) -> None:
        self._most = counted
        self._held = held
        self._taken = 0
        self._waiting: list[pl.Series] = []
        self._height = 0
        self._file: BinaryIO | None = None
        self._runs: list[list[int]] = []  # where each share of a run begins and ends, in hashes
        self._sketch: Sketch | None = None
        self.repeated = False  # whether some are known to be the same; that none are is not known before the end

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        return self._sketch is None

    def add(self, hashes: pl.Series) -> None:
        """Take a piece."""
        self._taken += len(hashes)
        if self._sketch is None and self._taken > self._most:
            self._give_up()
        if self._sketch is not None:
            # Nothing is kept in which one of an earlier piece would be found again.
            self.repeated = self.repeated or hashes.n_unique() < len(hashes)
            self._sketch.add(hashes)
            return
        self._waiting.append(hashes)
        self._height += len(hashes)
        if self._height > self._held:
            self._put_down()

    def count(self) -> int:
        """How many different ones were taken."""
        if self._sketch is not None:
            return min(self._taken, self._sketch.estimate())
        if self._file is not None and self._waiting:
            self._put_down()
        if self._file is None:
            return pl.concat(self._waiting).n_unique() if self._waiting else 0
        return sum(self._share(at).n_unique() for at in range(_SHARES))

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()
            let_go(Path(self._file.name))
        self._file, self._runs, self._waiting, self._height = None, [], [], 0

    def _put_down(self) -> None:
        if self._file is None:
            # Where the process stands, which is all that a child may write to.
            made = NamedTemporaryFile(prefix="hashes-", dir=".", delete=False)  # noqa: SIM115 - it stays open
            self._file = cast(BinaryIO, made)
        run = pl.concat(self._waiting, rechunk=True).unique().sort()
        self.repeated = self.repeated or len(run) < self._height
        self._waiting, self._height = [], 0
        start = self._file.seek(0, 2) // _WIDTH
        between = [start + int(at) for at in run.search_sorted(_BORDERS)]
        self._runs.append([start, *between, start + len(run)])
        array = run.to_arrow()
        values = array.buffers()[1]
        assert values is not None  # noqa: S101 - for the type checker
        self._file.write(memoryview(values)[array.offset * _WIDTH :][: len(array) * _WIDTH])

    def _share(self, at: int) -> pl.Series:
        """All hashes of one share, from all runs."""
        assert self._file is not None  # noqa: S101 - for the type checker
        found = []
        for run in self._runs:
            self._file.seek(run[at] * _WIDTH)
            data = self._file.read((run[at + 1] - run[at]) * _WIDTH)
            found.append(pl.Series(pa.Array.from_buffers(pa.uint64(), len(data) // _WIDTH, [None, pa.py_buffer(data)])))
        return pl.concat(found)

    def _give_up(self) -> None:
        self._sketch = Sketch()
        for hashes in self._waiting:
            self._sketch.add(hashes)
        for at in range(_SHARES if self._file is not None else 0):
            self._sketch.add(self._share(at))
        self.close()
