"""How many different values there are, from a few thousand bytes: HyperLogLog, after Flajolet and others, 2007."""

import math

import polars as pl

_BITS = 14
_REGISTERS = 1 << _BITS
_REST = 64 - _BITS


class Sketch:
    """Takes hashes of values, piece by piece; the estimate is within 1 % most of the time."""

    def __init__(self) -> None:
        self._registers = pl.DataFrame(schema={"at": pl.UInt64, "rank": pl.UInt8})

    def add(self, hashes: pl.Series) -> None:
        """Take the hashes of some values; the same value again changes nothing."""
        value = pl.col("h")
        ranked = (
            pl.DataFrame({"h": hashes})
            .lazy()
            .select(
                at=value % _REGISTERS,
                # The place of the first one among the bits that are left.
                rank=((value // _REGISTERS).bitwise_leading_zeros() - _BITS + 1).cast(pl.UInt8),
            )
            .group_by("at")
            .agg(pl.col("rank").max())
        )
        both = pl.concat([self._registers.lazy(), ranked])
        self._registers = both.group_by("at").agg(pl.col("rank").max()).collect()

    def estimate(self) -> int:
        """How many different values were taken, about."""
        ranks = self._registers["rank"]
        empty = _REGISTERS - len(ranks)
        total = empty + float((2.0 ** -ranks.cast(pl.Float64)).sum())
        alpha = 0.7213 / (1 + 1.079 / _REGISTERS)
        raw = alpha * _REGISTERS * _REGISTERS / total
        if raw <= 2.5 * _REGISTERS and empty:
            return round(_REGISTERS * math.log(_REGISTERS / empty))
        return round(raw)
