"""The values of one column and how often each occurs: all of them while they are few, the most frequent beyond that."""

import math
from dataclasses import dataclass

import polars as pl

from contracts.data import LogicalType
from services.transform.profiling.sketch import Sketch

EXACT_VALUES = 1_000_000
_EXACT_BYTES = 64 << 20  # of one column
_ALL_BYTES = 768 << 20  # of all columns
_KEPT = 20_000
NUMBERS = frozenset({LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL})
ORDERED = frozenset(LogicalType) - {LogicalType.BINARY, LogicalType.BOOLEAN}


@dataclass
class Moments:
    """Count, mean and squared deviation of numbers, which can be added up."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, other: "Moments") -> None:
        """Take another set of numbers in (Chan and others, 1979)."""
        if not other.count:
            return
        total = self.count + other.count
        apart = other.mean - self.mean
        self.squares += other.squares + apart * apart * self.count * other.count / total
        self.mean += apart * other.count / total
        self.count = total

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the sample."""
        return math.sqrt(max(0.0, self.squares) / (self.count - 1)) if self.count > 1 else None


@dataclass
class Lengths:
    """Shortest, longest and sum of the lengths of texts."""

    shortest: int
    longest: int
    total: int

    def add(self, other: "Lengths") -> None:
        """Take other texts in."""
        self.shortest = min(self.shortest, other.shortest)
        self.longest = max(self.longest, other.longest)
        self.total += other.total


class Values:
    """Takes the counts of one piece of a column after the other."""

    def __init__(self, type: LogicalType, exact_values: int = EXACT_VALUES, *, columns: int = 1) -> None:
        self.type = type
        self.nulls = 0
        self.present = 0  # values that are not null
        self.exact = True
        self._exact_values = exact_values
        self._exact_bytes = min(_EXACT_BYTES, _ALL_BYTES // columns)
        self._counts: list[pl.DataFrame] = []
        self._waiting = self._bytes = 0
        self._sketch = Sketch()
        self.minimum: pl.Series | None = None
        self.maximum: pl.Series | None = None
        self.moments = Moments()
        self.lengths: Lengths | None = None

    def add(self, counted: pl.DataFrame) -> None:
        """Take the values (`v`) of a piece, each with its count (`n`)."""
        nulls = counted.filter(pl.col("v").is_null())
        gone = int(nulls["n"].sum())
        self.nulls += gone
        known = counted.filter(pl.col("v").is_not_null()) if gone else counted
        self.present += int(known["n"].sum())
        if known.height:
            self._counts.append(known)
            self._waiting += known.height
            self._bytes += int(known.estimated_size())
        if not self.exact:
            self._estimate(known)
        if self._waiting > self._exact_values + _KEPT or self._bytes > 2 * self._exact_bytes:
            self._merge()
            self._judge()

    def finish(self) -> None:
        """All pieces were taken: bring the figures to their end."""
        self._merge()
        self._judge()
        if self.exact:
            self._extremes(self.counts)
            self.moments.add(_moments(self.counts, self.type))
            self._measure(self.counts)

    @property
    def counts(self) -> pl.DataFrame:
        """Values and counts: all, or of the most frequent about the counts they have."""
        return self._counts[0] if self._counts else pl.DataFrame(schema={"v": pl.Null, "n": pl.UInt32})

    @property
    def distinct(self) -> int:
        """How many different values there are; an estimate unless `exact`."""
        return self.counts.height if self.exact else min(self.present, self._sketch.estimate())

    def _merge(self) -> None:
        if len(self._counts) > 1:
            merged = pl.concat(self._counts).lazy().group_by("v").agg(pl.col("n").sum()).collect()
            self._counts = [merged]
        self._waiting, self._bytes = self.counts.height, int(self.counts.estimated_size())

    def _judge(self) -> None:
        """Change over to estimates when there are too many values to keep; from then on keep the most frequent."""
        counts = self.counts
        too_many = counts.height > self._exact_values or self._bytes > self._exact_bytes
        if self.exact and too_many:
            self.exact = False
            self._estimate(counts)
        if not self.exact and counts.height > _KEPT:
            kept = counts.top_k(_KEPT, by=["n", "v"], reverse=[False, True])
            self._counts, self._waiting, self._bytes = [kept], _KEPT, int(kept.estimated_size())

    def _estimate(self, counts: pl.DataFrame) -> None:
        if counts.height:
            self._sketch.add(counts["v"].hash(0))
            self._extremes(counts)
            self.moments.add(_moments(counts, self.type))
            self._measure(counts)

    def _extremes(self, counts: pl.DataFrame) -> None:
        if self.type not in ORDERED:
            return
        values = counts["v"]
        if self.type is LogicalType.FLOAT:
            values = values.filter(values.is_not_nan())
        found = pl.DataFrame({"v": values}).select(pl.col("v").min().alias("low"), pl.col("v").max().alias("high"))
        low, high = found["low"], found["high"]
        if low.null_count():
            return
        self.minimum = low if self.minimum is None else pl.concat([self.minimum, low]).sort().head(1)
        self.maximum = high if self.maximum is None else pl.concat([self.maximum, high]).sort().tail(1)

    def _measure(self, counts: pl.DataFrame) -> None:
        if self.type is not LogicalType.STRING or not counts.height:
            return
        letters = pl.col("v").str.len_chars()
        shortest, longest, total = counts.select(
            letters.min().alias("low"), letters.max().alias("high"), (letters.cast(pl.Int64) * pl.col("n")).sum()
        ).row(0)
        found = Lengths(shortest, longest, total)
        if self.lengths is None:
            self.lengths = found
        else:
            self.lengths.add(found)


def _moments(counts: pl.DataFrame, type: LogicalType) -> Moments:
    if type not in NUMBERS or not counts.height:
        return Moments()
    value, many = pl.col("v").cast(pl.Float64), pl.col("n").cast(pl.Float64)
    numbers = counts.lazy().select(v=value, n=many)
    count, mean = (
        numbers.select(pl.col("n").sum(), ((pl.col("v") * pl.col("n")).sum() / pl.col("n").sum()).alias("mean"))
        .collect()
        .row(0)
    )
    squares = numbers.select(((pl.col("v") - mean) ** 2 * pl.col("n")).sum()).collect().item()
    return Moments(int(count), mean, squares)
