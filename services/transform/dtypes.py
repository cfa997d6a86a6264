"""Logical types as Polars types. Kept apart from the chassis's own table, which would bring Arrow into each child."""

from typing import Any

import polars as pl

from contracts.data import LogicalType, Schema

DECIMAL = pl.Decimal(38, 9)
UTC = pl.Datetime("us", "UTC")

DTYPES: dict[LogicalType, Any] = {
    LogicalType.BOOLEAN: pl.Boolean(),
    LogicalType.INTEGER: pl.Int64(),
    LogicalType.FLOAT: pl.Float64(),
    LogicalType.DECIMAL: DECIMAL,
    LogicalType.STRING: pl.String(),
    LogicalType.DATE: pl.Date(),
    LogicalType.TIME: pl.Time(),
    LogicalType.TIMESTAMP: pl.Datetime("us"),
    LogicalType.TIMESTAMP_TZ: UTC,
    LogicalType.BINARY: pl.Binary(),
}


def frame_schema(schema: Schema) -> dict[str, Any]:
    """The Polars schema of a table."""
    return {column.name: DTYPES[column.type] for column in schema.columns}
