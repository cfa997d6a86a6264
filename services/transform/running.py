"""What plans ask of the run that they are part of: files, counts, other tables, secrets."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from contracts.data import Schema
from contracts.recipe import ModuleInput
from services.transform.dtypes import frame_schema
from services.transform.errors import DatasetUnreadable, TransformError, engine_said
from services.transform.jobs import JobModule
from services.transform.set_aside import SetAside
from services.transform.steps.kind import Tell
from services.transform.table import Table

# Files that a job reads again itself are written in half the time so, and take ten times the room.
PASSING = ".ipc"


@dataclass(frozen=True)
class Files:
    """A table in Parquet files."""

    paths: tuple[str, ...]
    schema: Schema

    def scan(self) -> pl.LazyFrame:
        """The rows, not read yet."""
        return scan(self.paths) if self.paths else pl.LazyFrame(schema=frame_schema(self.schema))


def scan(paths: Sequence[str | Path]) -> pl.LazyFrame:
    """The rows of some files: of Parquet, or of what a job has made for itself alone."""
    if str(paths[0]).endswith(PASSING):
        return pl.scan_ipc([str(path) for path in paths], glob=False, hive_partitioning=False)
    return pl.scan_parquet([str(path) for path in paths], glob=False, hive_partitioning=False, cache=False)


def verified(paths: Sequence[str], schema: Schema) -> list[pl.LazyFrame]:
    """The rows of each file, not read yet; raises DatasetUnreadable when one does not hold the columns it should.

    The engine keeps with them what it has read of a file's footer.
    """
    wanted = list(frame_schema(schema).items())
    scans = [scan([path]) for path in paths]
    for one in scans:
        try:
            found = list(one.collect_schema().items())
        except (pl.exceptions.PolarsError, OSError):
            raise DatasetUnreadable("The dataset's files cannot be read.") from None
        if found != wanted:
            raise DatasetUnreadable("The dataset's files do not hold the columns that its schema names.")
    return scans


def rows_of(scans: Sequence[pl.LazyFrame]) -> list[int]:
    """How many rows each file holds: all of them are asked at once."""
    counts = [one.select(pl.len()) for one in scans]
    return [int(one.item()) for one in pl.collect_all(counts, engine="streaming")]


def rows_in(paths: Sequence[Path]) -> list[int]:
    """How many rows each file holds that was written."""
    return rows_of([scan([path]) for path in paths])


@dataclass
class Shared:
    """What all modules of a job share."""

    aside: SetAside
    keys: Mapping[str, bytes]
    silent: bool = False  # while a plan asks for figures: the same rows will come again
    _kept: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, pointer: str, rows: int) -> None:
        """So many rows came through a step."""
        if not self.silent:
            with self._lock:
                self._kept[pointer] = self._kept.get(pointer, 0) + rows

    def came_through(self, pointer: str) -> int | None:
        """How many rows came through a step, if it has said so."""
        return self._kept.get(pointer)


@dataclass
class Counter:
    """Counts the rows that pass a point of a plan."""

    shared: Shared
    rows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, batch: pl.DataFrame) -> pl.DataFrame:
        if not self.shared.silent:
            with self._lock:
                self.rows += batch.height
        return batch


class ModuleRun(Tell):
    """The run as the steps of one module see it."""

    def __init__(self, module: JobModule, made: Mapping[str, Files], shared: Shared) -> None:
        self._module = module
        self._made = made
        self.shared = shared

    def set_aside(self, rows: pl.DataFrame) -> None:
        if not self.shared.silent:
            self.shared.aside.take(rows)

    def kept(self, pointer: str, rows: int) -> None:
        self.shared.keep(pointer, rows)

    def probe(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        self.shared.silent = True
        try:
            return lazy.collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error
        finally:
            self.shared.silent = False

    @property
    def counts(self) -> bool:
        return not self.shared.silent

    @property
    def inputs(self) -> Collection[str]:
        return self._module.recipe.inputs.keys()

    def other(self, name: str, table: Table) -> Table:
        wanted = self._module.recipe.inputs[name]
        if isinstance(wanted, ModuleInput):
            files = self._made[wanted.module]
        else:
            files = Files(self._module.inputs.get(name, ()), wanted.table_schema)
        if files.schema.fingerprint != wanted.table_schema.fingerprint:
            raise DatasetUnreadable(f"The input {name!r} does not hold the columns that the recipe names.")
        verified(files.paths, files.schema)
        return table.beside(files.scan(), wanted.table_schema)

    def key(self, name: str) -> bytes:
        try:
            return self.shared.keys[name]
        except KeyError:
            raise TransformError(f"There is no secret {name!r} to hash with.") from None
