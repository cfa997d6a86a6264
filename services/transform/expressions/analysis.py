"""Syntax tree → typed tree: every kind of node that may occur stands here; whatever does not is refused."""

import difflib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlglot import exp

from contracts.data import NUMBERS, LogicalType, Schema
from services.transform.convertible import can_convert, can_fail
from services.transform.expressions import literals
from services.transform.expressions.arguments import invoke
from services.transform.expressions.calls import call, only, refused
from services.transform.expressions.patterns import check_like
from services.transform.expressions.syntax import parse
from services.transform.expressions.tree import ExpressionInvalid, Node, literal, named, node
from services.transform.expressions.unify import unify

MAX_SIZE = 5_000  # nodes, after what is needed twice has been written twice

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "eq",
    exp.NEQ: "ne",
    exp.LT: "lt",
    exp.LTE: "le",
    exp.GT: "gt",
    exp.GTE: "ge",
    exp.NullSafeEQ: "same",
    exp.NullSafeNEQ: "distinct",
}
_ARITHMETIC: dict[type[exp.Expr], tuple[str, str]] = {
    exp.Add: ("add", "be added"),
    exp.Sub: ("subtract", "be subtracted"),
    exp.Mul: ("multiply", "be multiplied"),
    exp.Div: ("divide", "be divided"),
    exp.IntDiv: ("divide_whole", "be divided"),
    exp.Mod: ("modulo", "be divided"),
}
_TYPES: dict[exp.DType, LogicalType] = {
    exp.DType.BOOLEAN: LogicalType.BOOLEAN,
    exp.DType.INT: LogicalType.INTEGER,
    exp.DType.BIGINT: LogicalType.INTEGER,
    exp.DType.FLOAT: LogicalType.FLOAT,
    exp.DType.DOUBLE: LogicalType.FLOAT,
    exp.DType.DECIMAL: LogicalType.DECIMAL,
    exp.DType.VARCHAR: LogicalType.STRING,
    exp.DType.TEXT: LogicalType.STRING,
    exp.DType.DATE: LogicalType.DATE,
    exp.DType.TIME: LogicalType.TIME,
    exp.DType.TIMESTAMP: LogicalType.TIMESTAMP,
    exp.DType.TIMESTAMPNTZ: LogicalType.TIMESTAMP,
    exp.DType.DATETIME: LogicalType.TIMESTAMP,
    exp.DType.TIMESTAMPTZ: LogicalType.TIMESTAMP_TZ,
    exp.DType.VARBINARY: LogicalType.BINARY,
    exp.DType.BINARY: LogicalType.BINARY,
}
_TYPE_NAMES = "BOOLEAN, INTEGER, FLOAT, DECIMAL, STRING, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, BINARY"


@lru_cache(maxsize=64)  # a plan is made for each part of a table, and asks more than once
def analyse(text: str, schema: Schema) -> Node:
    """The typed tree of an expression over these columns; raises ExpressionInvalid."""
    return typed(parse(text), schema)


def typed(tree: exp.Expr, schema: Schema) -> Node:
    """The typed tree of a syntax tree over these columns; raises ExpressionInvalid."""
    root = _Analysis(schema).visit(tree)
    if size(root) > MAX_SIZE:
        raise ExpressionInvalid("too_large", "The expression is too large; make columns of its parts.")
    return root


def size(root: Node) -> int:
    """How many operations are run: what is needed twice counts twice."""
    total, waiting = 0, [root]
    while waiting:
        current = waiting.pop()
        total += 1
        waiting.extend(current.args)
        if total > MAX_SIZE:
            break
    return total


class _Analysis:
    def __init__(self, schema: Schema) -> None:
        self._columns = {column.name: column for column in schema.columns}
        handlers: dict[type[exp.Expr], Callable[[Any], Node]] = {
            exp.Paren: self._paren,
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Null: self._null,
            exp.Boolean: self._boolean,
            exp.Neg: self._negate,
            exp.Not: self._not,
            exp.And: self._connect,
            exp.Or: self._connect,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.ILike: self._like,
            exp.Escape: self._escape,
            exp.RegexpILike: self._matches,
            exp.DPipe: self._join,
            exp.Case: self._case,
            exp.If: self._if,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            **dict.fromkeys(_COMPARISONS, self._compare),
            **dict.fromkeys(_ARITHMETIC, self._calculate),
        }
        self._handlers = handlers

    def visit(self, tree: exp.Expr) -> Node:
        handler = self._handlers.get(type(tree))
        if handler is not None:
            return handler(tree)
        called = call(tree)
        if called is None:
            raise refused(tree)
        name, arguments = called
        if name == "IF" or name == "MOD":
            raise ExpressionInvalid("wrong_arguments", f"{name} has another number of arguments.")
        return invoke(name, [self.visit(argument) for argument in arguments])

    def _paren(self, tree: exp.Paren) -> Node:
        only(tree, "this")
        return self.visit(tree.this)

    def _column(self, tree: exp.Column) -> Node:
        if tree.args.get("table") is not None:
            raise ExpressionInvalid(
                "not_allowed", "There are no tables here; put a column name that holds a dot in double quotes."
            )
        only(tree, "this")
        if not isinstance(tree.this, exp.Identifier):
            raise refused(tree.this if isinstance(tree.this, exp.Expr) else tree)
        column = self._columns.get(tree.this.name)
        if column is None:
            raise unknown_column(tree.this.name, list(self._columns))
        return node("column", column.type, value=column.name, nullable=column.nullable)

    def _literal(self, tree: exp.Literal) -> Node:
        if tree.is_string:
            return literal(str(tree.this), LogicalType.STRING)
        return literals.number(str(tree.this))

    def _null(self, tree: exp.Null) -> Node:
        return literal(None, None)

    def _boolean(self, tree: exp.Boolean) -> Node:
        return literal(bool(tree.this), LogicalType.BOOLEAN)

    def _negate(self, tree: exp.Neg) -> Node:
        if isinstance(tree.this, exp.Literal) and not tree.this.is_string:
            return literals.number(str(tree.this.this), negative=True)
        operand = self.visit(tree.this)
        if operand.type is not None and operand.type not in NUMBERS:
            raise ExpressionInvalid("wrong_type", f"Only numbers can be negated, and this is {named(operand.type)}.")
        return node("negate", operand.type, operand, fallible=operand.type is LogicalType.INTEGER)

    def _not(self, tree: exp.Not) -> Node:
        return node("not", LogicalType.BOOLEAN, self._truth(tree.this, "NOT"))

    def _connect(self, tree: exp.And | exp.Or) -> Node:
        word = "AND" if isinstance(tree, exp.And) else "OR"
        parts: list[exp.Expr] = []
        waiting: list[exp.Expr] = [tree]
        while waiting:
            current = waiting.pop()
            if type(current) is type(tree):
                only(current, "this", "expression")
                waiting += [current.args["expression"], current.args["this"]]
            else:
                parts.append(current)
        return node(word.lower(), LogicalType.BOOLEAN, *(self._truth(part, word) for part in parts))

    def _truth(self, tree: exp.Expr, word: str) -> Node:
        return truth(self.visit(tree), word)

    def _compare(self, tree: exp.Binary) -> Node:
        only(tree, "this", "expression")
        return compare(_COMPARISONS[type(tree)], self.visit(tree.left), self.visit(tree.right))

    def _calculate(self, tree: exp.Binary) -> Node:
        only(tree, "this", "expression", "typed", "safe")
        op, doing = _ARITHMETIC[type(tree)]
        type_, operands = unify((self.visit(tree.left), self.visit(tree.right)), doing)
        if type_ is None:
            return literal(None, None)
        if type_ not in NUMBERS:
            hint = " Text is joined with ||." if op == "add" and type_ is LogicalType.STRING else ""
            raise ExpressionInvalid("wrong_type", f"{named(type_).capitalize()} cannot {doing}.{hint}")
        if op == "divide" and type_ is LogicalType.INTEGER:
            type_ = LogicalType.FLOAT
            operands = tuple(node("widen", type_, operand) for operand in operands)
        by_zero = op in ("divide", "divide_whole", "modulo")
        return node(
            op,
            type_,
            *operands,
            nullable=True if by_zero else None,
            fallible=(type_ is LogicalType.INTEGER and op != "modulo") or type_ is LogicalType.DECIMAL,
        )

    def _is(self, tree: exp.Is) -> Node:
        only(tree, "this", "expression", "negate")
        operand, what = self.visit(tree.this), tree.expression
        if isinstance(what, exp.Null):
            found = node("is_null", LogicalType.BOOLEAN, operand, nullable=False)
        elif isinstance(what, exp.Boolean):
            found = node("is", LogicalType.BOOLEAN, truth(operand, "IS"), value=bool(what.this), nullable=False)
        else:
            raise refused(what)
        return _negated(found) if tree.args.get("negate") else found

    def _in(self, tree: exp.In) -> Node:
        if tree.args.get("query") is not None:
            raise refused(tree.args["query"])
        only(tree, "this", "expressions", "negate")
        operand = self.visit(tree.this)
        choices = [self.visit(choice) for choice in tree.expressions]
        if not choices or not all(choice.is_literal for choice in choices):
            raise ExpressionInvalid("not_allowed", "IN takes a list of written values.")
        _, (operand, *choices) = unify((operand, *choices), "be compared")
        values = tuple(literals.constant(choice) for choice in choices)
        found = node("in", LogicalType.BOOLEAN, operand, value=values, nullable=True if None in values else None)
        return _negated(found) if tree.args.get("negate") else found

    def _between(self, tree: exp.Between) -> Node:
        only(tree, "this", "low", "high")
        operand = self.visit(tree.this)
        low = compare("ge", operand, self.visit(tree.args["low"]))
        high = compare("le", operand, self.visit(tree.args["high"]))
        return node("and", LogicalType.BOOLEAN, low, high)

    def _like(self, tree: exp.Like | exp.ILike, escape: str | None = None) -> Node:
        only(tree, "this", "expression", "negate")
        operand, pattern = self.visit(tree.this), self.visit(tree.expression)
        if operand.type not in (LogicalType.STRING, None):
            raise ExpressionInvalid("wrong_type", f"LIKE looks at text, and this is {named(operand.type)}.")
        if not pattern.is_literal or not isinstance(pattern.value, str):
            raise ExpressionInvalid("not_allowed", "LIKE takes a written pattern.")
        check_like(pattern.value, escape)
        value = (pattern.value, escape, isinstance(tree, exp.ILike))
        found = node("like", LogicalType.BOOLEAN, operand, value=value)
        return _negated(found) if tree.args.get("negate") else found

    def _escape(self, tree: exp.Escape) -> Node:
        only(tree, "this", "expression")
        inner, sign = tree.this, tree.expression
        if not isinstance(inner, exp.Like | exp.ILike) or not isinstance(sign, exp.Literal) or len(str(sign.this)) != 1:
            raise ExpressionInvalid("not_allowed", "ESCAPE takes one written character, after LIKE.")
        return self._like(inner, str(sign.this))

    def _matches(self, tree: exp.RegexpILike) -> Node:
        only(tree, "this", "expression")
        flags = literal("i", LogicalType.STRING)
        return invoke("REGEXP_LIKE", [self.visit(tree.this), self.visit(tree.expression), flags])

    def _join(self, tree: exp.DPipe) -> Node:
        only(tree, "this", "expression", "safe")
        operands = (self.visit(tree.left), self.visit(tree.right))
        if any(operand.type is LogicalType.BINARY for operand in operands):
            raise ExpressionInvalid("wrong_type", "Bytes cannot be joined; convert them with CAST first.")
        return node("join", LogicalType.STRING, *operands)

    def _case(self, tree: exp.Case) -> Node:
        only(tree, "this", "ifs", "default")
        subject = tree.args.get("this")
        conditions, results = [], []
        for branch in tree.args["ifs"]:
            only(branch, "this", "true")
            if subject is None:
                conditions.append(self._truth(branch.this, "WHEN"))
            else:
                conditions.append(compare("eq", self.visit(subject), self.visit(branch.this)))
            results.append(self.visit(branch.args["true"]))
        default = tree.args.get("default")
        results.append(literal(None, None) if default is None else self.visit(default))
        return choose(conditions, results)

    def _if(self, tree: exp.If) -> Node:
        only(tree, "this", "true", "false")
        otherwise = tree.args.get("false")
        results = [self.visit(tree.args["true"]), literal(None, None) if otherwise is None else self.visit(otherwise)]
        return choose([self._truth(tree.this, "IF")], results)

    def _cast(self, tree: exp.Cast | exp.TryCast) -> Node:
        only(tree, "this", "to", "safe")
        target, attempt = _target(tree.args["to"]), isinstance(tree, exp.TryCast)
        operand = self.visit(tree.this)
        if operand.type is None:
            return literal(None, target)
        if not can_convert(operand.type, target):
            raise ExpressionInvalid("cannot_convert", f"There is no way from {named(operand.type)} to {named(target)}.")
        if operand.is_literal and operand.type is LogicalType.STRING and target in literals.MOMENTS and not attempt:
            adapted = literals.adapt(operand, target)
            if adapted is None:
                raise ExpressionInvalid("invalid_literal", f"{literals.misfit(operand, target)}.")
            return adapted
        if operand.type is target:
            return operand
        fails = can_fail(operand.type, target)
        return node(
            "convert",
            target,
            operand,
            value=attempt,
            nullable=True if attempt and fails else None,
            fallible=fails and not attempt,
        )


def compare(op: str, left: Node, right: Node) -> Node:
    """A comparison of two values that can be compared."""
    _, operands = unify((left, right), "be compared")
    return node(op, LogicalType.BOOLEAN, *operands, nullable=False if op in ("same", "distinct") else None)


def truth(operand: Node, word: str) -> Node:
    """The operand, which must be true or false."""
    if operand.type is None:
        return literal(None, LogicalType.BOOLEAN)
    if operand.type is not LogicalType.BOOLEAN:
        raise ExpressionInvalid("wrong_type", f"{word} needs true or false, and this is {named(operand.type)}.")
    return operand


def choose(conditions: list[Node], results: list[Node]) -> Node:
    """The first result whose condition is true; the last result has none."""
    type_, results_ = unify(results, "be results of one CASE")
    return node("case", type_, *conditions, *results_, nullable=any(result.nullable for result in results_))


def unknown_column(name: str, known: list[str]) -> ExpressionInvalid:
    """There is no such column, and which one may have been meant."""
    near = nearest(name, known)
    hint = f" Did you mean {near!r}?" if near else ""
    return ExpressionInvalid("column_unknown", f"There is no column {name[:200]!r} here.{hint}")


def nearest(name: str, known: list[str]) -> str | None:
    """The name that may have been meant."""
    near = difflib.get_close_matches(name[:200], [other[:200] for other in known[:2_000]], n=1, cutoff=0.6)
    if not near:
        near = [other for other in known if other.lower() == name.lower()][:1]
    return near[0] if near else None


def _negated(found: Node) -> Node:
    return node("not", LogicalType.BOOLEAN, found)


def _target(wanted: exp.DataType) -> LogicalType:
    name = wanted.this
    parameters = [str(parameter) for parameter in wanted.args.get("expressions") or []]
    if wanted.args.get("nested"):
        name = None
    if name is exp.DType.USERDEFINED:
        spelled = str(wanted.args.get("kind") or "").strip('"').lower()
        if spelled in set(LogicalType):
            return LogicalType(spelled)
        name = None
    found = _TYPES.get(name) if isinstance(name, exp.DType) else None
    if found is None:
        raise ExpressionInvalid("type_unknown", f"That is none of the types there are: {_TYPE_NAMES}.")
    if parameters:
        raise ExpressionInvalid(
            "type_unknown", "Types are written without lengths and digits; use ROUND or LEFT for what is too long."
        )
    return found
