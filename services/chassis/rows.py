"""Rows as JSON that every client reads the same: no number loses a digit, no value breaks the document."""

import base64
import math
from collections.abc import Iterable, Iterator
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

MAX_TEXT = 10_000
# Beyond this a number loses digits in clients that read all numbers as floats.
_SAFE_INTEGER = 2**53


def shown(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of a table, value by value."""
    columns = [[plain(value) for value in column.to_pylist()] for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def page(batches: Iterable[pa.RecordBatch], start: int, limit: int) -> list[dict[str, Any]]:
    """`limit` rows from row `start` on."""
    return list(islice(_rows(batches, start), limit))


def _rows(batches: Iterable[pa.RecordBatch], skip: int) -> Iterator[dict[str, Any]]:
    for batch in batches:
        if skip >= batch.num_rows:
            skip -= batch.num_rows
            continue
        for row in batch.slice(skip).to_pylist():
            yield {name: plain(value) for name, value in row.items()}
        skip = 0


def plain(value: Any, longest: int | None = MAX_TEXT) -> bool | int | float | str | None:
    """A value as it is where JSON can hold it, else as the text a person would write; cut unless `longest` is None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return _cut(base64.b64encode(value[:longest]).decode(), longest is not None and len(value) > longest)
    text = str(value)
    return _cut(text[:longest], longest is not None and len(text) > longest)


def _cut(text: str, more: bool) -> str:
    return text + "…" if more else text
