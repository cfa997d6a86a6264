"""Conditions that exclude each other: no row can satisfy them, whatever the table holds."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from services.transform.expressions.syntax import parse
from services.transform.expressions.tree import ExpressionInvalid


@dataclass
class _Room:
    """What one column may still hold."""

    low: Any = None
    low_open: bool = False
    high: Any = None
    high_open: bool = False
    among: set[Any] | None = None
    not_among: set[Any] = field(default_factory=set)
    null: bool | None = None

    @property
    def is_empty(self) -> bool:
        if self.null and (self.low is not None or self.high is not None or self.among is not None):
            return True
        if self.among is not None and not {one for one in self.among - self.not_among if self._inside(one)}:
            return True
        if self.low is None or self.high is None or not _alike(self.low, self.high):
            return False
        return bool(self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)))

    def _inside(self, value: Any) -> bool:
        above = (
            self.low is None
            or not _alike(self.low, value)
            or value > self.low
            or (value == self.low and not self.low_open)
        )
        below = (
            self.high is None
            or not _alike(self.high, value)
            or value < self.high
            or (value == self.high and not self.high_open)
        )
        return above and below


def excluded(conditions: Iterable[str]) -> str | None:
    """The column of which the conditions, all of them together, leave nothing; None where rows may satisfy them."""
    rooms: dict[str, _Room] = {}
    for text in conditions:
        try:
            tree = parse(text)
        except ExpressionInvalid:
            return None
        for part in _parts(tree):
            _narrow(rooms, part)
    for name, room in rooms.items():
        if room.is_empty:
            return name
    return None


def _parts(tree: exp.Expr) -> Iterator[exp.Expr]:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.And):
        yield from _parts(tree.left)
        yield from _parts(tree.right)
    else:
        yield tree


_SIDES: dict[type[exp.Expr], tuple[str, str]] = {
    exp.GT: (">", "<"),
    exp.GTE: (">=", "<="),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
    exp.EQ: ("=", "="),
    exp.NEQ: ("<>", "<>"),
}


def _narrow(rooms: dict[str, _Room], part: exp.Expr) -> None:
    if isinstance(part, exp.Is) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Null):
        room = rooms.setdefault(part.this.name, _Room())
        room.null = True
        return
    if isinstance(part, exp.In) and isinstance(part.this, exp.Column):
        _among(rooms.setdefault(part.this.name, _Room()), [_value(one) for one in part.expressions])
        return
    if isinstance(part, exp.Between) and isinstance(part.this, exp.Column):
        room = rooms.setdefault(part.this.name, _Room())
        _bound(room, ">=", _value(part.args["low"]))
        _bound(room, "<=", _value(part.args["high"]))
        return
    signs = _SIDES.get(type(part))
    if signs is None:
        return
    left, right, sign = part.this, part.expression, signs[0]
    if isinstance(right, exp.Column) and not isinstance(left, exp.Column):
        left, right, sign = right, left, signs[1]
    value = _value(right)
    if not isinstance(left, exp.Column) or value is None:
        return
    room = rooms.setdefault(left.name, _Room())
    if sign == "=":
        _among(room, [value])
    elif sign == "<>":
        room.not_among.add(value)
    else:
        _bound(room, sign, value)


def _among(room: _Room, values: list[Any]) -> None:
    if any(value is None for value in values):
        return
    room.among = set(values) if room.among is None else room.among & set(values)


def _bound(room: _Room, sign: str, value: Any) -> None:
    if value is None:
        return
    if sign in (">", ">=") and (
        room.low is None or (_alike(room.low, value) and (value, sign == ">") > (room.low, room.low_open))
    ):
        room.low, room.low_open = value, sign == ">"
    if sign in ("<", "<=") and (
        room.high is None or (_alike(room.high, value) and (value, sign != "<") < (room.high, not room.high_open))
    ):
        room.high, room.high_open = value, sign == "<"


def _alike(one: Any, other: Any) -> bool:
    return isinstance(one, str) == isinstance(other, str)


def _value(tree: exp.Expr | None) -> Any:
    """A written number or text; a date as its text. None where it is anything else."""
    negative = isinstance(tree, exp.Neg)
    inner = tree.this if isinstance(tree, exp.Neg) else tree
    if isinstance(inner, exp.Cast):
        inner = inner.this
    if isinstance(inner, exp.Literal):
        if inner.is_string:
            return None if negative else str(inner.this)
        number = float(inner.this)
        return None if math.isnan(number) else -number if negative else number
    return None
