"""How the values of a column are spread: quantiles and a histogram, from values and their counts."""

import math
from itertools import pairwise

import polars as pl

from contracts.data import NUMBERS, LogicalType
from contracts.profile import Histogram
from services.transform.conversions import to_text
from services.transform.profiling.together import Asking

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BINS = 20
SPREAD = NUMBERS | {LogicalType.DATE, LogicalType.TIME, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ}


def quantiles(counts: pl.LazyFrame, type: LogicalType) -> pl.LazyFrame:
    """For each share the smallest value that so many values do not exceed: always one that occurs.

    Asked of values in their order.
    """
    upto = pl.col("n").cast(pl.Int64).cum_sum()
    wanted = (pl.lit(pl.Series(QUANTILES)) * pl.col("n").cast(pl.Int64).sum() - 1e-9).ceil().clip(1).cast(pl.Int64)
    return _finite(counts, type).select(
        pl.col("v").gather(upto.search_sorted(wanted, side="left"), null_on_oob=True).drop_nulls()
    )


def histogram(counts: pl.LazyFrame, type: LogicalType) -> Asking[Histogram | None]:
    """Ranges of equal width from the least value to the greatest; of whole numbers and moments, whole ones.

    Asked of values in their order.
    """
    fractions = type is LogicalType.FLOAT or type is LogicalType.DECIMAL
    value = pl.col("v").cast(pl.Float64) if fractions else pl.col("v").to_physical().cast(pl.Int64)
    known = _finite(counts, type).select(v=value, n=pl.col("n").cast(pl.Int64))
    (ends,) = yield [
        known.select(pl.col("v").first().alias("low"), pl.col("v").last().alias("high"), pl.col("n").sum())
    ]
    low, high, total = ends.row(0)
    if low is None:
        return None
    return (yield from (_of_fractions if fractions else _of_wholes)(known, low, high, total, counts, type))


def _of_wholes(
    known: pl.LazyFrame, low: int, high: int, total: int, counts: pl.LazyFrame, type: LogicalType
) -> Asking[Histogram | None]:
    width = -(-(high - low + 1) // BINS)
    edges = [low + at * width for at in range(-(-(high - low + 1) // width) + 1)]
    # How many values lie below each of the edges between.
    below = pl.col("n").cum_sum().gather(pl.col("v").search_sorted(pl.lit(pl.Series(edges[1:-1], dtype=pl.Int64))) - 1)
    dtype = counts.collect_schema()["v"]
    texts, found = yield [
        _texts([min(edge, (1 << 63) - 1) for edge in edges], dtype, type),
        known.select(below.alias("below")),
    ]
    upto = [0, *found["below"].to_list(), total]
    return Histogram(
        edges=tuple(map(str, texts.to_series())), counts=tuple(after - before for before, after in pairwise(upto))
    )


def _of_fractions(
    known: pl.LazyFrame, low: float, high: float, total: int, counts: pl.LazyFrame, type: LogicalType
) -> Asking[Histogram | None]:
    width = (high - low) / BINS
    if not math.isfinite(width):
        return None
    if width == 0:
        return Histogram(edges=(repr(low), repr(high)), counts=(total,))
    place = ((pl.col("v") - low) / width).floor().clip(0, BINS - 1).cast(pl.Int64)
    (found,) = yield [known.group_by(place.alias("bin")).agg(pl.col("n").sum())]
    bins = [0] * BINS
    for at, many in found.iter_rows():
        bins[int(at)] = int(many)
    edges = (*(low + at * width for at in range(BINS)), high)
    return Histogram(edges=tuple(repr(edge) for edge in edges), counts=tuple(bins))


def _finite(counts: pl.LazyFrame, type: LogicalType) -> pl.LazyFrame:
    return counts.filter(pl.col("v").is_finite()) if type is LogicalType.FLOAT else counts


def _texts(edges: list[int], dtype: pl.DataType, type: LogicalType) -> pl.LazyFrame:
    values = pl.Series("v", edges, dtype=pl.Int64)
    if type is LogicalType.TIME:
        # The last edge may be midnight of the next day, for which there is no time.
        values = values.clip(0, 86_400_000_000_000 - 1)
    moments = values.cast(pl.Int32).cast(dtype) if type is LogicalType.DATE else values.cast(dtype)
    return moments.to_frame("v").lazy().select(to_text(pl.col("v"), type))
