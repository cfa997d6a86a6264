"""A dataset as a file for somebody else, made while it is sent: CSV, JSON lines, Parquet, or a workbook."""

import base64
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from contracts.data import Schema
from services.chassis.arrow import to_arrow
from services.chassis.rows import plain
from services.transform.exporting import workbook
from services.transform.exporting.formulas import escaped, escaped_name

Format = Literal["csv", "jsonl", "parquet", "xlsx"]
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class FileKind:
    """What is known of a format."""

    media_type: str
    make: Callable[[Batches, Schema, Sequence[str]], Iterator[bytes]]  # rows, columns, and what these are called
    for_people: bool = False  # opened in spreadsheets, which run formulas
    most_rows: int | None = None
    most_columns: int | None = None


def exported(kind: FileKind, batches: Batches, schema: Schema, *, escape_formulas: bool) -> Iterator[bytes]:
    """The file, piece by piece."""
    if escape_formulas and kind.for_people:
        return kind.make(map(escaped, batches), schema, [escaped_name(name) for name in schema.names])
    return kind.make(batches, schema, schema.names)


class _Sink(io.RawIOBase):
    """Takes what a writer writes, and gives it away."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep some bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How many bytes came so far."""
        return self._at

    def taken(self) -> bytes:
        """What came since this was asked last."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _csv(batches: Batches, schema: Schema, names: Sequence[str]) -> Iterator[bytes]:
    """Texts in quotes and nulls without, so that both can be told apart; bytes in base64."""
    readable = _readable(to_arrow(schema), names)
    sink = _Sink()
    target: Any = pa.PythonFile(sink, mode="w")
    with pcsv.CSVWriter(target, readable) as writer:
        for batch in batches:
            writer.write_batch(_as_text(batch, readable))
            yield sink.taken()
    yield sink.taken()


def _readable(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    text = pa.large_string()
    return pa.schema(
        [
            pa.field(name, text if pa.types.is_large_binary(field.type) else field.type)
            for name, field in zip(names, schema, strict=True)
        ]
    )


def _as_text(batch: pa.RecordBatch, readable: pa.Schema) -> pa.RecordBatch:
    columns: list[Any] = []
    for column in batch.columns:
        if pa.types.is_large_binary(column.type):
            texts = [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
            columns.append(pa.array(texts, pa.large_string()))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=readable)


def _jsonl(batches: Batches, schema: Schema, names: Sequence[str]) -> Iterator[bytes]:
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        lines = (
            json.dumps({name: plain(value, None) for name, value in zip(names, row, strict=True)}, ensure_ascii=False)
            for row in zip(*columns, strict=True)
        )
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _parquet(batches: Batches, schema: Schema, names: Sequence[str]) -> Iterator[bytes]:
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), to_arrow(schema), compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def _xlsx(batches: Batches, schema: Schema, names: Sequence[str]) -> Iterator[bytes]:
    sink = _Sink()
    for _ in workbook.written(sink, list(names), batches):
        yield sink.taken()
    yield sink.taken()


FILES: dict[Format, FileKind] = {
    "csv": FileKind("text/csv; charset=utf-8", _csv, for_people=True),
    "jsonl": FileKind("application/x-ndjson", _jsonl),
    "parquet": FileKind("application/vnd.apache.parquet", _parquet),
    "xlsx": FileKind(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
        for_people=True,
        most_rows=workbook.MAX_ROWS,
        most_columns=workbook.MAX_COLUMNS,
    ),
}
