"""Rows set aside, as JSON that every client reads the same: no number loses a digit, no value breaks the document."""

import base64
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

# Longer texts are cut: a row that was set aside for its size must not come back through the API.
MAX_TEXT = 10_000
# Beyond this a number loses digits in clients that read all numbers as floats.
_SAFE_INTEGER = 2**53


def page(batches: Iterator[pa.RecordBatch], start: int, limit: int) -> list[dict[str, Any]]:
    """`limit` rows from row `start` on."""
    return list(islice(_rows(batches, start), limit))


def _rows(batches: Iterator[pa.RecordBatch], start: int) -> Iterator[dict[str, Any]]:
    skip = start
    for batch in batches:
        if skip >= batch.num_rows:
            skip -= batch.num_rows
            continue
        for row in batch.slice(skip).to_pylist():
            yield safe_row(row)
        skip = 0


def safe_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row whose values JSON can hold."""
    return {name: safe(value) for name, value in row.items()}


def safe(value: Any) -> bool | int | float | str | None:
    """One value: as it is where JSON can hold it, else as the text a person would write."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return _cut(base64.b64encode(value[:MAX_TEXT]).decode(), len(value) > MAX_TEXT)
    text = value if isinstance(value, str) else str(value)
    return _cut(text[:MAX_TEXT], len(text) > MAX_TEXT)


def _cut(text: str, more: bool) -> str:
    return text + "…" if more else text
