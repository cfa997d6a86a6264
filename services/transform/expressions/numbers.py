"""Arithmetic: integers that never wrap around, decimals that are exact, nulls where there is no result."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from contracts.data import LogicalType
from services.transform.dtypes import DECIMAL
from services.transform.expressions.refusal import Refusal
from services.transform.expressions.tree import Node

_I = LogicalType.INTEGER
_LIMIT = 2**63
_DECIMAL_LIMIT = 10.0**29
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide_whole": "//"}
_TOO_LARGE = "is too large for an integer of 64 bits"


def _calculate(node: Node, refusal: Refusal, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    operate = _OPERATIONS[node.op]
    if node.type is LogicalType.DECIMAL:
        return _decimal(node, refusal, left, right)
    if node.type is not _I:
        approximate: pl.Expr = operate(left, right)
        return approximate

    def compute(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        wide: pl.Expr = operate(a.cast(pl.Int128), b.cast(pl.Int128))
        return wide.cast(pl.Int64, strict=False)

    def plain(values: Sequence[pl.Series]) -> pl.Series | None:
        # Most columns are nowhere near the limits; then the machine's own arithmetic is enough.
        most = [_magnitude(one) for one in values]
        largest = most[0] * most[1] if node.op == "multiply" else most[0] + most[1]
        done: pl.Series | None = operate(values[0], values[1]) if largest < _LIMIT else None
        return done

    complaint = f"{{}} {_SIGNS[node.op]} {{}} {_TOO_LARGE}"
    return refusal.checked([left, right], [_I, _I], _I, compute, complaint, plain)


def _decimal(node: Node, refusal: Refusal, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """The engine ends the query when a decimal overflows, so what would overflow is kept from it."""

    def compute(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        x, y = a.cast(pl.Float64), b.cast(pl.Float64)
        fits = _OPERATIONS[node.op](x, y).abs() < _DECIMAL_LIMIT * (1 - 1e-12)
        result: pl.Expr = _OPERATIONS[node.op](pl.when(fits).then(a), b)
        return result.cast(DECIMAL)

    types = [LogicalType.DECIMAL, LogicalType.DECIMAL]
    complaint = f"{{}} {_SIGNS[node.op]} {{}} is too large for a decimal"
    return refusal.checked([left, right], types, LogicalType.DECIMAL, compute, complaint)


def _divide(node: Node, refusal: Refusal, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    if node.type is not LogicalType.DECIMAL:
        return left / pl.when(right != 0).then(right)

    def compute(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        fits = (a.cast(pl.Float64) / b.cast(pl.Float64)).abs() < _DECIMAL_LIMIT * (1 - 1e-12)
        return (pl.when(fits).then(a) / b).cast(DECIMAL)

    types = [LogicalType.DECIMAL, LogicalType.DECIMAL]
    divisor = pl.when(right != 0).then(right)
    return refusal.checked([left, divisor], types, LogicalType.DECIMAL, compute, "{} / {} is too large for a decimal")


def _divide_whole(node: Node, refusal: Refusal, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    divisor = pl.when(right != 0).then(right)
    if node.type is LogicalType.INTEGER:

        def compute(a: pl.Expr, b: pl.Expr) -> pl.Expr:
            x, y = a.cast(pl.Int128), b.cast(pl.Int128)
            return ((x - _remainder(x, y)) // y).cast(pl.Int64, strict=False)

        return refusal.checked([left, divisor], [_I, _I], _I, compute, f"{{}} // {{}} {_TOO_LARGE}")
    if node.type is LogicalType.DECIMAL:

        def exact(a: pl.Expr, b: pl.Expr) -> pl.Expr:
            fits = (a.cast(pl.Float64) / b.cast(pl.Float64)).abs() < _DECIMAL_LIMIT * (1 - 1e-12)
            kept = pl.when(fits).then(a)
            return ((kept - _remainder(kept, b)) / b).cast(DECIMAL)

        types = [LogicalType.DECIMAL, LogicalType.DECIMAL]
        complaint = "{} // {} is too large for a decimal"
        return refusal.checked([left, divisor], types, LogicalType.DECIMAL, exact, complaint)
    quotient = left / divisor
    return pl.when(quotient < 0).then(quotient.ceil()).otherwise(quotient.floor())


def _modulo(node: Node, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return _remainder(left, pl.when(right != 0).then(right))


def _remainder(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """The remainder with the sign of the dividend; the engine's own has the sign of the divisor."""
    floored = left % right
    crossed = (floored != 0) & ((left < 0) != (right < 0))
    return pl.when(crossed).then(floored - right).otherwise(floored)


def _negate(node: Node, refusal: Refusal, value: pl.Expr) -> pl.Expr:
    if node.type is not _I:
        return -value
    return _of_one(
        refusal, value, lambda column: pl.lit(0, dtype=pl.Int128()) - column.cast(pl.Int128), f"-({{}}) {_TOO_LARGE}"
    )


def _absolute(node: Node, refusal: Refusal, value: pl.Expr) -> pl.Expr:
    if node.type is not _I:
        return value.abs()
    return _of_one(refusal, value, lambda column: column.cast(pl.Int128).abs(), f"ABS({{}}) {_TOO_LARGE}")


def _of_one(refusal: Refusal, value: pl.Expr, operate: Callable[[pl.Expr], pl.Expr], complaint: str) -> pl.Expr:
    return refusal.checked([value], [_I], _I, lambda column: operate(column).cast(pl.Int64, strict=False), complaint)


def _magnitude(values: pl.Series) -> int:
    low, high = values.min(), values.max()
    return max(abs(int(low)), abs(int(high))) if isinstance(low, int) and isinstance(high, int) else 0


def _round(node: Node, value: pl.Expr, digits: pl.Expr | None = None) -> pl.Expr:
    if node.type is _I:
        return value
    wanted = int(node.args[1].value) if len(node.args) > 1 else 0
    if node.type is LogicalType.DECIMAL and wanted >= 9:
        return value
    return value.round(wanted, mode="half_away_from_zero")


def _sign(node: Node, value: pl.Expr) -> pl.Expr:
    zero = (value == 0) | value.is_nan() if node.args[0].type is LogicalType.FLOAT else value == 0
    return pl.when(zero).then(0).when(value > 0).then(1).when(value < 0).then(-1).cast(pl.Int64)


def _extreme(node: Node, values: tuple[pl.Expr, ...]) -> pl.Expr:
    greatest = node.op == "GREATEST"
    found = pl.max_horizontal(*values) if greatest else pl.min_horizontal(*values)
    if node.type is LogicalType.FLOAT and greatest:
        # As in every comparison here, NaN is above all numbers; the engine would pass it over.
        return pl.when(pl.any_horizontal(*(value.is_nan() for value in values))).then(float("nan")).otherwise(found)
    return found


def _log(value: pl.Expr, base: float | None) -> pl.Expr:
    positive = pl.when(value > 0).then(value)
    return positive.log() if base is None else positive.log10()


def _floor(node: Node, value: pl.Expr) -> pl.Expr:
    return value if node.type is _I else value.floor()


def _ceil(node: Node, value: pl.Expr) -> pl.Expr:
    return value if node.type is _I else value.ceil()


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
}
PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "modulo": _modulo,
    "ROUND": _round,
    "SIGN": _sign,
    "FLOOR": _floor,
    "CEIL": _ceil,
    "SQRT": lambda node, value: pl.when(value >= 0).then(value).sqrt(),
    "POWER": lambda node, base, exponent: base.pow(exponent),
    "LN": lambda node, value: _log(value, None),
    "LOG10": lambda node, value: _log(value, 10.0),
    "EXP": lambda node, value: value.exp(),
    "GREATEST": lambda node, *values: _extreme(node, values),
    "LEAST": lambda node, *values: _extreme(node, values),
}
FALLIBLE: dict[str, Callable[..., pl.Expr]] = {
    "add": _calculate,
    "subtract": _calculate,
    "multiply": _calculate,
    "divide": _divide,
    "divide_whole": _divide_whole,
    "negate": _negate,
    "ABS": _absolute,
}
