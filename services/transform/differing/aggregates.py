"""Two tables in figures, column by column: nulls, least and greatest, sum and mean."""

import math
from datetime import date, time
from decimal import Decimal
from typing import Any

import polars as pl

from contracts.data import NUMBERS, LogicalType, Schema
from contracts.differences import Aggregate, ColumnAggregates

MAX_COLUMNS = 2_000
_BATCH_ROWS, _BATCH_CELLS = 131_072, 4_000_000
MAX_TEXT = 200
_UNORDERED = {LogicalType.BINARY, LogicalType.BOOLEAN}


def aggregates(
    left: pl.LazyFrame, left_schema: Schema, right: pl.LazyFrame, right_schema: Schema
) -> tuple[ColumnAggregates, ...]:
    """The figures of all columns, those of the left table first."""
    names = [*left_schema.names, *(name for name in right_schema.names if left_schema.column(name) is None)]
    here, there = _figures(left, left_schema, "l"), _figures(right, right_schema, "r")
    return tuple(
        ColumnAggregates(column=name, left=_of(here, left_schema, name, "l"), right=_of(there, right_schema, name, "r"))
        for name in names[:MAX_COLUMNS]
    )


def _figures(side: pl.LazyFrame, schema: Schema, prefix: str) -> dict[str, Any]:
    """The figures of one table, batch by batch: a batch in memory is soon described."""
    columns = {at: column.type for at, column in enumerate(schema.columns[:MAX_COLUMNS])}
    asked, both = [pl.len().alias("rows")], [pl.col("rows").sum()]
    for at, type in columns.items():
        value = pl.col(f"{prefix}{at}")
        asked.append(value.null_count().alias(f"n{at}"))
        both.append(pl.col(f"n{at}").sum())
        if type not in _UNORDERED:
            asked += [value.min().alias(f"l{at}"), value.max().alias(f"g{at}")]
            both += [pl.col(f"l{at}").min(), pl.col(f"g{at}").max()]
        if type in NUMBERS:
            asked.append(value.sum().alias(f"s{at}"))
            both.append((pl.col(f"s{at}").cast(pl.Int128) if type is LogicalType.INTEGER else pl.col(f"s{at}")).sum())
    found = []
    rows = max(1_024, min(_BATCH_ROWS, _BATCH_CELLS // max(1, len(columns))))
    for batch in side.collect_batches(chunk_size=rows, maintain_order=True, engine="streaming"):
        said = batch.select(asked)
        # A sum of whole numbers does not wrap around.
        large = [at for at, type in columns.items() if type is LogicalType.INTEGER and _large(said, at, batch.height)]
        exact = [pl.col(f"{prefix}{at}").cast(pl.Int128).sum().alias(f"s{at}") for at in large]
        found.append(said.with_columns(batch.select(exact)) if exact else said)
    if not found:
        return side.select(asked).collect().row(0, named=True)
    told = pl.concat(found, how="vertical_relaxed").select(both).row(0, named=True)
    means = {f"m{at}": _mean(told, at) for at, type in columns.items() if type in NUMBERS}
    return told | means


def _large(said: pl.DataFrame, at: int, rows: int) -> bool:
    """Whether so many of these whole numbers may add up to more than fits into their own type."""
    low, high = said[f"l{at}"][0], said[f"g{at}"][0]
    return low is not None and max(-low, high) * rows >= 1 << 63


def _mean(told: dict[str, Any], at: int) -> float | None:
    many = told["rows"] - told[f"n{at}"]
    if not many:
        return None
    total = told[f"s{at}"]
    return float(total / many if isinstance(total, int) else float(total) / many)


def _of(said: dict[str, Any], schema: Schema, name: str, prefix: str) -> Aggregate | None:
    at = schema.names.index(name) if schema.column(name) is not None else None
    if at is None or at >= MAX_COLUMNS:
        return None
    empty = said["rows"] == said[f"n{at}"]
    return Aggregate(
        nulls=int(said[f"n{at}"]),
        minimum=_text(said.get(f"l{at}")),
        maximum=_text(said.get(f"g{at}")),
        sum=None if empty else _text(said.get(f"s{at}")),
        mean=_text(said.get(f"m{at}")),
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, date | time):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
