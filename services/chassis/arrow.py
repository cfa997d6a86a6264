"""Logical types as Arrow and Polars types, and back."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from contracts.data import Column, LogicalType, Schema

if TYPE_CHECKING:
    import polars as pl

DECIMAL_DIGITS = 38
DECIMAL_SCALE = 9

# 64-bit offsets: a column chunk may hold more than 2 GB, and Polars keeps its strings the same way.
_ARROW: dict[LogicalType, pa.DataType] = {
    LogicalType.BOOLEAN: pa.bool_(),
    LogicalType.INTEGER: pa.int64(),
    LogicalType.FLOAT: pa.float64(),
    LogicalType.DECIMAL: pa.decimal128(DECIMAL_DIGITS, DECIMAL_SCALE),
    LogicalType.STRING: pa.large_string(),
    LogicalType.DATE: pa.date32(),
    LogicalType.TIME: pa.time64("ns"),
    LogicalType.TIMESTAMP: pa.timestamp("us"),
    LogicalType.TIMESTAMP_TZ: pa.timestamp("us", tz="UTC"),
    LogicalType.BINARY: pa.large_binary(),
}


class TypeUnsupported(Exception):
    """A column has a type that no logical type stands for."""


def arrow_type(type: LogicalType) -> pa.DataType:
    """The Arrow type that holds a logical type."""
    return _ARROW[type]


def logical_type(type: pa.DataType) -> LogicalType | None:
    """The logical type that stands for an Arrow type, or None. Wider types are never squeezed into narrower ones."""
    if pa.types.is_dictionary(type):
        return logical_type(type.value_type)
    if pa.types.is_boolean(type):
        return LogicalType.BOOLEAN
    if pa.types.is_integer(type):
        return None if type == pa.uint64() else LogicalType.INTEGER
    if pa.types.is_floating(type):
        return LogicalType.FLOAT
    if pa.types.is_decimal(type):
        fits = type.scale <= DECIMAL_SCALE and type.precision - type.scale <= DECIMAL_DIGITS - DECIMAL_SCALE
        return LogicalType.DECIMAL if fits else None
    if pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type):
        return LogicalType.STRING
    if pa.types.is_date(type):
        return LogicalType.DATE
    if pa.types.is_time(type):
        return LogicalType.TIME
    if pa.types.is_timestamp(type):
        return LogicalType.TIMESTAMP if type.tz is None else LogicalType.TIMESTAMP_TZ
    if pa.types.is_null(type):
        return LogicalType.STRING
    if (
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_binary_view(type)
        or pa.types.is_fixed_size_binary(type)
    ):
        return LogicalType.BINARY
    return None


def to_arrow(schema: Schema) -> pa.Schema:
    """The Arrow schema that holds a table of this schema."""
    return pa.schema([pa.field(column.name, _ARROW[column.type], column.nullable) for column in schema.columns])


def from_arrow(schema: pa.Schema) -> Schema:
    """The schema of an Arrow table; raises TypeUnsupported with the column and its type."""
    columns = []
    for entry in schema:
        type = logical_type(entry.type)
        if type is None:
            raise TypeUnsupported(f"column {entry.name!r} has the type {entry.type}, which cannot be held without loss")
        columns.append(Column(name=entry.name, type=type, nullable=entry.nullable))
    return Schema(columns=tuple(columns))


def to_polars(schema: Schema) -> "dict[str, pl.DataType]":
    """The Polars schema that holds a table of this schema."""
    return {column.name: polars_type(column.type) for column in schema.columns}


def polars_type(type: LogicalType) -> "pl.DataType":
    """The Polars type that holds a logical type."""
    import polars as pl

    types: dict[LogicalType, pl.DataType] = {
        LogicalType.BOOLEAN: pl.Boolean(),
        LogicalType.INTEGER: pl.Int64(),
        LogicalType.FLOAT: pl.Float64(),
        LogicalType.DECIMAL: pl.Decimal(DECIMAL_DIGITS, DECIMAL_SCALE),
        LogicalType.STRING: pl.String(),
        LogicalType.DATE: pl.Date(),
        LogicalType.TIME: pl.Time(),
        LogicalType.TIMESTAMP: pl.Datetime("us"),
        LogicalType.TIMESTAMP_TZ: pl.Datetime("us", "UTC"),
        LogicalType.BINARY: pl.Binary(),
    }
    return types[type]


def from_polars(schema: Any) -> Schema:
    """The schema of a Polars frame (`frame.schema` or a mapping); every column may be null."""
    columns = []
    for name, type in dict(schema).items():
        logical = _from_polars(type)
        if logical is None:
            raise TypeUnsupported(f"column {name!r} has the type {type}, which cannot be held without loss")
        columns.append(Column(name=name, type=logical))
    return Schema(columns=tuple(columns))


def _from_polars(type: Any) -> LogicalType | None:
    import polars as pl

    if type == pl.Decimal:
        scale = type.scale or 0
        fits = scale <= DECIMAL_SCALE and (type.precision or DECIMAL_DIGITS) - scale <= DECIMAL_DIGITS - DECIMAL_SCALE
        return LogicalType.DECIMAL if fits or scale == DECIMAL_SCALE else None
    if type == pl.Datetime:
        return LogicalType.TIMESTAMP if type.time_zone is None else LogicalType.TIMESTAMP_TZ
    if type == pl.UInt64 or type.is_nested() or type == pl.Duration or type == pl.Object:
        return None
    if type.is_integer():
        return LogicalType.INTEGER
    if type.is_float():
        return LogicalType.FLOAT
    names = {
        "Boolean": LogicalType.BOOLEAN,
        "String": LogicalType.STRING,
        "Categorical": LogicalType.STRING,
        "Enum": LogicalType.STRING,
        "Null": LogicalType.STRING,
        "Date": LogicalType.DATE,
        "Time": LogicalType.TIME,
        "Binary": LogicalType.BINARY,
    }
    return names.get(type.base_type().__name__)
