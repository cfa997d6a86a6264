"""Describes a table column by column. Each column is read by itself, so one column at a time is in memory."""

from typing import Any

import polars as pl

from contracts.data import Column, LogicalType
from contracts.profile import ColumnProfile, Profile
from services.transform.conversions import to_text
from services.transform.dtypes import frame_schema
from services.transform.errors import DatasetUnreadable
from services.transform.jobs import Profiled, ProfileJob

EXACT_ROWS = 1_000_000  # beyond, distinct values are estimated, and the most frequent are those of the first rows
TOP = 5
MAX_SHOWN = 200
_ORDERED = frozenset(LogicalType) - {LogicalType.BINARY, LogicalType.BOOLEAN}
_NUMBERS = frozenset({LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL})


def profile(job: ProfileJob) -> Profiled:
    """The figures of the table; raises DatasetUnreadable."""
    if not job.inputs:
        return Profiled(profile=Profile(rows=0, columns=tuple(_empty(column) for column in job.table_schema.columns)))
    try:
        lazy = pl.scan_parquet(list(job.inputs), glob=False, hive_partitioning=False, cache=False)
        found = lazy.collect_schema()
        rows = int(_one(lazy.select(pl.len())))
    except (pl.exceptions.PolarsError, OSError):
        raise DatasetUnreadable("The dataset's files cannot be read.") from None
    if list(found.items()) != list(frame_schema(job.table_schema).items()):
        raise DatasetUnreadable("The dataset's files do not hold the columns that its schema names.")
    figures = [
        _column(lazy.select(pl.nth(at).alias("c")), column, rows) if rows else _empty(column)
        for at, column in enumerate(job.table_schema.columns)
    ]
    return Profiled(profile=Profile(rows=rows, columns=tuple(figures)))


def _column(lazy: pl.LazyFrame, column: Column, rows: int) -> ColumnProfile:
    value = pl.col("c")
    wanted = [
        value.null_count().alias("nulls"),
        (value.drop_nulls().n_unique() if rows <= EXACT_ROWS else value.approx_n_unique()).alias("distinct"),
    ]
    if column.type in _ORDERED:
        known = value.filter(value.is_not_nan()) if column.type is LogicalType.FLOAT else value
        wanted += [known.min().alias("minimum"), known.max().alias("maximum")]
    if column.type in _NUMBERS:
        wanted.append(value.cast(pl.Float64).mean().alias("mean"))
    figures = lazy.select(wanted).collect(engine="streaming")
    extremes = figures.select(
        (to_text(pl.col(name), column.type) if name in figures.columns else pl.lit(None)).alias(name)
        for name in ("minimum", "maximum")
    ).row(0)
    nulls = int(figures["nulls"][0])
    mean = float(figures["mean"][0]) if "mean" in figures.columns and figures["mean"][0] is not None else None
    # An estimate may count the null, and it is no value.
    distinct = min(int(figures["distinct"][0]), rows - nulls)
    return ColumnProfile(
        name=column.name,
        type=column.type.value,
        nulls=nulls,
        distinct=distinct,
        minimum=_shown(extremes[0]),
        maximum=_shown(extremes[1]),
        mean=mean,
        top=() if column.type is LogicalType.BINARY else _top(lazy, column),
    )


def _top(lazy: pl.LazyFrame, column: Column) -> tuple[tuple[str, int], ...]:
    counted = (
        lazy.head(EXACT_ROWS)
        .drop_nulls()
        .group_by("c")
        .agg(pl.len().alias("n"))
        # Equal counts are ordered by value, so that the same rows give the same figures.
        .sort(["n", "c"], descending=[True, False])
        .head(TOP)
        .select(to_text(pl.col("c"), column.type), "n")
        .collect(engine="streaming")
    )
    return tuple((_shown(value) or "", int(count)) for value, count in counted.iter_rows())


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _empty(column: Column) -> ColumnProfile:
    return ColumnProfile(name=column.name, type=column.type.value, nulls=0, distinct=0)


def _one(lazy: pl.LazyFrame) -> Any:
    return lazy.collect(engine="streaming").item()
