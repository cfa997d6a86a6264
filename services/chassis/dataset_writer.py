"""Rows to Parquet parts in flat memory; the same rows give the same bytes however they were batched."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.data import DatasetRef

if TYPE_CHECKING:
    import polars as pl

Rows = Union[pa.RecordBatch, pa.Table, "pl.DataFrame"]

GROUP_CELLS = 2_000_000
GROUP_BYTES = 64 << 20  # of text and binary values
_MAX_GROUP_ROWS = 65_536
_STRIDE = 1_024  # group borders lie on multiples of this, so they do not depend on how rows arrive


@dataclass(frozen=True)
class Part:
    """One Parquet file of a dataset."""

    sha256: str
    rows: int
    bytes: int


class RowsRefused(ValueError):
    """Rows that do not have the dataset's columns and types."""


class DatasetWriter:
    """Takes rows and makes parts of them. Used as a context manager: what is not finished leaves nothing behind."""

    def __init__(
        self,
        *,
        arrow_schema: pa.Schema,
        part_rows: int,
        folder: Path,
        store: Callable[[Path, Part], None],
        complete: Callable[[Sequence[Part]], DatasetRef],
    ) -> None:
        self._schema = arrow_schema
        self._text = [
            position
            for position, entry in enumerate(arrow_schema)
            if entry.type in (pa.large_string(), pa.large_binary())
        ]
        cells = max(1, len(arrow_schema))
        self._group_rows = max(_STRIDE, min(_MAX_GROUP_ROWS, GROUP_CELLS // cells // _STRIDE * _STRIDE))
        self._part_rows = max(_STRIDE, part_rows // _STRIDE * _STRIDE)
        self._folder = folder
        self._store = store
        self._complete = complete
        self._waiting: list[pa.Table] = []  # less than one stride
        self._waiting_rows = 0
        self._group: list[pa.Table] = []  # whole strides
        self._group_size = 0
        self._group_bytes = 0
        self._rows_in_part = 0
        self._file: pq.ParquetWriter | None = None
        self._parts: list[Part] = []
        self._rows = 0

    @property
    def rows(self) -> int:
        """How many rows were taken so far."""
        return self._rows

    def write(self, rows: Rows) -> None:
        """Take rows; columns go by name, types are brought to the schema's without loss or refused."""
        table = self._conform(_as_table(rows))
        self._rows += table.num_rows
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        if self._waiting_rows < _STRIDE:
            return
        ready = pa.concat_tables(self._waiting)
        whole = ready.num_rows // _STRIDE * _STRIDE
        for start in range(0, whole, _STRIDE):
            self._take_stride(ready.slice(start, _STRIDE))
        rest = ready.slice(whole)
        self._waiting = [rest] if rest.num_rows else []
        self._waiting_rows = rest.num_rows

    def finish(self) -> DatasetRef:
        """Write what is left and the manifest: from now on the dataset is there."""
        for rest in self._waiting:
            self._group.append(rest)
            self._group_size += rest.num_rows
        self._waiting, self._waiting_rows = [], 0
        self._flush_group()
        if self._file is not None or not self._parts:
            self._close_part()
        return self._complete(self._parts)

    def __enter__(self) -> "DatasetWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _conform(self, table: pa.Table) -> pa.Table:
        if sorted(table.column_names) != sorted(self._schema.names):
            raise RowsRefused("the rows do not have the dataset's columns")
        table = table.select(self._schema.names)
        if table.schema.types == self._schema.types:
            return table.cast(self._schema) if table.schema != self._schema else table
        try:
            return table.cast(self._schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            column = _first_misfit(table, self._schema)
            raise RowsRefused(f"column {column!r} does not hold the dataset's type") from error

    def _take_stride(self, rows: pa.Table) -> None:
        self._group.append(rows)
        self._group_size += rows.num_rows
        self._group_bytes += sum(_text_bytes(rows.column(position)) for position in self._text)
        full = self._rows_in_part + self._group_size >= self._part_rows
        if full or self._group_size >= self._group_rows or self._group_bytes >= GROUP_BYTES:
            self._flush_group()
        if full:
            self._close_part()

    def _flush_group(self) -> None:
        if not self._group_size:
            return
        group = pa.concat_tables(self._group).combine_chunks()
        self._open_part().write_table(group, row_group_size=max(1, group.num_rows))
        self._rows_in_part += group.num_rows
        self._group, self._group_size, self._group_bytes = [], 0, 0

    def _open_part(self) -> pq.ParquetWriter:
        if self._file is None:
            self._file = pq.ParquetWriter(
                self._path, self._schema, compression="zstd", compression_level=1, write_statistics=True
            )
        return self._file

    def _close_part(self) -> None:
        self._open_part().close()
        self._file = None
        part = Part(sha256=file_digest(self._path), rows=self._rows_in_part, bytes=self._path.stat().st_size)
        self._store(self._path, part)
        self._path.unlink(missing_ok=True)
        self._parts.append(part)
        self._rows_in_part = 0

    @property
    def _path(self) -> Path:
        return self._folder / f"{len(self._parts):06}.parquet"


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_table(rows: Any) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    table = rows.to_arrow()
    if not isinstance(table, pa.Table):
        raise TypeError("rows are a RecordBatch, a Table or a Polars DataFrame")
    return table


def _text_bytes(column: Any) -> int:
    total = pc.sum(pc.binary_length(column)).as_py()
    return int(total or 0)


def _first_misfit(table: pa.Table, schema: pa.Schema) -> str:
    for entry in schema:
        try:
            table.column(entry.name).cast(entry.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return str(entry.name)
    return "?"
