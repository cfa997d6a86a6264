"""How the values of a column are spread: quantiles and a histogram, from values and their counts."""

import math
from typing import Any

import polars as pl

from contracts.data import LogicalType
from contracts.profile import Histogram
from services.transform.conversions import to_text
from services.transform.profiling.values import NUMBERS

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BINS = 20
SPREAD = NUMBERS | {LogicalType.DATE, LogicalType.TIME, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ}


def quantiles(counts: pl.DataFrame, type: LogicalType) -> tuple[tuple[float, str], ...]:
    """For each share the smallest value that so many values do not exceed: always one that occurs."""
    known = _finite(counts, type).sort("v")
    if not known.height:
        return ()
    upto = known["n"].cast(pl.Int64).cum_sum()
    total = int(upto[-1])
    wanted = [max(1, math.ceil(share * total - 1e-9)) for share in QUANTILES]
    places = upto.search_sorted(pl.Series(wanted, dtype=pl.Int64), side="left")
    texts = known["v"].gather(places).to_frame("v").select(to_text(pl.col("v"), type)).to_series()
    return tuple((share, str(text)) for share, text in zip(QUANTILES, texts, strict=True))


def histogram(counts: pl.DataFrame, type: LogicalType) -> Histogram | None:
    """Ranges of equal width from the least value to the greatest; of whole numbers and moments, whole ones."""
    known = _finite(counts, type)
    if not known.height:
        return None
    if type is LogicalType.FLOAT or type is LogicalType.DECIMAL:
        return _of_fractions(known.select(v=pl.col("v").cast(pl.Float64), n="n"))
    whole = known.select(v=pl.col("v").to_physical().cast(pl.Int64), n="n")
    low, high = _ends(whole)
    width = -(-(high - low + 1) // BINS)
    bins = -(-(high - low + 1) // width)
    edges = [low + at * width for at in range(bins + 1)]
    # From the least integer to the greatest is further than 64 bits reach.
    wide = pl.col("v") if high - low < 1 << 63 else pl.col("v").cast(pl.Int128)
    texts = _texts([min(edge, (1 << 63) - 1) for edge in edges], counts["v"].dtype, type)
    return Histogram(edges=texts, counts=_filled(whole, (wide - low) // width, bins))


def _of_fractions(known: pl.DataFrame) -> Histogram | None:
    low, high = _ends(known)
    width = (high - low) / BINS
    if not math.isfinite(width):
        return None
    if width == 0:
        return Histogram(edges=(repr(low), repr(high)), counts=(int(known["n"].sum()),))
    place = ((pl.col("v") - low) / width).floor().clip(0, BINS - 1).cast(pl.Int64)
    edges = (*(low + at * width for at in range(BINS)), high)
    return Histogram(edges=tuple(repr(edge) for edge in edges), counts=_filled(known, place, BINS))


def _filled(known: pl.DataFrame, place: pl.Expr, bins: int) -> tuple[int, ...]:
    found = known.lazy().group_by(place.alias("bin")).agg(pl.col("n").cast(pl.Int64).sum()).collect()
    counts = [0] * bins
    for at, many in found.iter_rows():
        counts[int(at)] = int(many)
    return tuple(counts)


def _finite(counts: pl.DataFrame, type: LogicalType) -> pl.DataFrame:
    return counts.filter(pl.col("v").is_finite()) if type is LogicalType.FLOAT else counts


def _ends(known: pl.DataFrame) -> tuple[Any, Any]:
    low, high = known.select(pl.col("v").min().alias("low"), pl.col("v").max().alias("high")).row(0)
    return low, high


def _texts(edges: list[int], dtype: Any, type: LogicalType) -> tuple[str, ...]:
    values = pl.Series("v", edges, dtype=pl.Int64)
    if type is LogicalType.TIME:
        # The last edge may be midnight of the next day, for which there is no time.
        values = values.clip(0, 86_400_000_000_000 - 1)
    moments = values.cast(pl.Int32).cast(dtype) if type is LogicalType.DATE else values.cast(dtype)
    return tuple(str(text) for text in moments.to_frame("v").select(to_text(pl.col("v"), type)).to_series())
