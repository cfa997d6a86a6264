"""What every source does: spec, check, discover, read; objects one by one, tables in slices of one snapshot."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from contracts.data import ObjectVersion, Schema
from services.connector.kinds.base import Document, Kind
from services.connector.progress import Progress


@dataclass(frozen=True)
class DiscoveredColumn:
    """A column: the logical type it is read as, and the type its own system declares."""

    name: str
    type: str
    declared: str
    nullable: bool


@dataclass(frozen=True)
class DiscoveredStream:
    """Something that can be read: a file, or a table with its columns and unique keys (the primary one first)."""

    name: str
    selection: dict[str, Any]
    columns: tuple[DiscoveredColumn, ...] | None = None
    keys: tuple[tuple[str, ...], ...] = ()
    size: int | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True)
class Discovered:
    """What there is to read through a connection; `more` says that there is more than is listed."""

    streams: tuple[DiscoveredStream, ...]
    more: bool = False


@dataclass(frozen=True)
class Bounds:
    """A slice of a table by its cursor column: above `lower`, up to `upper`. As texts; None: no bound."""

    lower: str | None = None
    upper: str | None = None


@dataclass(frozen=True)
class SpooledTable:
    """A slice of a table as a local file of delimited text, with the types and the count its own server gives."""

    path: Path
    schema: Schema
    rows: int
    bytes: int


class TableSlice(ABC):
    """One slice, seen in one snapshot. `bounds` are known before a row is read."""

    bounds: Bounds

    @abstractmethod
    def spool(self, path: Path, progress: Progress, limit: int | None = None) -> SpooledTable:
        """Bring the rows to this machine; `limit` looks at the first ones only."""


class Source(ABC):
    """A system that rows come from."""

    spec: ClassVar[Kind]

    @abstractmethod
    def check(self) -> None:
        """Try to reach it and to read; raises ConnectorError."""

    @abstractmethod
    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """What there is to read."""


class ObjectSource(Source):
    """A source of objects, each of which is a file."""

    @abstractmethod
    def objects(self, selection: Document) -> Iterator[ObjectVersion]:
        """The object versions that a selection means now, in the order of their keys."""

    @abstractmethod
    def spool(self, object: ObjectVersion, path: Path, progress: Progress) -> int:
        """Bring the bytes of exactly this version to this machine; raises OBJECT_CHANGED when it is gone.

        Returns through how many runs of this platform they came.
        """

    @abstractmethod
    def head(self, object: ObjectVersion, path: Path, size: int) -> bool:
        """Bring the first bytes only; returns whether these are all."""


class TableSource(Source):
    """A source of tables."""

    @abstractmethod
    def open(
        self, selection: Document, after: str | None, known: Bounds | None = None
    ) -> AbstractContextManager[TableSlice]:
        """A slice above `after` in a snapshot of now; with `known`, the slice that these bounds mean."""
