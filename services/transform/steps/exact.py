"""Sums that do not depend on the order of the rows: how the engine shares work among threads must not show.

Floats are added as whole numbers of 128 bits, scaled by a power of two that fits the largest of them: that is exact to
93 bits, in whatever order. What is smaller than these bits is added apart, in as many further numbers as the smallest
value asks for: no group loses its sum because another one has larger values. The plan is asked for both values before.
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

_WIDTH = 126 - 33  # bits of a value, when there are as many rows as 33 bits can count
_FLOAT = 53  # bits of a float
_FAR_APART = 1e307
# Numbers so large, or so small, that their squares are no floats.
_LARGE, _STEP = 1e150, 2.0**600
_UNITS = 10**38  # of the ninth digit, which a decimal stays below
_MOST = 1_000  # 2.0 ** 1000 is still a number


@dataclass(frozen=True)
class Scale:
    """How a column's floats become whole numbers."""

    power: int = 0  # of two, by which they are multiplied
    special: bool = False  # whether there are NaN or infinities among them
    limbs: int = 1  # whole numbers that it takes


def scales(lazy: pl.LazyFrame, floats: Sequence[str], site: Site) -> Mapping[str, Scale]:
    """The scales of float columns, by the engine's names."""
    if not floats:
        return {}
    asked = []
    for at, name in enumerate(floats):
        value = pl.col(name)
        asked.append(pl.when(value.is_finite()).then(value.abs()).max().alias(f"m{at}"))
        asked.append(pl.when(value.is_finite() & (value != 0)).then(value.abs()).min().alias(f"l{at}"))
        asked.append((~value.is_finite()).any().alias(f"s{at}"))
    with site.witness.heard():
        row = site.run.probe(lazy.select(asked)).row(0, named=True)
    found = {}
    for at, name in enumerate(floats):
        _, exponent = math.frexp(row[f"m{at}"] or 1.0)
        _, least = math.frexp(row[f"l{at}"] or 1.0)
        power = min(_WIDTH - exponent, _MOST)
        more = max(0, -(-(_FLOAT - least - power) // _WIDTH)) if row[f"l{at}"] else 0
        found[name] = Scale(power, bool(row[f"s{at}"]), 1 + more)
    return found


def whole_sums(value: pl.Expr, scale: Scale) -> list[pl.Expr]:
    """The sum of the finite values, as whole numbers: each of what the one before it cuts off."""
    if scale.special:
        value = pl.when(value.is_finite()).then(value)
    sums = [_times(value, scale.power).cast(pl.Int128).sum()]
    for limb in range(1, scale.limbs):
        power = scale.power + limb * _WIDTH
        scaled = _times(value, power - _WIDTH)
        # What the numbers before this one cut off. A float that is larger has no digits there.
        whole = pl.when(scaled.abs() < 2.0**_FLOAT).then(scaled).cast(pl.Int64).cast(pl.Float64)
        sums.append(_times(value - _times(whole, _WIDTH - power), power).cast(pl.Int128).sum())
    return sums


def _times(value: pl.Expr, power: int) -> pl.Expr:
    """The value times a power of two, which by itself may be no float."""
    half = power // 2
    return value * 2.0**power if abs(power) <= _MOST else value * 2.0**half * 2.0 ** (power - half)


def special_sum(value: pl.Expr) -> pl.Expr:
    """What NaN and infinities add up to: null where there are none."""
    nan, plus, minus = value.is_nan().any(), (value == math.inf).any(), (value == -math.inf).any()
    return pl.when(nan | (plus & minus)).then(math.nan).when(plus).then(math.inf).when(minus).then(-math.inf)


def as_float(totals: Sequence[pl.Expr], scale: Scale, count: pl.Expr | None = None) -> pl.Expr:
    """A whole sum as a float again, or the mean."""
    parts = []
    for limb, total in enumerate(totals):
        value, power = total.cast(pl.Float64), scale.power + limb * _WIDTH
        half = power // 2
        parts.append((value if count is None else value / count) * 2.0**-half * 2.0 ** -(power - half))
    # The smallest first: what they come to may still count.
    found = parts[-1]
    for part in reversed(parts[:-1]):
        found = found + part
    return found


def float_sum(value: pl.Expr, scale: Scale) -> pl.Expr:
    """The sum of floats as one expression."""
    found = as_float(whole_sums(value, scale), scale)
    return pl.coalesce(special_sum(value), found) if scale.special else found


def float_mean(value: pl.Expr, scale: Scale) -> pl.Expr:
    """The mean of floats as one expression; null where there are none."""
    count = pl.when(value.count() > 0).then(value.count())
    found = as_float(whole_sums(value, scale), scale, count)
    return pl.coalesce(special_sum(value), found) if scale.special else found


def quantile_of(value: pl.Expr, q: float) -> pl.Expr:
    """The quantile of floats, between two values in proportion; also where the distance of the two is no float."""
    unit = unit_of(value, _FAR_APART, 4.0)
    return (value / unit).quantile(q, interpolation="linear") * unit


def unit_of(value: pl.Expr, large: float = _LARGE, step: float = _STEP) -> pl.Expr:
    """What floats are measured in, so that what is made of them is a float: a power of two keeps every digit."""
    most = pl.when(value.is_finite()).then(value).abs().max()
    return pl.when(most > large).then(step).when(most < 1 / large).then(1 / step).otherwise(1.0)


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
