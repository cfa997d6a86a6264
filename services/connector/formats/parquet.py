"""Reads Parquet by batches in flat memory; the rows in the file's own metadata are the independent count."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.data import Column, FormatFacts, LogicalType, Schema
from services.chassis.arrow import logical_type, to_arrow
from services.connector.failures import Unreadable
from services.connector.formats.base import ArrowFile, Format, Landed, ReadRequest
from services.connector.formats.csv_layout import column_names

_BATCH_ROWS = 16_384
_BUFFER = 1 << 20
_MAGIC = b"PAR1"
# A fitting value of the left type is one of the right type, too.
_HOLDS = {
    (LogicalType.INTEGER, LogicalType.FLOAT),
    (LogicalType.INTEGER, LogicalType.DECIMAL),
    (LogicalType.DATE, LogicalType.TIMESTAMP),
}
# What Arrow raises for broken files; it has several ways of saying so.
_BROKEN = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError, ValueError, OverflowError)


class _NotHeld(Exception):
    """A column has values that its type cannot hold: it is read again as texts, which hold all of their digits."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


class ParquetFormat(Format):
    """Apache Parquet."""

    kind: ClassVar[str] = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read(self, request: ReadRequest) -> Landed:
        """Read a whole file; raises Unreadable with a code."""
        try:
            with pq.ParquetFile(
                request.path, memory_map=False, buffer_size=_BUFFER, page_checksum_verification=True
            ) as file:
                texts: set[str] = set()
                while True:
                    try:
                        return self._read(request, file, texts)
                    except _NotHeld as error:
                        texts.add(error.column)
        except _BROKEN as error:
            raise _unreadable(request, error) from error

    def batches(self, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
        """The rows of an open file; raises Unreadable when they are not as many as it says."""
        found = 0
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
            found += batch.num_rows
            yield batch
        if found != file.metadata.num_rows:
            message = f"The file says that it has {file.metadata.num_rows} rows; its pages hold {found}."
            raise Unreadable("malformed", message)

    def _read(self, request: ReadRequest, file: pq.ParquetFile, texts: set[str]) -> Landed:
        found = _flat_schema(file.schema_arrow)
        if len(found) > request.limits.columns:
            raise Unreadable(
                "too_many_columns", f"The file has {len(found)} columns; at most {request.limits.columns} are read."
            )
        names, renamed = column_names(found.names)
        columns = [
            _column(name, entry.type, None if name in texts else request.expected, as_text=name in texts)
            for name, entry in zip(names, found, strict=True)
        ]
        schema = Schema(columns=tuple(columns))
        arrow = to_arrow(schema)
        path = request.folder / f"{request.path.name}.arrow"
        with ArrowFile(path, arrow) as out:
            for nested in self.batches(file):
                batch = _flat(nested)
                arrays = [_cast(values, entry) for values, entry in zip(batch.columns, arrow, strict=True)]
                out.write(pa.RecordBatch.from_arrays(arrays, schema=arrow))
                request.progress.add(rows=batch.num_rows)
        return Landed(
            path=path,
            schema=schema,
            facts=FormatFacts(
                format="parquet",
                renamed_headers=renamed,
                spellings={
                    name: f"{entry.type} as text" for name, entry in zip(names, found, strict=True) if name in texts
                },
            ),
            rows=out.rows,
            counted=file.metadata.num_rows,
        )


def _flat_schema(schema: pa.Schema) -> pa.Schema:
    """Fields of structures as columns with dotted names; lists and maps as texts."""
    fields = []
    for field in schema:
        if pa.types.is_struct(field.type):
            inner = [field.type.field(place) for place in range(field.type.num_fields)]
            fields += list(_flat_schema(pa.schema([one.with_name(f"{field.name}.{one.name}") for one in inner])))
        else:
            fields.append(field.with_type(pa.string()) if _is_list(field.type) else field)
    return pa.schema(fields)


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays: list[Any] = []
    for values in batch.columns:
        arrays += _flat_arrays(values)
    return pa.RecordBatch.from_arrays(arrays, names=[str(place) for place in range(len(arrays))])


def _flat_arrays(values: Any) -> list[Any]:
    if pa.types.is_struct(values.type):
        return [array for inner in values.flatten() for array in _flat_arrays(inner)]
    if not _is_list(values.type):
        return [values]
    texts = [
        None if one is None else json.dumps(one, ensure_ascii=False, separators=(",", ":"), default=str)
        for one in values.to_pylist()
    ]
    return [pa.array(texts, type=pa.string())]


def _is_list(type: pa.DataType) -> bool:
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_map)
    return any(kind(type) for kind in kinds)


def _column(name: str, type: pa.DataType, expected: Schema | None, *, as_text: bool) -> Column:
    logical = LogicalType.STRING if as_text else logical_type(type)
    if logical is None and (type == pa.uint64() or pa.types.is_decimal(type)):
        # Most values of a wide type fit a narrower one.
        logical = LogicalType.INTEGER if type == pa.uint64() else LogicalType.DECIMAL
    if logical is None:
        raise Unreadable("type_unsupported", f"Column {name!r} has the type {type}, which cannot be held without loss.")
    told = expected.column(name) if expected else None
    if told is not None and (logical, told.type) in _HOLDS:
        logical = told.type
    return Column(name=name, type=logical)


def _cast(values: Any, entry: Any) -> Any:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.type == entry.type:
        return values
    if pa.types.is_timestamp(values.type) and pa.types.is_large_string(entry.type):
        return _moments(values)
    try:
        return values.cast(entry.type)
    except pa.ArrowInvalid as error:
        wide = values.type == pa.uint64() or pa.types.is_decimal(values.type) or pa.types.is_timestamp(values.type)
        if wide and not pa.types.is_large_string(entry.type):
            raise _NotHeld(entry.name) from None
        # The message of the cast names the value.
        raise Unreadable(
            "value_out_of_range", f"Column {entry.name!r} holds a value that {entry.type} cannot hold."
        ) from error


def _moments(values: Any) -> Any:
    """Moments as texts with all of their digits; instants in UTC."""
    plain = values.cast(pa.timestamp(values.type.unit)).cast(pa.string())
    texts = [None if text is None else text.replace(" ", "T") for text in plain.to_pylist()]
    zone = "Z" if values.type.tz is not None else ""
    return pa.array([None if text is None else text + zone for text in texts], type=pa.large_string())


def _unreadable(request: ReadRequest, error: BaseException) -> Unreadable:
    with request.path.open("rb") as file:
        size = file.seek(0, 2)
        if size == 0:
            return Unreadable("empty", "The file holds nothing at all.")
        file.seek(0)
        begins = file.read(4) == _MAGIC
        file.seek(max(0, size - 4))
        ends = file.read(4) == _MAGIC
    if begins and not ends:
        return Unreadable("truncated", "The file has no Parquet footer: its end is missing.")
    if not begins:
        return Unreadable("malformed", "The file is not Parquet.")
    return Unreadable("malformed", f"The file is broken Parquet ({type(error).__name__}).")
