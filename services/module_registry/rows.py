"""Rows of results, as those who compare look at them."""

import asyncio
import json
from typing import Any
from uuid import UUID

from contracts.data import DatasetRef
from contracts.differences import DataDifference
from services.chassis import rows as plain_rows
from services.chassis.storage import Storage

LEFT, RIGHT, CHANGED = "left:", "right:", "changed"


async def page(
    storage: Storage, tenant: UUID, dataset: DatasetRef | None, offset: int, limit: int
) -> list[dict[str, Any]]:
    """`limit` rows from row `offset` on."""
    if dataset is None or offset >= dataset.rows:
        return []
    return await asyncio.to_thread(lambda: plain_rows.page(storage.batches(dataset, tenant=tenant), offset, limit))


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
