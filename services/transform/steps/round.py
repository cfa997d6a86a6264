"""Round numbers to so many digits after the point; fewer than none rounds to tens and hundreds."""

from typing import Any, Literal

import polars as pl

from contracts.data import NUMBERS, LogicalType, Schema
from contracts.recipe import Round
from services.transform.expressions.refusal import Witness
from services.transform.steps.exact import fitting_units, from_units, narrowed
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed
from services.transform.table import Table

_ENGINE: dict[str, Literal["half_away_from_zero", "half_to_even"]] = {
    "half_up": "half_away_from_zero", "half_even": "half_to_even"
}  # fmt: skip
_SAID = {
    "half_up": "", "half_even": ", halves to the even digit", "down": ", toward zero", "up": ", away from zero",
    "floor": ", downwards", "ceil": ", upwards",
}  # fmt: skip


class RoundKind(StepKind[Round]):
    """round"""

    def output_schema(self, schema: Schema, step: Round, report: Report) -> Schema:
        for at, name in enumerate(step.columns):
            report.typed(schema, name, f"/columns/{at}", NUMBERS, "be rounded")
        return schema

    def mentions(self, schema: Schema, step: Round) -> set[str]:
        return set(step.columns)

    def english(self, step: Round, schema: Schema) -> str:
        digits = f"{step.digits} digits after the point" if step.digits >= 0 else f"{10**-step.digits:,}s"
        return f"Round {listed(step.columns)} to {digits}{_SAID[step.mode]}"

    def plan(self, table: Table, step: Round, site: Site) -> Table:
        values = []
        for name in dict.fromkeys(step.columns):
            column, pointer = column_of(table.schema, name), f"{site.pointer}/columns/{step.columns.index(name)}"
            values.append((column, _rounded(table.column(name), column.type, step, pointer, site.witness)))
        return table.setting(values)


def _rounded(value: pl.Expr, type: LogicalType, step: Round, pointer: str, witness: Witness) -> pl.Expr:
    if type is LogicalType.FLOAT:
        return pl.when(value.is_finite()).then(_float(value, step)).otherwise(value)
    if step.digits >= (0 if type is LogicalType.INTEGER else 9):
        return value
    # Exact numbers are counted in units of the last digit that is left.
    if type is LogicalType.INTEGER:
        unit = 10**-step.digits
        whole = value.cast(pl.Int128)
        rounded = _steps(whole, unit, step.mode) * pl.lit(unit, dtype=pl.Int128())
        return narrowed(rounded, "The rounded number", pointer, witness)
    return from_units(fitting_units(_decimal(value, step), "The rounded number", pointer, witness))


def _float(value: pl.Expr, step: Round) -> pl.Expr:
    unit = 10.0**-step.digits
    way = _ENGINE.get(step.mode, "half_away_from_zero")
    if step.digits >= 0:
        near = value.round(step.digits, mode=way)
        below = pl.when(near > value).then((near - unit).round(step.digits)).otherwise(near)
        above = pl.when(near < value).then((near + unit).round(step.digits)).otherwise(near)
    else:
        near = (value / unit).round(0, mode=way) * unit
        below, above = (value / unit).floor() * unit, (value / unit).ceil() * unit
    return _chosen(value, near, below, above, step.mode)


def _chosen(value: pl.Expr, near: pl.Expr, below: pl.Expr, above: pl.Expr, mode: str) -> pl.Expr:
    if mode in _ENGINE:
        return near
    if mode == "floor":
        return below
    if mode == "ceil":
        return above
    down = mode == "down"
    return pl.when((value >= 0) == pl.lit(down)).then(below).otherwise(above)


def _decimal(value: pl.Expr, step: Round) -> pl.Expr:
    """In whole units of the ninth digit, which fit 128 bits."""
    units = value.to_physical().cast(pl.Int128)
    unit = 10 ** (9 - step.digits)
    return _steps(units, unit, step.mode) * pl.lit(unit, dtype=pl.Int128())


def _steps(value: pl.Expr, unit: int, mode: str) -> pl.Expr:
    """How many units a whole number is, rounded."""
    size: Any = pl.lit(unit, dtype=pl.Int128())
    below = value // size
    rest = value % size
    exact = rest == 0
    twice = rest * 2
    negative = value < 0
    up: pl.Expr = {
        "half_up": (twice > size) | ((twice == size) & ~negative),
        "half_even": (twice > size) | ((twice == size) & (below % 2 != 0)),
        "down": negative & ~exact,
        "up": ~negative & ~exact,
        "floor": pl.lit(False),
        "ceil": ~exact,
    }[mode]
    rounded: pl.Expr = below + up.cast(pl.Int128)
    return rounded
