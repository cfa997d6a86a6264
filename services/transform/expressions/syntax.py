"""Text → syntax tree: within limits of length, tokens and depth, and without ever running what was written."""

import logging
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from services.transform.expressions.tree import ExpressionInvalid

MAX_LENGTH = 10_000
MAX_TOKENS = 4_000
MAX_NESTING = 30
MAX_DEPTH = 150

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})

# The parser warns about statements it does not know and repeats them; they are refused here anyway.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class _Parser(DuckDBParser):
    """DuckDB's grammar; but a DECIMAL without digits stays one without digits, and does not become one of 18 and 3."""

    TYPE_CONVERTERS: ClassVar[dict[exp.DType, Any]] = {}


def parse(text: str) -> exp.Expr:
    """The syntax tree of one expression; raises ExpressionInvalid. What it means is judged elsewhere."""
    if len(text) > MAX_LENGTH:
        raise ExpressionInvalid("too_large", f"The expression is longer than {MAX_LENGTH} characters.")
    if "\x00" in text:
        raise ExpressionInvalid("syntax", "The expression holds a character that no text may hold.")
    try:
        tokens = DuckDB().tokenize(text)
        _check_nesting(tokens)
        trees = [tree for tree in _Parser(dialect=DuckDB()).parse(tokens, text) if tree is not None]
    except RecursionError:
        raise _too_deep() from None
    except ParseError as error:
        raise ExpressionInvalid("syntax", _sentence(error)) from None
    except SqlglotError:
        raise ExpressionInvalid("syntax", "The expression cannot be read: a quote or comment has no end.") from None
    if len(trees) != 1:
        what = "There is no expression." if not trees else "There must be one expression, without semicolons."
        raise ExpressionInvalid("syntax", what)
    tree = trees[0]
    if not isinstance(tree, exp.Expr):
        raise ExpressionInvalid("not_allowed", "This is no expression.")
    _check_depth(tree)
    return tree


def _check_nesting(tokens: list[Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise ExpressionInvalid("too_large", f"The expression has more than {MAX_TOKENS} words and signs.")
    depth = prefixes = 0
    for token in tokens:
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
        prefixes = prefixes + 1 if token.token_type in _PREFIXES else 0
        if depth > MAX_NESTING or prefixes > MAX_NESTING:
            raise _too_deep()


def _check_depth(tree: exp.Expr) -> None:
    waiting: list[tuple[exp.Expr, int]] = [(tree, 1)]
    while waiting:
        current, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        for child in current.iter_expressions():
            # a AND b AND c is one level, however long it is.
            same = isinstance(current, exp.And | exp.Or) and type(child) is type(current)
            waiting.append((child, depth if same else depth + 1))


def _too_deep() -> ExpressionInvalid:
    return ExpressionInvalid("too_deep", "The expression is nested too deeply; make columns of its parts.")


def _sentence(error: ParseError) -> str:
    where = error.errors[0] if error.errors else {}
    near = str(where.get("highlight") or "").strip()[:60]
    line, column = where.get("line"), where.get("col")
    place = f" at line {line}, column {column}" if line and column else ""
    return f"The expression cannot be read{place}{f', near {near!r}' if near else ''}."
