"""Figures of groups of rows, the same however the rows are shared among threads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from contracts.data import NUMBERS, LogicalType
from services.transform.steps.exact import as_float, narrowed, quantile_of, scales, special_sum, unit_of, whole_sums
from services.transform.steps.kind import Site
from services.transform.table import Table

_HALF_OF_DIGITS = pl.lit(10**18, dtype=pl.Int128())
_FEW = 2**26  # rows, whose floats add up with an error below 2**62, however large they are and in whatever order
_ORDERED = frozenset(LogicalType) - {LogicalType.BINARY}
_ANY = frozenset(LogicalType)
_SUMMED = NUMBERS | {LogicalType.BOOLEAN}
TAKES: dict[str, frozenset[LogicalType]] = {
    "count": _ANY,
    "count_distinct": _ANY,
    "sum": _SUMMED,
    "mean": _SUMMED,
    "median": NUMBERS,
    "quantile": NUMBERS,
    "std": NUMBERS,
    "var": NUMBERS,
    "min": _ORDERED,
    "max": _ORDERED,
    "first": _ANY,
    "last": _ANY,
}
DOING = {
    "sum": "be summed up",
    "mean": "be averaged",
    "median": "have a median",
    "quantile": "have a quantile",
    "std": "have a standard deviation",
    "var": "have a variance",
    "min": "have a smallest value",
    "max": "have a largest value",
}


def result_type(function: str, type: LogicalType) -> LogicalType:
    """The type of a figure."""
    if function in ("count", "count_distinct"):
        return LogicalType.INTEGER
    if function == "sum":
        return LogicalType.INTEGER if type is LogicalType.BOOLEAN else type
    return type if function in ("min", "max", "first", "last") else LogicalType.FLOAT


@dataclass(frozen=True)
class Figure:
    """One figure: of which column (none: of the rows), for which rows."""

    function: str
    column: str | None
    q: float | None = None
    only: pl.Expr | None = None  # the rows that count; all, if left out


@dataclass
class Measuring:
    """What is asked of each group, and what is made of the answers."""

    table: Table
    site: Site
    number: str  # the inner column with the row's number
    asked: list[pl.Expr] = field(default_factory=list)
    made: list[pl.Expr] = field(default_factory=list)

    def add(self, figures: Sequence[tuple[str, Figure]], pointers: Sequence[str]) -> None:
        """Figures, each under an inner name, and where in the step each stands."""
        summed = [one.column for _, one in figures if one.column and one.function in ("sum", "mean", "max")]
        inner = [self.table.inner[name] for name in dict.fromkeys(summed) if self._type(name) is LogicalType.FLOAT]
        self._scales = scales(self.table.lazy, inner, self.site)
        for (name, figure), pointer in zip(figures, pointers, strict=True):
            self.made.append(self._figure(figure, pointer).alias(name))

    def _type(self, name: str) -> LogicalType:
        column = self.table.schema.column(name)
        if column is None:
            raise KeyError(name)
        return column.type

    def _ask(self, value: pl.Expr) -> pl.Expr:
        name = self.table.fresh()
        self.asked.append(value.alias(name))
        return pl.col(name)

    def _figure(self, figure: Figure, pointer: str) -> pl.Expr:
        only = figure.only
        if figure.column is None:
            counted = pl.len() if only is None else only.fill_null(False).sum()
            return self._ask(counted).cast(pl.Int64)
        type, inner = self._type(figure.column), self.table.inner[figure.column]
        value = pl.col(inner) if only is None else pl.when(only).then(pl.col(inner))
        function = figure.function
        if function == "count":
            return self._ask(value.count()).cast(pl.Int64)
        if function == "count_distinct":
            nulls = self._ask(value.null_count())
            return self._ask(value.n_unique()).cast(pl.Int64) - (nulls > 0).cast(pl.Int64)
        if function in ("sum", "mean"):
            return self._sum(function, value, type, inner, pointer)
        if function in ("first", "last"):
            there = pl.when(value.is_not_null()).then(pl.col(self.number))
            return self._ask(value.min_by(there) if function == "first" else value.max_by(there))
        if function == "max" and type is LogicalType.FLOAT and self._scales[inner].special:
            nan = self._ask(value.is_nan().any())
            return pl.when(nan).then(float("nan")).otherwise(self._ask(value.max()))
        if function in ("min", "max"):
            return self._ask(value.min() if function == "min" else value.max())
        value = value.cast(pl.Float64)
        if function == "median":
            return self._ask(quantile_of(value, 0.5))
        if function == "quantile":
            return self._ask(quantile_of(value, figure.q or 0.0))
        unit = unit_of(value)
        size, listed = self._ask(unit), self._ask((value / unit).drop_nulls().implode()).list.sort()
        return listed.list.std(ddof=1) * size if function == "std" else listed.list.var(ddof=1) * size * size

    def _whole(self, value: pl.Expr, count: pl.Expr) -> pl.Expr:
        """The sum of integers, in 128 bits.

        Of not too many rows it is made of the sum in 64 bits, which wraps around, and of the sum in floats, which is
        known to less than half of such a turn: that is much faster than adding numbers of twice the size.
        """
        if self.site.most_rows is None or self.site.most_rows >= _FEW:
            return self._ask(value.cast(pl.Int128).sum())
        value = value.cast(pl.Int64)
        rest, about = self._ask(value.sum()), self._ask(value.mean()) * count
        turns = ((about - rest.cast(pl.Float64)) / 2.0**64).round()
        return rest.cast(pl.Int128) + turns.cast(pl.Int128) * pl.lit(2**64, dtype=pl.Int128())

    def _units(self, value: pl.Expr) -> pl.Expr:
        """The sum of decimals in units of their ninth digit, as a float: it may be more than a decimal holds."""
        units = value.to_physical()
        high = units // _HALF_OF_DIGITS
        more, rest = self._ask(high.sum()), self._ask((units - high * _HALF_OF_DIGITS).sum())
        exact = (more * _HALF_OF_DIGITS + rest).cast(pl.Float64)
        beyond = more.cast(pl.Float64) * 1e18 + rest.cast(pl.Float64)
        return pl.when(more.abs() < 10**19).then(exact).otherwise(beyond)

    def _sum(self, function: str, value: pl.Expr, type: LogicalType, inner: str, pointer: str) -> pl.Expr:
        count = self._ask(value.count())
        there = pl.when(count > 0).then(count)
        if type is LogicalType.FLOAT:
            scale = self._scales[inner]
            totals = [self._ask(one) for one in whole_sums(value, scale)]
            found = as_float(totals, scale, there if function == "mean" else None)
            if scale.special:
                found = pl.coalesce(self._ask(special_sum(value)), found)
        elif type is LogicalType.DECIMAL and function == "mean":
            # Not by 1e9 alone: the engine divides many rows by one number in another way than one row.
            found = self._units(value) / (there * 1e9)
        elif type is LogicalType.DECIMAL:
            found = self._ask(value.sum())
        else:
            total = self._whole(value, count)
            if function == "mean":
                found = total.cast(pl.Float64) / there
            else:
                found = narrowed(total, "The sum", self.site.pointer + pointer, self.site.witness)
        return pl.when(count > 0).then(found)
