"""What every destination does: spec, check, discover, write a window once, and say what became of one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from contracts.data import Schema
from services.connector.failures import UndoRefused
from services.connector.kinds.base import Document, Kind, WriteMode
from services.connector.progress import Progress
from services.connector.sources.base import Discovered


@dataclass(frozen=True)
class LoadKey:
    """What a load is known by at the destination; a second one of the same name changes nothing."""

    workflow_id: UUID
    stream: str
    window_id: UUID
    part: str = "0"


@dataclass(frozen=True)
class LoadTable:
    """Rows to load: Parquet files in their order."""

    schema: Schema
    rows: int
    bytes: int
    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Load:
    """One attempt to load one part of a window."""

    key: LoadKey
    run_id: UUID
    attempt: int
    epoch: int  # of the lease: an attempt with a lower one writes nothing any more
    target: Document
    mode: WriteMode
    keys: tuple[str, ...]
    checksum: str
    tables: Sequence[LoadTable]
    cursor: dict[str, str | None] | None = None  # how far the source is read once this is loaded
    hops: int = 0  # through how many runs the rows came before this one

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """Bytes in all tables."""
        return sum(table.bytes for table in self.tables)


@dataclass(frozen=True)
class Loaded:
    """What the destination took, as its own ledger has it."""

    rows: int
    inserted: int
    updated: int
    deduplicated: int
    bytes: int
    attempt: int
    already: bool = False


@dataclass(frozen=True)
class Undo:
    """One attempt to take back what a window's loads put in, all parts of it."""

    workflow_id: UUID
    stream: str
    window_id: UUID
    parts: tuple[str, ...]
    run_id: UUID  # the run that undoes, not the one that loaded
    epoch: int  # of the lease, counted with those of loads
    target: Document
    dry_run: bool = False  # find out whether it can be done, and leave everything as it is

    def key(self, part: str) -> LoadKey:
        """One of the loads."""
        return LoadKey(self.workflow_id, self.stream, self.window_id, part)


@dataclass(frozen=True)
class Undone:
    """What was taken out, and what was put back as it had been."""

    removed: int
    restored: int
    already: bool = False


class Destination(ABC):
    """A system that rows go to."""

    spec: ClassVar[Kind]

    @abstractmethod
    def check(self) -> None:
        """Try to reach it; raises ConnectorError."""

    @abstractmethod
    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """What there is to write to."""

    @abstractmethod
    def write(self, load: Load, progress: Progress) -> Loaded:
        """Load everything or nothing, once; raises Fenced when a newer attempt has taken over."""

    @abstractmethod
    def settle(self, key: LoadKey, epoch: int, target: Document) -> Loaded | None:
        """Shut out every attempt below this epoch, and say whether the window was loaded, which is final then."""

    def undo(self, undo: Undo, progress: Progress) -> Undone:
        """Take a window out again, everything or nothing, once; raises UndoRefused with what stands in the way.

        Rows that were added are removed, rows that were changed or replaced are there again as they were. A kind whose
        capabilities say `undo` does this.
        """
        raise UndoRefused(f"What was written to a connection of kind {self.spec.name} cannot be taken back")
