"""The typed tree that an expression becomes: every node knows its logical type before any row is read."""

from dataclasses import dataclass
from typing import Any

from contracts.data import LogicalType

Type = LogicalType | None  # None: the null that has no type yet


@dataclass(frozen=True, slots=True)
class Node:
    """An operation and its operands. `value` holds what is known before it runs: a literal, a name, a pattern."""

    op: str
    type: Type
    args: tuple["Node", ...] = ()
    value: Any = None
    nullable: bool = True
    fallible: bool = False  # whether it, or something below, can refuse a value while it runs

    @property
    def is_literal(self) -> bool:
        """Whether its value is known now."""
        return self.op == "literal"


def node(
    op: str, type: Type, *args: Node, value: Any = None, nullable: bool | None = None, fallible: bool = False
) -> Node:
    """A node over its operands: null when one of them may be, unless said otherwise."""
    return Node(
        op,
        type,
        args,
        value,
        any(arg.nullable for arg in args) if nullable is None else nullable,
        fallible or any(arg.fallible for arg in args),
    )


def literal(value: Any, type: Type) -> Node:
    """A value that stands in the text."""
    return Node("literal", type, (), value, value is None)


@dataclass(frozen=True, slots=True)
class Number:
    """A number with a point or an exponent, as written: what it becomes depends on what stands beside it."""

    text: str


class ExpressionInvalid(Exception):
    """What is wrong with an expression, in one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def columns(root: Node) -> list[str]:
    """The columns an expression reads, in the order of their first mention."""
    found: dict[str, None] = {}
    waiting = [root]
    while waiting:
        current = waiting.pop()
        if current.op == "column":
            found.setdefault(current.value)
        waiting.extend(reversed(current.args))
    return list(found)


ARTICLES = {
    LogicalType.BOOLEAN: "a boolean",
    LogicalType.INTEGER: "an integer",
    LogicalType.FLOAT: "a float",
    LogicalType.DECIMAL: "a decimal",
    LogicalType.STRING: "text",
    LogicalType.DATE: "a date",
    LogicalType.TIME: "a time",
    LogicalType.TIMESTAMP: "a timestamp",
    LogicalType.TIMESTAMP_TZ: "a timestamp with time zone",
    LogicalType.BINARY: "bytes",
}


def named(type: Type) -> str:
    """A type as people say it."""
    return "null" if type is None else ARTICLES[type]
