"""Typed tree → Polars expression. No text is passed on: each node becomes the engine's own operation."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from services.transform.conversions import convert, to_text
from services.transform.dtypes import DTYPES
from services.transform.expressions import literals, moments, numbers, texts
from services.transform.expressions.refusal import Refusal, Witness
from services.transform.expressions.tree import Node

Handler = Callable[["_Lowering", Node, Any], pl.Expr]


def lower(root: Node, inner: Mapping[str, str], pointer: str, witness: Witness) -> pl.Expr:
    """The Polars expression of a typed tree over a table whose columns go by `inner` names.

    A value it has no result for is told to the witness, with the pointer.
    """
    return _Lowering(inner, pointer, witness).visit(root, None)


class _Lowering:
    """`guard` is true where the value is wanted: a branch that is not taken cannot fail."""

    def __init__(self, inner: Mapping[str, str], pointer: str, witness: Witness) -> None:
        self._inner = inner
        self._pointer = pointer
        self._witness = witness

    def visit(self, node: Node, guard: pl.Expr | None) -> pl.Expr:
        special = _SPECIAL.get(node.op)
        if special is not None:
            return special(self, node, guard)
        arguments = [self.visit(argument, guard) for argument in node.args]
        plain = _PLAIN.get(node.op)
        if plain is not None:
            return plain(node, *arguments)
        return _FALLIBLE[node.op](node, Refusal(self._pointer, self._witness, guard), *arguments)

    def column(self, node: Node, guard: pl.Expr | None) -> pl.Expr:
        return pl.col(self._inner[node.value])

    def literal(self, node: Node, guard: pl.Expr | None) -> pl.Expr:
        dtype = pl.Null() if node.type is None else DTYPES[node.type]
        return pl.lit(literals.constant(node), dtype=dtype)

    def case(self, node: Node, guard: pl.Expr | None) -> pl.Expr:
        branches = len(node.args) // 2
        conditions, results = node.args[:branches], node.args[branches:]
        fallible = any(argument.fallible for argument in node.args)
        open_ = guard
        chain: Any = None
        for condition, result in zip(conditions, results, strict=False):
            asked = self.visit(condition, open_)
            taken = None
            if fallible:
                taken = _and(open_, asked.fill_null(False))
                open_ = _and(open_, ~asked.fill_null(False))
            value = self.visit(result, taken)
            chain = pl.when(asked).then(value) if chain is None else chain.when(asked).then(value)
        default = self.visit(results[-1], open_)
        otherwise: pl.Expr = default if chain is None else chain.otherwise(default)
        return otherwise

    def convert(self, node: Node, guard: pl.Expr | None) -> pl.Expr:
        source, target, attempt = node.args[0].type, node.type, bool(node.value)
        value = self.visit(node.args[0], guard)
        if source is None or target is None:
            return value
        if attempt or not node.fallible:
            return convert(value, source, target)
        return Refusal(self._pointer, self._witness, guard).converted(value, source, target)


def _and(left: pl.Expr | None, right: pl.Expr) -> pl.Expr:
    return right if left is None else left & right


def _widen(node: Node, value: pl.Expr) -> pl.Expr:
    return value.cast(DTYPES[node.type], strict=False) if node.type is not None else value


def _in(node: Node, value: pl.Expr) -> pl.Expr:
    type = node.args[0].type
    known = [choice for choice in node.value if choice is not None]
    if type is None:
        return pl.lit(None, dtype=pl.Boolean())
    found = value.is_in(pl.lit(pl.Series(known, dtype=DTYPES[type]).implode()))
    # x IN (1, NULL) is never false: x might be what is not known.
    return found if len(known) == len(node.value) else pl.when(found).then(True)


def _join(node: Node, *values: pl.Expr) -> pl.Expr:
    return pl.concat_str(_as_texts(node, values), ignore_nulls=False)


def _concat(node: Node, *values: pl.Expr) -> pl.Expr:
    return pl.concat_str(_as_texts(node, values), ignore_nulls=True)


def _as_texts(node: Node, values: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    return [
        value.cast(pl.String) if argument.type is None else to_text(value, argument.type)
        for argument, value in zip(node.args, values, strict=True)
    ]


def _null_if(node: Node, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when((left == right).fill_null(False)).then(None).otherwise(left)


def _logical(node: Node, values: tuple[pl.Expr, ...]) -> pl.Expr:
    return pl.all_horizontal(*values) if node.op == "and" else pl.any_horizontal(*values)


_PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "widen": _widen,
    "and": lambda node, *values: _logical(node, values),
    "or": lambda node, *values: _logical(node, values),
    "not": lambda node, value: ~value,
    "eq": lambda node, left, right: left == right,
    "ne": lambda node, left, right: left != right,
    "lt": lambda node, left, right: left < right,
    "le": lambda node, left, right: left <= right,
    "gt": lambda node, left, right: left > right,
    "ge": lambda node, left, right: left >= right,
    "same": lambda node, left, right: left.eq_missing(right),
    "distinct": lambda node, left, right: left.ne_missing(right),
    "is_null": lambda node, value: value.is_null(),
    "is": lambda node, value: (value if node.value else ~value).fill_null(False),
    "in": _in,
    "like": texts.like,
    "join": _join,
    "CONCAT": _concat,
    "COALESCE": lambda node, *values: pl.coalesce(*values),
    "NULLIF": _null_if,
    **numbers.PLAIN,
    **texts.PLAIN,
    **moments.PLAIN,
}
_FALLIBLE: dict[str, Callable[..., pl.Expr]] = {**numbers.FALLIBLE, **moments.FALLIBLE}
_SPECIAL: dict[str, Handler] = {
    "column": _Lowering.column,
    "literal": _Lowering.literal,
    "case": _Lowering.case,
    "convert": _Lowering.convert,
}


def operations() -> frozenset[str]:
    """Every operation that can be lowered."""
    return frozenset({*_PLAIN, *_FALLIBLE, *_SPECIAL})
