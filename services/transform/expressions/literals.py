"""Literals: exact numbers, dates and times written as text, and what a literal becomes beside another type."""

import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.data import LogicalType
from services.transform.expressions.tree import ExpressionInvalid, Node, Number, Type, literal, named

DECIMAL_SCALE = 9
DECIMAL_WHOLE_DIGITS = 29
_INTEGER_RANGE = range(-(2**63), 2**63)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?")


def number(text: str, *, negative: bool = False) -> Node:
    """The literal of a number as written."""
    text = f"-{text}" if negative else text
    if re.fullmatch(r"-?\d+", text):
        value = int(text) if len(text) <= DECIMAL_WHOLE_DIGITS + 1 else None
        if value is not None and value in _INTEGER_RANGE:
            return literal(value, LogicalType.INTEGER)
        exact = to_decimal(text)
        if exact is None:
            raise ExpressionInvalid("invalid_literal", f"The number {_short(text)} is too large.")
        return literal(exact, LogicalType.DECIMAL)
    try:
        approximate = float(text)
    except ValueError:
        raise ExpressionInvalid("invalid_literal", f"{_short(text)} is not a number.") from None
    if not math.isfinite(approximate):
        raise ExpressionInvalid("invalid_literal", f"The number {_short(text)} is too large.")
    return literal(Number(text), LogicalType.FLOAT)


def to_decimal(text: str) -> Decimal | None:
    """The decimal that a text or number is exactly, or None where it has too many digits."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or (value != 0 and value.adjusted() >= DECIMAL_WHOLE_DIGITS):
        return None
    if value == 0:
        return Decimal(0)
    exponent = value.normalize().as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -DECIMAL_SCALE else None


def moment(text: str, type: LogicalType) -> Any:
    """The date, time or timestamp that a text is exactly, or None. Spelled as in ISO 8601."""
    try:
        if type is LogicalType.DATE:
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
        if type is LogicalType.TIME:
            return time.fromisoformat(text) if re.fullmatch(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", text) else None
        if not _TIMESTAMP.fullmatch(text):
            return None
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    if type is LogicalType.TIMESTAMP:
        return value if value.tzinfo is None else None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def fits(value: Node, type: LogicalType) -> bool:
    """Whether a literal can stand for a value of the type without being converted by hand."""
    return adapt(value, type) is not None


def adapt(value: Node, type: LogicalType) -> Node | None:
    """The literal as a value of the type, or None where it is none."""
    if value.type is None:
        return literal(None, type)
    if isinstance(value.value, Number):
        if type is LogicalType.FLOAT:
            return value
        exact = to_decimal(value.value.text) if type is LogicalType.DECIMAL else None
        return None if exact is None else literal(exact, type)
    if value.type is type or value.value is None:
        return literal(value.value, type) if value.type is type else None
    if value.type is LogicalType.INTEGER and type is LogicalType.DECIMAL:
        return literal(Decimal(value.value), type)
    if value.type in (LogicalType.INTEGER, LogicalType.DECIMAL) and type is LogicalType.FLOAT:
        return literal(float(value.value), type)
    if value.type is LogicalType.DATE and type is LogicalType.TIMESTAMP:
        return literal(datetime.combine(value.value, time()), type)
    if value.type is LogicalType.STRING and type in MOMENTS:
        found = moment(value.value, type)
        return None if found is None else literal(found, type)
    return None


def constant(value: Node) -> Any:
    """The value of a literal as Python has it."""
    return float(value.value.text) if isinstance(value.value, Number) else value.value


def misfit(value: Node, type: Type) -> str:
    """Why a literal does not go with a type."""
    return f"{describe(value)} is not {named(type)}"


def describe(value: Node) -> str:
    """A literal as it stands in a message."""
    if value.value is None:
        return "NULL"
    if isinstance(value.value, str):
        return f"'{_short(value.value)}'"
    return _short(value.value.text if isinstance(value.value, Number) else str(value.value))


MOMENTS = frozenset({LogicalType.DATE, LogicalType.TIME, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ})


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
