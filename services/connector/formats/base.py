"""What every file format does for the connector: a spooled file becomes a typed table, with nothing lost silently."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal

import pyarrow as pa

from contracts.data import SET_ASIDE_ROWS, FormatFacts, Schema
from services.chassis.arrow import to_arrow
from services.chassis.isolation.letting_go import let_go
from services.connector.progress import Progress

# What a person can say about a column whose values leave a question open.
Answer = Literal["day_first", "month_first", "year_first", "decimal_comma", "decimal_point", "text"]

_FLUSH_ROWS = 5_000
_TEXT_LIMIT = 100_000


@dataclass(frozen=True)
class Limits:
    """What a file may not exceed."""

    record_bytes: int = 16 << 20
    columns: int = 16_384
    failing_share: float = 0.05  # of a column's values, beyond which the column has another type


@dataclass(frozen=True)
class CsvOptions:
    """What is known of a CSV file beforehand; None means: find out."""

    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    header: bool | None = None
    preamble: int | None = None  # records above the table
    lexicon: Literal["text", "postgres"] = "text"
    columns: Mapping[str, Answer] = field(default_factory=dict)  # what a person said about single columns
    words: bool = True  # whether yes and no are truth values
    blanks: bool = False  # whether texts of nothing but blanks are values, as where they are quoted
    tidy: bool = False  # written by ourselves: a header, and rows of its width


@dataclass(frozen=True)
class ReadRequest:
    """One local file, what is known about it, and a folder for what comes of it."""

    path: Path
    folder: Path
    progress: Progress
    csv: CsvOptions = CsvOptions()
    expected: Schema | None = None  # types to read with, where the values allow it
    declared: Schema | None = None  # types that the source itself vouches for
    counted: int | None = None  # rows, when the source counted them itself
    limits: Limits = Limits()


@dataclass(frozen=True)
class Rejected:
    """Rows set aside for one reason."""

    reason: str
    path: Path
    rows: int
    sample: str


@dataclass(frozen=True)
class Landed:
    """A file as a typed table in a local Arrow file, beside what was set aside and what was found out."""

    path: Path
    schema: Schema
    facts: FormatFacts
    rows: int
    counted: int  # rows in the file, counted apart from the parser
    rejected: tuple[Rejected, ...] = ()
    sample: pa.Table | None = None  # the first rows as they stand in a text; None where they never were one

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in the order of the file."""
        return read_arrow(self.path)


class Format(ABC):
    """A file format."""

    kind: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, request: ReadRequest) -> Landed:
        """Read a whole file; raises Unreadable with a code and the place."""


class ArrowFile:
    """Writes batches into a local Arrow file in flat memory."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.rows = 0
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_stream(self._sink, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def close(self) -> None:
        """End the file."""
        self._writer.close()
        self._sink.close()

    def __enter__(self) -> "ArrowFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_arrow(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of a local Arrow file."""
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
        yield from reader


@dataclass
class _Pile:
    file: ArrowFile
    sample: str
    waiting: list[tuple[int, str, str | None, str | None, str]] = field(default_factory=list)
    rows: int = 0


class Rejects:
    """Collects rows that may not go on: row number, reason, column, value and the raw text of each."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._piles: dict[str, _Pile] = {}

    @property
    def rows(self) -> int:
        """How many rows were set aside."""
        return sum(pile.rows for pile in self._piles.values())

    def of(self, reason: str) -> int:
        """How many rows were set aside for this reason."""
        return self._piles[reason].rows if reason in self._piles else 0

    def add(self, reason: str, row: int, raw: str, *, column: str | None = None, value: str | None = None) -> None:
        """Set one row aside."""
        pile = self._piles.get(reason)
        if pile is None:
            path = self._folder / f"{self._name}.{len(self._piles)}.rejected.arrow"
            where = f"row {row}" + (f", column {column}" if column else "")
            pile = self._piles[reason] = _Pile(ArrowFile(path, to_arrow(SET_ASIDE_ROWS)), where)
        pile.waiting.append((row, reason, column, _short(value), raw[:_TEXT_LIMIT]))
        pile.rows += 1
        if len(pile.waiting) >= _FLUSH_ROWS:
            _flush(pile)

    def finish(self) -> tuple[Rejected, ...]:
        """Close the files; one entry for each reason."""
        found = []
        for reason, pile in self._piles.items():
            _flush(pile)
            pile.file.close()
            found.append(Rejected(reason=reason, path=pile.file.path, rows=pile.rows, sample=pile.sample))
        return tuple(found)

    def discard(self) -> None:
        """Forget everything: the file is read again."""
        for pile in self._piles.values():
            pile.file.close()
            let_go(pile.file.path)
        self._piles = {}


def _short(value: str | None) -> str | None:
    return None if value is None else value[:_TEXT_LIMIT]


def _flush(pile: _Pile) -> None:
    if pile.waiting:
        columns = list(zip(*pile.waiting, strict=True))
        schema = pile.file.schema
        arrays = [pa.array(list(column), type=entry.type) for column, entry in zip(columns, schema, strict=True)]
        pile.file.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
        pile.waiting = []


# What may differ between files that belong together.
_OF_ONE_FILE = {
    "renamed_headers", "confidence", "skipped_lines", "preamble", "filled_rows", "member", "sheets", "spellings",
    "questions", "null_markers",
}  # fmt: skip


def facts_key(schema: Schema, facts: FormatFacts) -> str:
    """Files with the same key belong in one group: same columns and types, written in the same way."""
    return json.dumps([schema.fingerprint, facts.model_dump(mode="json", exclude=_OF_ONE_FILE)], sort_keys=True)
