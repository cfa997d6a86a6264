"""Calls of functions: the right number of arguments, of the right types, written out where they must be."""

from collections.abc import Sequence
from typing import Any

from contracts.data import LogicalType
from services.transform.expressions import literals, patterns
from services.transform.expressions.calls import unknown_function
from services.transform.expressions.functions import FUNCTIONS, SAME, Function, Parameter
from services.transform.expressions.tree import ExpressionInvalid, Node, Type, literal, named, node
from services.transform.expressions.unify import accepts, unify, widen

MAX_PAD = 10_000
PARTS = frozenset({"year", "quarter", "month", "week", "day", "doy", "dow", "isodow", "hour", "minute", "second"})
UNITS = frozenset({"year", "quarter", "month", "week", "day", "hour", "minute", "second"})
_OF_CLOCK = frozenset({"hour", "minute", "second"})


def invoke(name: str, arguments: Sequence[Node]) -> Node:
    """The call of a function; raises ExpressionInvalid when it cannot be called like this."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(name, arguments)
    function = FUNCTIONS.get(name)
    if function is None:
        raise unknown_function(name)
    taken = _take(name, function, arguments)
    _judge(name, taken)
    result: Type = taken[0].type if function.result == SAME else LogicalType(function.result)
    if name == "DATE_TRUNC":
        result = taken[1].type
    return node(
        name,
        result,
        *taken,
        nullable=True if function.may_be_null else None,
        fallible=function.fallible and (name != "ABS" or result is LogicalType.INTEGER),
    )


def _take(name: str, function: Function, arguments: Sequence[Node]) -> list[Node]:
    needed = sum(not parameter.optional for parameter in function.parameters)
    if not needed <= len(arguments) <= len(function.parameters):
        wanted = ", ".join(
            f"[{parameter.name}]" if parameter.optional else parameter.name for parameter in function.parameters
        )
        raise ExpressionInvalid("wrong_arguments", f"{name} takes ({wanted}).")
    taken = []
    for parameter, argument in zip(function.parameters, arguments, strict=False):
        taken.append(_fit(name, parameter, argument))
    if function.result == LogicalType.FLOAT and function.parameters[0].types >= {LogicalType.FLOAT}:
        return [widen(argument, LogicalType.FLOAT) for argument in taken]
    return taken


def _fit(name: str, parameter: Parameter, argument: Node) -> Node:
    if parameter.constant and (not argument.is_literal or argument.value is None):
        raise ExpressionInvalid("not_allowed", f"{name} takes a written {parameter.name}, the same for all rows.")
    if argument.type in parameter.types:
        return argument
    if argument.type is None:
        return literal(None, next(type for type in LogicalType if type in parameter.types))
    for type in LogicalType:
        if type in parameter.types and not argument.is_literal and accepts(type, argument):
            return widen(argument, type)
    wanted = " or ".join(named(type) for type in LogicalType if type in parameter.types)
    raise ExpressionInvalid(
        "wrong_type", f"{name} takes {wanted} as its {parameter.name}, and this is {named(argument.type)}."
    )


def _judge(name: str, taken: list[Node]) -> None:
    """What types alone do not say about written arguments."""
    written: list[Any] = [literals.constant(argument) if argument.is_literal else None for argument in taken]
    if name in ("REGEXP_LIKE", "REGEXP_REPLACE", "REGEXP_EXTRACT"):
        flags = {"REGEXP_LIKE": (2, "i"), "REGEXP_REPLACE": (3, "gi")}.get(name)
        given = written[flags[0]] if flags is not None and len(written) > flags[0] else None
        patterns.check_regex(written[1], given, flags[1] if flags is not None else "")
        if name == "REGEXP_EXTRACT" and len(written) > 2 and not 0 <= written[2] <= 50:
            raise ExpressionInvalid("wrong_arguments", "The group of REGEXP_EXTRACT is a number from 0 to 50.")
    elif name in ("LPAD", "RPAD"):
        if not 0 <= written[1] <= MAX_PAD:
            raise ExpressionInvalid("wrong_arguments", f"The length of {name} is a number from 0 to {MAX_PAD}.")
        if len(written) > 2 and len(written[2]) != 1:
            raise ExpressionInvalid("wrong_arguments", f"{name} fills up with one character.")
    elif name == "ROUND" and len(written) > 1 and not 0 <= written[1] <= 15:
        raise ExpressionInvalid("wrong_arguments", "The digits of ROUND are a number from 0 to 15.")
    elif name == "SPLIT_PART":
        if not written[1]:
            raise ExpressionInvalid("wrong_arguments", "The separator of SPLIT_PART is empty.")
        if written[2] == 0 or abs(written[2]) > MAX_PAD:
            raise ExpressionInvalid("wrong_arguments", "SPLIT_PART counts from 1, or from -1 at the end.")
    elif name in ("DATE_PART", "DATE_TRUNC"):
        _judge_unit(name, str(written[0]).lower(), taken[1].type)


def _judge_unit(name: str, unit: str, type: Type) -> None:
    known = PARTS if name == "DATE_PART" else UNITS
    if unit not in known:
        raise ExpressionInvalid("wrong_arguments", f"{name} knows {', '.join(sorted(known))}.")
    if (type is LogicalType.DATE and unit in _OF_CLOCK) or (type is LogicalType.TIME and unit not in _OF_CLOCK):
        raise ExpressionInvalid("wrong_arguments", f"{named(type).capitalize()} has no {unit}.")


def _coalesce(name: str, arguments: Sequence[Node]) -> Node:
    if not arguments:
        raise ExpressionInvalid("wrong_arguments", "COALESCE takes at least one argument.")
    type, operands = unify(arguments, "stand for one another")
    return node("COALESCE", type, *operands, nullable=all(operand.nullable for operand in operands))


def _nullif(name: str, arguments: Sequence[Node]) -> Node:
    if len(arguments) != 2:
        raise ExpressionInvalid("wrong_arguments", "NULLIF takes two arguments.")
    type, operands = unify(arguments, "be compared")
    return node("NULLIF", type, *operands, nullable=True)


def _extreme(name: str, arguments: Sequence[Node]) -> Node:
    if not arguments:
        raise ExpressionInvalid("wrong_arguments", f"{name} takes at least one argument.")
    type, operands = unify(arguments, "be compared")
    return node(name, type, *operands, nullable=all(operand.nullable for operand in operands))


def _concat(name: str, arguments: Sequence[Node]) -> Node:
    if not arguments:
        raise ExpressionInvalid("wrong_arguments", "CONCAT takes at least one argument.")
    if any(argument.type is LogicalType.BINARY for argument in arguments):
        raise ExpressionInvalid("wrong_type", "Bytes cannot be joined; convert them with CAST first.")
    return node("CONCAT", LogicalType.STRING, *arguments, nullable=False)


_SPECIAL = {
    "COALESCE": _coalesce,
    "NULLIF": _nullif,
    "GREATEST": _extreme,
    "LEAST": _extreme,
    "CONCAT": _concat,
}
