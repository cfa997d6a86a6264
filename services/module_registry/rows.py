"""Rows of results as JSON that every client reads the same: no number loses a digit, no value breaks the document."""

import asyncio
import base64
import json
import math
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.data import DatasetRef
from contracts.differences import DataDifference
from services.chassis.storage import Storage

MAX_TEXT = 10_000
# Beyond this a number loses digits in clients that read all numbers as floats.
_SAFE_INTEGER = 2**53
LEFT, RIGHT, CHANGED = "left:", "right:", "changed"


async def page(
    storage: Storage, tenant: UUID, dataset: DatasetRef | None, offset: int, limit: int
) -> list[dict[str, Any]]:
    """`limit` rows from row `offset` on."""
    if dataset is None or offset >= dataset.rows:
        return []
    return await asyncio.to_thread(_page, storage, tenant, dataset, offset, limit)


def changed_rows(rows: list[dict[str, Any]], difference: DataDifference) -> list[dict[str, Any]]:
    """Changed rows as key, left and right; of the columns only those that differ in this row."""
    shown = []
    for row in rows:
        names = json.loads(row[CHANGED])
        shown.append(
            {
                "key": {name: row[LEFT + name] for name in difference.keys},
                "left": {name: row[LEFT + name] for name in names},
                "right": {name: row[RIGHT + name] for name in names},
            }
        )
    return shown


def _page(storage: Storage, tenant: UUID, dataset: DatasetRef, offset: int, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in storage.batches(dataset, tenant=tenant):
        if offset >= batch.num_rows:
            offset -= batch.num_rows
            continue
        taken = batch.slice(offset, limit - len(rows)).to_pylist()
        rows += [{name: plain(value) for name, value in row.items()} for row in taken]
        offset = 0
        if len(rows) >= limit:
            break
    return rows


def plain(value: Any) -> bool | int | float | str | None:
    """A value as it is where JSON can hold it, else as the text a person would write."""
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
        return base64.b64encode(value[:MAX_TEXT]).decode() + ("…" if len(value) > MAX_TEXT else "")
    text = str(value)
    return text[:MAX_TEXT] + ("…" if len(text) > MAX_TEXT else "")
