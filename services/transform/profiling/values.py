"""The values of one column and how often each occurs: all of them while they are few, the most frequent beyond that."""

import math
from dataclasses import dataclass

import polars as pl

from contracts.data import NUMBERS, LogicalType
from services.transform.profiling.sketch import Sketch
from services.transform.profiling.together import Asking, together

EXACT_VALUES = 1_000_000
_EXACT_BYTES = 64 << 20  # of one column
_ALL_BYTES = 768 << 20  # of all columns
_KEPT = 20_000
_SHARE = 250_000  # values whose counts are added up at once
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
        known = counted
        if counted["v"].null_count():
            known = counted.filter(pl.col("v").is_not_null())
            self.nulls += int(counted["n"].sum()) - int(known["n"].sum())
        self.present += int(known["n"].sum())
        if known.height:
            self._counts.append(known)
            self._waiting += known.height
            self._bytes += int(known.estimated_size())
        if not self.exact:
            self._estimate(known)
        most = self._exact_values if self.exact else min(self._exact_values, _SHARE)
        if self._waiting > most + _KEPT or self._bytes > 2 * self._exact_bytes:
            together([self._merge()])

    def finish(self) -> Asking[None]:
        """All pieces were taken: bring the figures to their end."""
        yield from self._merge()
        if self.exact and self.counts.height:
            (said,) = yield [self.counts.lazy().select(self._figures())]
            self._hear(said)

    @property
    def counts(self) -> pl.DataFrame:
        """Values and counts: all, or of the most frequent about the counts they have."""
        return self._counts[0] if self._counts else pl.DataFrame(schema={"v": pl.Null, "n": pl.UInt32})

    @property
    def distinct(self) -> int:
        """How many different values there are; an estimate unless `exact`."""
        return self.counts.height if self.exact else min(self.present, self._sketch.estimate())

    def _merge(self) -> Asking[None]:
        """One count for each value, in the order of the values; of too many, the most frequent."""
        shares = yield from self._shares()
        size = sum(int(share.estimated_size()) for share in shares)
        if self.exact and (sum(share.height for share in shares) > self._exact_values or size > self._exact_bytes):
            self.exact = False
            for share in shares:
                self._estimate(share)
        if not self.exact:
            # First of each share: to put all values in an order takes more than they do.
            shares = [_frequent(pl.concat([_frequent(share) for share in shares]))] if shares else []
        self._counts = yield [pl.concat(shares).lazy().sort("v")] if shares else []
        self._waiting, self._bytes = self.counts.height, int(self.counts.estimated_size())

    def _shares(self) -> Asking[list[pl.DataFrame]]:
        """One count for each value, by shares of the values: what adding up takes grows with their number."""
        waiting, self._counts = self._counts, []
        if len(waiting) < 2:
            return waiting
        together = pl.concat(waiting).lazy()
        parts = 1 + self._waiting // _SHARE
        found = []
        for at in range(parts):
            share = together.filter(pl.col("v").hash(0) % parts == at) if parts > 1 else together
            found += yield [share.group_by("v").agg(pl.col("n").sum())]
        return found

    def _estimate(self, counts: pl.DataFrame) -> None:
        if counts.height:
            self._sketch.add(counts["v"].hash(0))
            self._hear(counts.select(self._figures()))

    def _figures(self) -> list[pl.Expr]:
        """What is asked of values and their counts."""
        value, many = pl.col("v"), pl.col("n")
        asked = [many.cast(pl.Int64).sum().alias("many")]
        if self.type in ORDERED:
            ends = value.filter(value.is_not_nan()) if self.type is LogicalType.FLOAT else value
            asked += [ends.min().alias("low"), ends.max().alias("high")]
        if self.type in NUMBERS:
            number, times = value.cast(pl.Float64), many.cast(pl.Float64)
            mean = (number * times).sum() / times.sum()
            asked += [mean.alias("mean"), ((number - mean) ** 2 * times).sum().alias("squares")]
        if self.type is LogicalType.STRING:
            letters = value.str.len_chars()
            asked += [letters.min().alias("shortest"), letters.max().alias("longest")]
            asked.append((letters.cast(pl.Int64) * many).sum().alias("letters"))
        return asked

    def _hear(self, said: pl.DataFrame) -> None:
        """Take in what was answered."""
        if self.type in ORDERED and not said["low"].null_count():
            low, high = said["low"], said["high"]
            self.minimum = low if self.minimum is None else pl.concat([self.minimum, low]).sort().head(1)
            self.maximum = high if self.maximum is None else pl.concat([self.maximum, high]).sort().tail(1)
        if self.type in NUMBERS:
            self.moments.add(Moments(int(said["many"][0]), said["mean"][0], said["squares"][0]))
        if self.type is LogicalType.STRING:
            found = Lengths(said["shortest"][0], said["longest"][0], said["letters"][0])
            if self.lengths is None:
                self.lengths = found
            else:
                self.lengths.add(found)


def _frequent(counts: pl.DataFrame) -> pl.DataFrame:
    """The most frequent values, where there are more than are kept."""
    return counts if counts.height <= _KEPT else counts.top_k(_KEPT, by=["n", "v"], reverse=[False, True])
