"""Readers of written texts and of what stands between parts."""

import re
from collections.abc import Iterator

from services.transform.planner.lexicon import SEPARATORS
from services.transform.planner.numbers import UNITS
from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.slots import _NOT_NAMES, _glued_end
from services.transform.planner.words import Token, key, parts


# -- texts
@slot("Text")
def a_text(reader: Reader, at: int) -> Iterator[Result]:
    """A written text: quoted, or one piece as it was typed."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, token.text, 0.0
        return
    for size in (2, 1):
        sign = SEPARATORS.get(" ".join(reader.low(at + step) for step in range(size)))
        if sign is not None and (size == 2 or sign in "-/*_#?") and reader.low(at) not in ("x", "star"):
            yield at + size, sign, 0.05  # a question mark, a dash
            return
    for end, _, cost in reader.match("nothing|empty string|empty text|[just] blank|emptiness|empty|nothing at all", at):
        yield end, "", cost + 0.05
    if token.kind in ("number", "date"):
        end = _glued_end(reader, at)
        yield end, reader.raw(at, end), 0.05
    elif token.kind == "word" and token.low not in (
        "it",
        "them",
        "that",
        "which",
        "if",
        "where",
        "in",
        "of",
        "and",
        "or",
        "to",
        "by",
        "with",
        "each",
        "every",
    ):
        end = _glued_end(reader, at)
        yield end, reader.raw(at, end), 0.3
        while end < len(reader.tokens) and end - at < 4:
            following = reader.tokens[end]
            if following.kind not in ("word", "number") or following.low in _NOT_NAMES:
                break
            end = _glued_end(reader, end)
            yield end, reader.raw(at, end), 0.9
    elif token.kind == "sign" and token.text in ("-", "/", "*", "#", "?", "_", "|", "+", "&", "%", "@", "$"):
        end = at + 1
        while (
            end < len(reader.tokens)
            and reader.tokens[end].start == reader.tokens[end - 1].end
            and reader.tokens[end].text == token.text
        ):
            end += 1
        yield end, reader.raw(at, end), 0.3


@slot("Sep")
def separator(reader: Reader, at: int) -> Iterator[Result]:
    """What stands between parts: quoted, a sign, or the name of a sign."""
    start = at
    if reader.low(start) in ("single", "first", "last", "character", "separator", "one"):
        start += 1
    if reader.low(start) == "character":
        start += 1
    if start >= len(reader.tokens):
        return
    token = reader.tokens[start]
    if token.kind == "quoted":
        yield from _with_kind(reader, start + 1, token.text, 0.0)
        return
    for end, env, cost in reader.match(
        "<a:SepName> (and|then|followed by|plus|&|+) [single] space|<a:SepName> , space", start
    ):
        yield end, env["a"] + " ", cost
    for end, env, cost in reader.match(
        "space , <a:SepName> (and|,) space|<a:SepName> (with|surrounded by) (spaces|space) (around it|on both sides|each side|either side)",
        start,
    ):
        yield end, f" {env['a']} ", cost
    yield from reader.slot("SepName", start)
    if token.kind == "word" and len(token.text) == 1 and token.text.isupper():
        yield start + 1, token.text, 0.2
    plain = token.kind == "sign" and token.text not in ("(", ")")
    if plain and (start + 1 < len(reader.tokens) or token.text != "."):
        yield from _with_kind(reader, start + 1, token.text, 0.05)


@slot("SepName")
def separator_name(reader: Reader, at: int) -> Iterator[Result]:
    """The name of a sign."""
    sign = SEPARATORS.get(reader.low(at))
    if sign is not None:
        yield from _with_kind(reader, at + 1, sign, 0.05)
        if reader.low(at) == "at" and reader.low(at + 1) == "sign":
            yield at + 2, "@", 0.0


def _with_kind(reader: Reader, end: int, sign: str, cost: float) -> Iterator[Result]:
    yield end, sign, cost
    if reader.low(end) in ("sign", "character", "symbol", "signs", "char", "mark", "characters"):
        yield end + 1, sign, cost
        end += 1
    if reader.low(end) == "(" and reader.low(end + 2) == ")":
        yield end + 3, sign, cost


def names_of(tokens: list[Token]) -> str:
    """The key of some tokens."""
    return key("".join(token.low for token in tokens))


def is_unit_of(unit: str, column_name: str) -> bool | None:
    """Whether a unit is the one that a column's name ends with; None when the name bears none."""
    borne = [part for part in parts(column_name) if part in UNITS]
    if not borne or unit not in UNITS:
        return None
    return UNITS[borne[-1]] == UNITS[unit]


def in_unit_of(value: float | int, unit: str | None, column_name: str) -> float | int | None:
    """A number in the unit that the column's name bears; None where the two do not go together."""
    if unit is None or unit == "%":
        return value
    borne = [part for part in parts(column_name) if part in UNITS]
    if not borne or unit not in UNITS:
        return value
    (kind, size), (own_kind, own) = UNITS[unit], UNITS[borne[-1]]
    if kind != own_kind:
        return value if re.search(r"^(min|m)$", borne[-1]) else None
    converted = value * size / own
    return int(converted) if float(converted).is_integer() else converted
