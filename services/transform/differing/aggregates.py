"""Two tables in figures, column by column: nulls, least and greatest, sum and mean."""

import math
from datetime import date, time
from decimal import Decimal
from typing import Any

import polars as pl

from contracts.data import LogicalType, Schema
from contracts.differences import Aggregate, ColumnAggregates

MAX_COLUMNS = 2_000
MAX_TEXT = 200
_NUMBERS = {LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL}
_UNORDERED = {LogicalType.BINARY, LogicalType.BOOLEAN}


def aggregates(
    left: pl.LazyFrame, left_schema: Schema, right: pl.LazyFrame, right_schema: Schema
) -> tuple[ColumnAggregates, ...]:
    """The figures of all columns, those of the left table first."""
    names = [*left_schema.names, *(name for name in right_schema.names if left_schema.column(name) is None)]
    plans = [_plan(left, left_schema, "l"), _plan(right, right_schema, "r")]
    here, there = (frame.row(0, named=True) for frame in pl.collect_all(plans, engine="streaming"))
    return tuple(
        ColumnAggregates(column=name, left=_of(here, left_schema, name, "l"), right=_of(there, right_schema, name, "r"))
        for name in names[:MAX_COLUMNS]
    )


def _plan(side: pl.LazyFrame, schema: Schema, prefix: str) -> pl.LazyFrame:
    figures: list[pl.Expr] = [pl.len().alias("rows")]
    for at, column in enumerate(schema.columns[:MAX_COLUMNS]):
        value = pl.col(f"{prefix}{at}")
        figures.append(value.null_count().alias(f"n{at}"))
        if column.type not in _UNORDERED:
            figures += [value.min().alias(f"l{at}"), value.max().alias(f"g{at}")]
        if column.type in _NUMBERS:
            # A sum of whole numbers does not wrap around.
            exact = value.cast(pl.Int128()) if column.type is LogicalType.INTEGER else value
            figures += [exact.sum().alias(f"s{at}"), value.mean().alias(f"m{at}")]
    return side.select(figures)


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
