"""Logical types against Arrow and Polars: there and back, and nothing squeezed."""

import datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from contracts.data import Column, LogicalType, Schema
from services.chassis.arrow import TypeUnsupported, from_arrow, from_polars, to_arrow, to_polars

ALL = Schema(columns=tuple(Column(name=kind.value, type=kind) for kind in LogicalType))
VALUES = {
    "boolean": True,
    "integer": 2**63 - 1,
    "float": -0.5,
    "decimal": Decimal("12345678901234567890123456789.123456789"),
    "string": "Žluťoučký \x00 kůň",
    "date": datetime.date(9999, 12, 31),
    "time": datetime.time(23, 59, 59, 999_999),
    "timestamp": datetime.datetime(1, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - it has none
    "timestamp_tz": datetime.datetime(2026, 3, 29, 1, 30, tzinfo=datetime.UTC),
    "binary": b"\x00\xff",
}


def test_every_logical_type_goes_there_and_back() -> None:
    assert from_arrow(to_arrow(ALL)) == ALL
    assert from_polars(to_polars(ALL)) == ALL


def test_values_survive_arrow_and_polars() -> None:
    table = pa.table({name: [value, None] for name, value in VALUES.items()}, schema=to_arrow(ALL))
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    assert dict(frame.schema) == to_polars(ALL)
    assert frame.to_arrow().cast(to_arrow(ALL)).to_pylist() == table.to_pylist() == [VALUES, dict.fromkeys(VALUES)]


def test_nullability_is_kept() -> None:
    schema = Schema(columns=(Column(name="a", type=LogicalType.STRING, nullable=False),))
    assert from_arrow(to_arrow(schema)) == schema


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        (pa.int8(), LogicalType.INTEGER),
        (pa.uint32(), LogicalType.INTEGER),
        (pa.float32(), LogicalType.FLOAT),
        (pa.decimal128(10, 2), LogicalType.DECIMAL),
        (pa.string(), LogicalType.STRING),
        (pa.string_view(), LogicalType.STRING),
        (pa.dictionary(pa.int32(), pa.string()), LogicalType.STRING),
        (pa.timestamp("ns"), LogicalType.TIMESTAMP),
        (pa.timestamp("s", tz="Europe/Prague"), LogicalType.TIMESTAMP_TZ),
        (pa.time32("s"), LogicalType.TIME),
        (pa.date64(), LogicalType.DATE),
        (pa.binary(16), LogicalType.BINARY),
        (pa.null(), LogicalType.STRING),
    ],
)
def test_what_other_tables_hold(type: pa.DataType, expected: LogicalType) -> None:
    assert from_arrow(pa.schema([("a", type)])).columns[0].type is expected


@pytest.mark.parametrize(
    "type",
    [
        pa.uint64(),
        pa.decimal128(38, 10),
        pa.decimal256(50, 2),
        pa.list_(pa.int64()),
        pa.struct([("a", pa.int64())]),
        pa.duration("us"),
    ],
)
def test_what_cannot_be_held_without_loss_is_refused_by_name(type: pa.DataType) -> None:
    with pytest.raises(TypeUnsupported, match="'a'"):
        from_arrow(pa.schema([("a", type)]))


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        (pl.Int8(), LogicalType.INTEGER),
        (pl.Float32(), LogicalType.FLOAT),
        (pl.Decimal(10, 2), LogicalType.DECIMAL),
        (pl.Categorical(), LogicalType.STRING),
        (pl.Enum(["a"]), LogicalType.STRING),
        (pl.Null(), LogicalType.STRING),
        (pl.Datetime("ns"), LogicalType.TIMESTAMP),
        (pl.Datetime("ms", "Europe/Prague"), LogicalType.TIMESTAMP_TZ),
    ],
)
def test_what_frames_hold(type: pl.DataType, expected: LogicalType) -> None:
    assert from_polars({"a": type}).columns[0].type is expected


@pytest.mark.parametrize(
    "type", [pl.UInt64(), pl.List(pl.Int64()), pl.Struct({"a": pl.Int64()}), pl.Duration("us"), pl.Decimal(38, 10)]
)
def test_frames_that_cannot_be_held_are_refused(type: pl.DataType) -> None:
    with pytest.raises(TypeUnsupported, match="'a'"):
        from_polars({"a": type})
