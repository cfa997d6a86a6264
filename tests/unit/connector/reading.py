"""Reads a CSV text as the connector does, from a file made on the spot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.data import Column, LogicalType, Schema
from services.connector.failures import Unreadable
from services.connector.formats.base import CsvOptions, Landed, Limits, ReadRequest, read_arrow
from services.connector.formats.csv import CsvFormat
from services.connector.progress import Progress


class Silent:
    """Milestones that nobody listens to."""

    def reached(self, name: str) -> None:
        """Nothing."""


def schema(**types: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(type)) for name, type in types.items()))


def read(
    folder: Path,
    data: bytes | str,
    *,
    expected: Schema | None = None,
    declared: Schema | None = None,
    format: CsvFormat | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> Landed:
    path = folder / "file.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return (format or CsvFormat()).read(
        ReadRequest(
            path=path,
            folder=folder,
            progress=Progress(Silent()),
            csv=CsvOptions(**options),
            expected=expected,
            declared=declared,
            limits=limits or Limits(),
        )
    )


def rows(landed: Landed) -> list[dict[str, Any]]:
    return pa.Table.from_batches(list(landed.batches())).to_pylist() if landed.rows else []


def types(landed: Landed) -> dict[str, str]:
    return {column.name: column.type.value for column in landed.schema.columns}


def aside(landed: Landed) -> list[dict[str, Any]]:
    return [row for pile in landed.rejected for batch in read_arrow(pile.path) for row in batch.to_pylist()]


def verdict(read: Callable[[], Landed]) -> Landed | Unreadable:
    """What reading gives: a table, or the reason why there is none."""
    try:
        return read()
    except Unreadable as error:
        return error
