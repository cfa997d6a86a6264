"""A version's output in figures, column by column: what one delivery is compared with those before it by."""

from collections.abc import Sequence

import polars as pl

from contracts.adaptation import ColumnFigures
from contracts.data import NUMBERS, Column, LogicalType, Schema
from services.transform.conversions import to_text
from services.transform.errors import engine_said
from services.transform.running import Files

SAMPLED_ROWS = 50_000
MAX_COLUMNS = 2_000
_SAMPLED_CELLS = 5_000_000
_COUNTED_ROWS = 100_000  # with no more rows than that, distinct values are counted and not estimated
_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_SHARES = 30
_LEAST_SHARE = 0.002
_MAX_SHOWN = 100
_MICROSECONDS_OF_DAY = 86_400_000_000
_STAMPS = frozenset({LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ})
_NAMED = frozenset({LogicalType.STRING, LogicalType.BOOLEAN, LogicalType.INTEGER})


def column_figures(paths: Sequence[str], schema: Schema, rows: int) -> tuple[ColumnFigures, ...]:
    """The figures of the first columns: nulls are counted, the others come of every so many rows."""
    columns = schema.columns[:MAX_COLUMNS]
    if not columns or not paths:
        return tuple(ColumnFigures(column=column.name, rows=0, nulls=0) for column in columns)
    table = Files(tuple(paths), schema).scan().select(pl.nth(at).alias(f"c{at}") for at in range(len(columns)))
    try:
        counted = table.select(
            *(pl.col(f"c{at}").null_count().alias(f"n{at}") for at in range(len(columns))),
            *(_distinct(pl.col(f"c{at}"), rows).alias(f"d{at}") for at in range(len(columns))),
        )
        stride = max(1, -(-rows // min(SAMPLED_ROWS, max(1_000, _SAMPLED_CELLS // len(columns)))))
        totals, sample = pl.collect_all([counted, table.gather_every(stride)], engine="streaming")
        return tuple(
            _column(column, rows, int(totals[f"n{at}"].item()), int(totals[f"d{at}"].item()), sample[f"c{at}"])
            for at, column in enumerate(columns)
        )
    except pl.exceptions.PolarsError as error:
        raise engine_said(error) from error


def repeated_keys(paths: Sequence[str], schema: Schema, keys: Sequence[str]) -> int:
    """Rows whose key another row has, too."""
    if not paths or not keys or any(schema.column(key) is None for key in keys):
        return 0
    table = (
        Files(tuple(paths), schema)
        .scan()
        .select(pl.nth(schema.names.index(key)).alias(f"k{at}") for at, key in enumerate(keys))
    )
    several = table.group_by(pl.all()).agg(pl.len().alias("n")).filter(pl.col("n") > 1).select(pl.col("n").sum())
    return int(several.collect(engine="streaming").item() or 0)


def _distinct(value: pl.Expr, rows: int) -> pl.Expr:
    return value.drop_nulls().n_unique() if rows <= _COUNTED_ROWS else value.drop_nulls().approx_n_unique()


def _column(column: Column, rows: int, nulls: int, distinct: int, sample: pl.Series) -> ColumnFigures:
    present = sample.drop_nulls()
    measured = _measured(present, column.type)
    usual = {}
    if column.type in _NAMED and len(present):
        counts = present.to_frame("v").group_by("v").len("n").sort(["n", "v"], descending=[True, False]).head(_SHARES)
        shown = counts.select(to_text(pl.col("v"), column.type), pl.col("n"))
        usual = {
            text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…": round(many / len(present), 6)
            for text, many in shown.iter_rows()
            if many / len(present) >= _LEAST_SHARE and many > 1
        }
    return ColumnFigures(
        column=column.name,
        rows=rows,
        nulls=nulls,
        distinct=distinct,
        mean=None if measured is None else _number(measured.mean()),
        quantiles=() if measured is None else _quantiles(measured),
        shares=usual,
    )


def _measured(values: pl.Series, type: LogicalType) -> pl.Series | None:
    """The values as numbers that can be ordered and averaged; none where there is nothing to measure."""
    if type in NUMBERS:
        found = values.cast(pl.Float64())
    elif type is LogicalType.DATE:
        found = values.to_physical().cast(pl.Float64())
    elif type in _STAMPS:
        found = values.to_physical().cast(pl.Float64()) / _MICROSECONDS_OF_DAY
    elif type is LogicalType.TIME:
        found = values.to_physical().cast(pl.Float64()) / (_MICROSECONDS_OF_DAY * 1_000)
    elif type is LogicalType.STRING:
        found = values.str.len_chars().cast(pl.Float64())
    elif type is LogicalType.BOOLEAN:
        found = values.cast(pl.Float64())
    else:
        return None
    found = found.filter(found.is_finite())
    return found if len(found) else None


def _quantiles(values: pl.Series) -> tuple[float, ...]:
    ordered = values.sort()
    last = len(ordered) - 1
    return tuple(float(ordered[round(share * last)]) for share in _QUANTILES)


def _number(value: object) -> float | None:
    return value if isinstance(value, float) and value == value and abs(value) != float("inf") else None
