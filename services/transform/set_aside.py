"""Rows that a step sent to quarantine, kept on disk while the others go on, and ordered at the end."""

import threading
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from services.chassis.isolation.letting_go import let_go

_HELD_ROWS = 20_000
_PART_ROWS = 100_000


@dataclass(frozen=True)
class Quarantine:
    """Where the rows lie, in the order of the input."""

    rows: int
    parts: tuple[str, ...]
    sample: str


class SetAside:
    """Takes rows from a running plan, batch by batch, in any order."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._held: list[pl.DataFrame] = []
        self._held_rows = 0
        self._spilled: list[Path] = []
        self._rows = 0

    def take(self, rows: pl.DataFrame) -> None:
        """Keep some rows."""
        with self._lock:
            self._held.append(rows)
            self._held_rows += rows.height
            self._rows += rows.height
            full = self._emptied() if self._held_rows >= _HELD_ROWS else None
        self._spill(full)

    def part_done(self) -> None:
        """Forget what is in memory: the part that gave it has ended."""
        with self._lock:
            full = self._emptied()
        self._spill(full)

    def finish(self) -> Quarantine:
        """Order everything by row and write it."""
        if not self._spilled:
            return Quarantine(0, (), "")
        folder = self._output / "quarantine"
        pl.scan_parquet(self._spilled, glob=False).sort("row").sink_parquet(
            pl.PartitionBy(folder, max_rows_per_file=_PART_ROWS, approximate_bytes_per_file=None),
            compression="zstd",
            row_group_size=_HELD_ROWS,
            maintain_order=True,
            mkdir=True,
            engine="streaming",
        )
        for path in self._spilled:
            let_go(path)
        files = sorted(folder.glob("*.parquet"))
        first = pl.read_parquet(files[0], n_rows=1).row(0, named=True)
        value = str(first["value"])
        shown = value if len(value) <= 100 else value[:100] + "…"
        sample = f"row {first['row']}, column {first['column']!r}: {shown!r} is {first['reason']}"
        return Quarantine(self._rows, tuple(str(path.relative_to(self._output)) for path in files), sample)

    def _emptied(self) -> tuple[Path, list[pl.DataFrame]] | None:
        """What is held, and the file for it; from now on nothing is held."""
        if not self._held:
            return None
        path = self._output / f"aside-{len(self._spilled):06}.parquet"
        self._spilled.append(path)
        held, self._held, self._held_rows = self._held, [], 0
        return path, held

    def _spill(self, full: tuple[Path, list[pl.DataFrame]] | None) -> None:
        # A thread of the engine's own does this in the middle of a plan: were it to wait for the engine, or another one
        # for it, they might all wait for each other.
        if full is not None:
            path, held = full
            pq.write_table(pa.concat_tables([rows.to_arrow() for rows in held]), path, compression="zstd")
