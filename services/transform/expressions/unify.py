"""One type for operands that meet: numbers widen, dates become timestamps, literals follow what they stand beside."""

from collections.abc import Sequence

from contracts.data import NUMBERS, LogicalType
from services.transform.expressions import literals
from services.transform.expressions.tree import ExpressionInvalid, Node, Number, Type, named, node

_WIDER: dict[LogicalType, frozenset[LogicalType]] = {
    LogicalType.INTEGER: frozenset({LogicalType.DECIMAL, LogicalType.FLOAT}),
    LogicalType.DECIMAL: frozenset({LogicalType.FLOAT}),
    LogicalType.DATE: frozenset({LogicalType.TIMESTAMP}),
}


def unify(operands: Sequence[Node], doing: str) -> tuple[Type, tuple[Node, ...]]:
    """The type in which the operands meet, and the operands in it; raises ExpressionInvalid.

    `doing` says in a message what they were to do together: "be compared".
    """
    meeting: Type = None
    for operand in operands:
        if not operand.is_literal:
            meeting = operand.type if meeting is None else _meet(meeting, operand, doing)
    for operand in operands:
        if operand.is_literal and operand.type is not None:
            meeting = _meet_literal(meeting, operand, doing)
    if meeting is None:
        return None, tuple(operands)
    return meeting, tuple(widen(operand, meeting) for operand in operands)


def widen(operand: Node, type: LogicalType) -> Node:
    """The operand in a wider type; only for types that `accepts` accepts."""
    if operand.is_literal:
        adapted = literals.adapt(operand, type)
        if adapted is None:
            raise ExpressionInvalid("wrong_type", f"{literals.misfit(operand, type)}.")
        return adapted
    return operand if operand.type is type else node("widen", type, operand)


def accepts(type: LogicalType, operand: Node) -> bool:
    """Whether the operand can stand where this type is asked for."""
    if operand.is_literal:
        return literals.fits(operand, type)
    return operand.type is type or (operand.type is not None and type in _WIDER.get(operand.type, ()))


def _meet(left: LogicalType, operand: Node, doing: str) -> LogicalType:
    right = operand.type
    if right is None or left is right or (right in _WIDER and left in _WIDER[right]):
        return left
    if right in _WIDER.get(left, ()):
        return right
    hint = ""
    if {left, right} & NUMBERS and LogicalType.STRING in {left, right}:
        hint = " Convert one of them with CAST first."
    raise ExpressionInvalid("wrong_type", f"{_capital(named(left))} and {named(right)} cannot {doing}.{hint}")


def _meet_literal(meeting: Type, operand: Node, doing: str) -> LogicalType:
    if operand.type is None:
        raise AssertionError("a null literal meets nothing")
    if meeting is None:
        return operand.type
    if literals.fits(operand, meeting):
        return meeting
    if isinstance(operand.value, Number) and meeting in (LogicalType.INTEGER, LogicalType.DECIMAL):
        return LogicalType.FLOAT
    if operand.type in _WIDER.get(meeting, ()):
        return operand.type
    if isinstance(operand.value, str):
        reason = f"{literals.misfit(operand, meeting)}, so the two cannot {doing}."
        raise ExpressionInvalid("wrong_type", reason)
    return _meet(meeting, operand, doing)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
