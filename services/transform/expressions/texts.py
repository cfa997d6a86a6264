"""Functions on text. Characters are counted, not bytes."""

from collections.abc import Callable

import polars as pl

from services.transform.expressions import patterns
from services.transform.expressions.tree import ExpressionInvalid, Node


def like(node: Node, value: pl.Expr) -> pl.Expr:
    """LIKE and ILIKE."""
    pattern, escape, ignore_case = node.value
    plain = None if ignore_case else patterns.plain_like(pattern, escape)
    if plain is None:
        return value.str.contains(patterns.like_to_regex(pattern, escape, ignore_case))
    way, text = plain
    if way == "starts":
        return value.str.starts_with(text)
    if way == "ends":
        return value.str.ends_with(text)
    return value == text if way == "equals" else value.str.contains(text, literal=True)


def check_patterns(root: Node) -> None:
    """Let the engine judge regular expressions before any row does: one may be malformed, or too large compiled."""
    waiting = [root]
    while waiting:
        current = waiting.pop()
        waiting.extend(current.args)
        if current.op.startswith("REGEXP_"):
            _check_pattern(current)


def _check_pattern(node: Node) -> None:
    try:
        pl.Series([""]).str.contains(_pattern(node, 9))
    except pl.exceptions.ComputeError as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.startswith("error: ")), "")
        detail = reason.removeprefix("error: ") or "it is too large"
        raise ExpressionInvalid("invalid_pattern", f"The pattern cannot be used: {detail[:200]}.") from None


def _written(node: Node, position: int, default: str) -> str:
    return str(node.args[position].value) if len(node.args) > position else default


def _substring(node: Node, value: pl.Expr, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    """Positions before the first are before the text, as in the SQL standard."""
    begin = pl.max_horizontal(start, pl.lit(1))
    if length is None:
        # A null position is no position at all.
        return pl.when(start.is_not_null()).then(value.str.slice(begin - 1))
    count = pl.max_horizontal(start + length - begin, pl.lit(0))
    return pl.when(start.is_not_null() & length.is_not_null()).then(value.str.slice(begin - 1, count))


def _pad(node: Node, value: pl.Expr) -> pl.Expr:
    length, fill = int(node.args[1].value), _written(node, 2, " ")
    cut = value.str.slice(0, length)
    return cut.str.pad_start(length, fill) if node.op == "LPAD" else cut.str.pad_end(length, fill)


def _replace(node: Node, value: pl.Expr) -> pl.Expr:
    old, new = _written(node, 1, ""), _written(node, 2, "")
    return value.str.replace_all(old, new, literal=True) if old else value


def _split_part(node: Node, value: pl.Expr) -> pl.Expr:
    number = int(node.args[2].value)
    part = value.str.split(_written(node, 1, "")).list.get(number - 1 if number > 0 else number, null_on_oob=True)
    return pl.when(value.is_not_null()).then(part.fill_null(""))


def _regex_like(node: Node, value: pl.Expr) -> pl.Expr:
    return value.str.contains(_pattern(node, 2))


def _regex_replace(node: Node, value: pl.Expr) -> pl.Expr:
    pattern, new = _pattern(node, 3), patterns.replacement(_written(node, 2, ""))
    return value.str.replace_all(pattern, new) if "g" in _written(node, 3, "") else value.str.replace(pattern, new)


def _regex_extract(node: Node, value: pl.Expr) -> pl.Expr:
    group = int(node.args[2].value) if len(node.args) > 2 else 0
    found = value.str.extract(_pattern(node, 9), group)
    return pl.when(value.is_not_null()).then(found.fill_null(""))


def _pattern(node: Node, flags: int) -> str:
    return patterns.with_flags(_written(node, 1, ""), _written(node, flags, ""))


PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "UPPER": lambda node, value: value.str.to_uppercase(),
    "LOWER": lambda node, value: value.str.to_lowercase(),
    "TRIM": lambda node, value, *rest: value.str.strip_chars(_written(node, 1, " ")),
    "LTRIM": lambda node, value, *rest: value.str.strip_chars_start(_written(node, 1, " ")),
    "RTRIM": lambda node, value, *rest: value.str.strip_chars_end(_written(node, 1, " ")),
    "LENGTH": lambda node, value: value.str.len_chars().cast(pl.Int64),
    "SUBSTRING": _substring,
    "LEFT": lambda node, value, count: value.str.head(count),
    "RIGHT": lambda node, value, count: value.str.tail(count),
    "LPAD": lambda node, value, *rest: _pad(node, value),
    "RPAD": lambda node, value, *rest: _pad(node, value),
    "REPLACE": lambda node, value, *rest: _replace(node, value),
    "CONTAINS": lambda node, value, part: value.str.contains(part, literal=True),
    "STARTS_WITH": lambda node, value, part: value.str.starts_with(part),
    "ENDS_WITH": lambda node, value, part: value.str.ends_with(part),
    "SPLIT_PART": lambda node, value, *rest: _split_part(node, value),
    "REGEXP_LIKE": lambda node, value, *rest: _regex_like(node, value),
    "REGEXP_REPLACE": lambda node, value, *rest: _regex_replace(node, value),
    "REGEXP_EXTRACT": lambda node, value, *rest: _regex_extract(node, value),
}
