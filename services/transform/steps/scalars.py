"""Values written into a recipe, as values of a column."""

from decimal import Decimal
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import Scalar
from services.transform.expressions import literals
from services.transform.expressions.tree import ExpressionInvalid, Node, literal, named


def value_for(written: Scalar, type: LogicalType) -> Any:
    """The written value as one of the column's; raises ExpressionInvalid where it is none."""
    if written is None:
        return None
    if type is LogicalType.DECIMAL and isinstance(written, str | float) and not isinstance(written, bool):
        exact = literals.to_decimal(str(written))
        if exact is not None:
            return exact
    adapted = literals.adapt(_literal(written), type)
    if adapted is None:
        shown = repr(written) if len(repr(written)) <= 100 else repr(written)[:100] + "..."
        raise ExpressionInvalid("wrong_type", f"{shown} is not {named(type)}.")
    value = literals.constant(adapted)
    return Decimal(value) if type is LogicalType.DECIMAL else value


def _literal(written: bool | int | float | str) -> Node:
    if isinstance(written, bool):
        return literal(written, LogicalType.BOOLEAN)
    if isinstance(written, str):
        return literal(written, LogicalType.STRING)
    return literals.number(repr(abs(written)), negative=written < 0)
