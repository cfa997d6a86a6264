"""Sums that do not depend on the order of the rows: how the engine shares work among threads must not show.

Floats are added as whole numbers of 128 bits, scaled by a power of two that fits the largest of them: that is exact to
93 bits, in whatever order. Which power it is must be known before, so the plan is asked for the largest value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

import polars as pl

from contracts.data import LogicalType
from services.transform.dtypes import DECIMAL
from services.transform.expressions.refusal import Witness
from services.transform.steps.kind import Site
from services.transform.table import Table

_BITS, _ROWS = 126, 33  # of the sum, and of the number of rows
_SQUARED = 1e150
_UNITS = 10**38  # of the ninth digit, which a decimal stays below
_MOST = 1_000  # 2.0 ** 1000 is still a number


@dataclass(frozen=True)
class Scale:
    """The power of two that makes a column's values whole numbers, and whether it holds NaN or infinities."""

    power: int = 0
    special: bool = False


def scales(lazy: pl.LazyFrame, floats: Sequence[str], site: Site) -> Mapping[str, Scale]:
    """The scales of float columns, by the engine's names."""
    if not floats:
        return {}
    asked = []
    for at, name in enumerate(floats):
        value = pl.col(name)
        asked.append(pl.when(value.is_finite()).then(value.abs()).max().alias(f"m{at}"))
        asked.append((~value.is_finite()).any().alias(f"s{at}"))
    with site.witness.heard():
        row = site.run.probe(lazy.select(asked)).row(0, named=True)
    found = {}
    for at, name in enumerate(floats):
        _, exponent = math.frexp(row[f"m{at}"] or 1.0)
        found[name] = Scale(min(_BITS - _ROWS - exponent, _MOST), bool(row[f"s{at}"]))
    return found


def whole_sum(value: pl.Expr, scale: Scale) -> pl.Expr:
    """The sum of the finite values, as a whole number."""
    if scale.special:
        value = pl.when(value.is_finite()).then(value)
    return (value * 2.0**scale.power).cast(pl.Int128).sum()


def special_sum(value: pl.Expr) -> pl.Expr:
    """What NaN and infinities add up to: null where there are none."""
    nan, plus, minus = value.is_nan().any(), (value == math.inf).any(), (value == -math.inf).any()
    return pl.when(nan | (plus & minus)).then(math.nan).when(plus).then(math.inf).when(minus).then(-math.inf)


def as_float(total: pl.Expr, scale: Scale, count: pl.Expr | None = None) -> pl.Expr:
    """A whole sum as a float again, or the mean."""
    value = total.cast(pl.Float64)
    if count is not None:
        value = value / count
    half = scale.power // 2
    return value * 2.0**-half * 2.0 ** -(scale.power - half)


def float_sum(value: pl.Expr, scale: Scale) -> pl.Expr:
    """The sum of floats as one expression."""
    found = as_float(whole_sum(value, scale), scale)
    return pl.coalesce(special_sum(value), found) if scale.special else found


def float_mean(value: pl.Expr, scale: Scale) -> pl.Expr:
    """The mean of floats as one expression; null where there are none."""
    count = pl.when(value.count() > 0).then(value.count())
    found = as_float(whole_sum(value, scale), scale, count)
    return pl.coalesce(special_sum(value), found) if scale.special else found


def unit_of(value: pl.Expr) -> pl.Expr:
    """What floats are measured in before they are squared: one, or the largest where its square would be no float."""
    most = value.abs().max()
    return pl.when(most > _SQUARED).then(most).otherwise(1.0)


def narrowed(value: pl.Expr, what: str, pointer: str, witness: Witness) -> pl.Expr:
    """A whole number of 128 bits as one of 64; refused where it does not fit."""

    def run(wide: pl.Series) -> pl.Series:
        narrow = wide.cast(pl.Int64, strict=False)
        if narrow.null_count() > wide.null_count():
            first = wide.filter(narrow.is_null() & wide.is_not_null())[0]
            witness.refuse(f"{what} {first} is too large for an integer of 64 bits.", pointer)
        return narrow

    return value.map_batches(run, return_dtype=pl.Int64(), is_elementwise=True)


def fitting_units(units: pl.Expr, what: str, pointer: str, witness: Witness) -> pl.Expr:
    """Units of the ninth digit, as they are; refused where they are too many for a decimal."""

    def run(wide: pl.Series) -> pl.Series:
        beyond = wide.filter((wide >= _UNITS) | (wide <= -_UNITS))
        if len(beyond):
            shown = Decimal(beyond[0]).scaleb(-9, Context(prec=50))
            witness.refuse(f"{what} {shown:f} is too large for a decimal of 29 digits before the point.", pointer)
        return wide

    return units.map_batches(run, return_dtype=pl.Int128(), is_elementwise=True)


def floats_of(table: Table, names: Sequence[str]) -> list[str]:
    """The engine's names of those columns that are floats."""
    found = [column for name in dict.fromkeys(names) if (column := table.schema.column(name)) is not None]
    return [table.inner[column.name] for column in found if column.type is LogicalType.FLOAT]


def from_units(units: pl.Expr) -> pl.Expr:
    """The decimal of so many units of the ninth digit, as `to_physical` gives them."""
    size = pl.lit(10**9, dtype=pl.Int128())
    # Toward zero: the whole part of the smallest decimal would else be one that no decimal holds.
    whole = (units + pl.when(units < 0).then(size - 1).otherwise(0)) // size
    rest = units - whole * size
    return whole.cast(DECIMAL) + (rest.cast(DECIMAL) / pl.lit(Decimal(10**9), dtype=DECIMAL)).cast(DECIMAL)
