"""Readers of new names."""

import re
from collections.abc import Iterator

from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.slots import _NOT_NAMES, _glued_end, _joint

_WAY_TO_WRITE = re.compile(r"(?i)(?:d{1,2}|m{2,4}|y{2,4})(?:[-._]?(?:d{1,2}|m{1,4}|y{2,4})){1,2}")


# -- new names
@slot("Name")
def name(reader: Reader, at: int) -> Iterator[Result]:
    """A name for a column, new or not: quoted, in one piece, or some plain words."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        if token.text.strip():
            yield at + 1, token.text, 0.0
            if reader.low(at + 1) in ("column", "field"):
                yield at + 2, token.text, 0.0
        return
    if token.kind != "word":
        return
    shared = token.low == "last" and reader.low(at - 1) == "and" and reader.low(at - 2) == "first"
    if (
        token.low in ("first", "last", "middle", "full")
        and not shared
        and reader.low(at + 1) in ("name", "names", "part", "half")
    ):
        yield at + 2, reader.raw(at, at + 2), 0.3
    if token.low in _NOT_NAMES:
        if reader.low(at - 1) in ("called", "named") or token.low in (
            "name",
            "date",
            "number",
            "text",
            "count",
            "first",
            "last",
            "all",
            "title",
            "case",
            "upper",
            "lower",
            "value",
            "whole",
            "dates",
            "numbers",
            "above",
            "below",
            "over",
            "under",
            "show",
            "decimal",
        ):
            yield at + 1, reader.raw(at, at + 1), 1.0
        return
    end = _glued_end(reader, at)
    whole = reader.raw(at, end)
    if "/" in whole or _WAY_TO_WRITE.fullmatch(whole):
        return  # dd/mm/yyyy is a way to write, and no name
    cost = 0.0
    yield end, whole, cost
    if reader.low(end) in ("column", "field", "col"):
        yield end + 1, whole, cost
    if reader.low(end) == "," and reader.low(end + 1) in ("spelled", "spelt") and end + 2 < len(reader.tokens):
        last = _glued_end(reader, end + 2)
        yield last, reader.raw(end + 2, last), cost
    if reader.low(end) == "(" and reader.tokens[end].start == reader.tokens[end - 1].end:
        close = next((j for j in range(end, min(end + 4, len(reader.tokens))) if reader.low(j) == ")"), None)
        if close is not None:
            yield close + 1, reader.raw(at, close + 1), 0.0
    # Some words: `Body Mass`, as long as nothing that has a meaning stands among them.
    step = end
    while step < len(reader.tokens) and step - at < 5:
        following = reader.tokens[step]
        if following.kind not in ("word", "number") or following.low in _NOT_NAMES:
            break
        if following.low in ("up", "down") and reader.low(step + 1) in ("to", "from"):
            break  # `S up to 40` is S
        step = _glued_end(reader, step)
        if token.low in _ORDERING and following.low in ("both", "it", "them", "all", "each", "this", "that"):
            break  # `trim both` is an order
        if _says_something(reader, at, step) or (whole.islower() and following.low in _RELATING):
            break
        yield step, reader.raw(at, step), 0.6 if whole[:1].isupper() else 0.9
        if reader.low(step) == "(" and reader.low(step + 2) == ")":
            yield step + 3, reader.raw(at, step + 3), 0.6


_SAYING = frozenset(
    """
    missing blank blanks empty null nulls unknown gap gaps each every all any whose same consistent times divided more
    less most least highest lowest average mean median total per without using names spelling values
    """.split()
)


_RELATING = frozenset(
    "next previous preceding following prior higher lower of share percentage whose which paid than one instead".split()
)


_ORDERING = frozenset(
    """
    recode relabel map convert change replace translate label code encode standardise standardize normalise normalize turn
    make set update clean fix split sort bin group round rank fill mask trim abbreviate expand rewrite
    """.split()
)


def _says_something(reader: Reader, start: int, end: int) -> bool:
    """Whether plain words together are more than a name: `blank deposits`, `taster names consistent`."""
    if reader.low(start - 1) in ("called", "named"):
        return False
    span = reader.tokens[start:end]
    if span[0].low in _ORDERING and reader.index.column(span) is None and reader.index.column(span[1:]) is not None:
        return True  # `recode rank` is an order
    if reader.raw(start, start + 1)[:1].isupper():
        return False
    said = {token.low for token in span}
    if not said & _SAYING or reader.index.column(span) is not None:
        return False
    return any(reader.index.column([token]) is not None for token in span)


@slot("Names")
def names(reader: Reader, at: int) -> Iterator[Result]:
    """Some new names."""
    start = at
    end_of = reader.first(
        "[new] [@columns] [called|named]|[new] [two|three|four|2|3|4] [new] [separate] @columns [called|named|:|,]", at
    )
    for begin in {start, end_of if end_of is not None else start}:
        yield from _more_names(reader, begin, (), 0.0)


def _more_names(reader: Reader, at: int, found: tuple[str, ...], cost: float) -> Iterator[Result]:
    for end, one, more in reader.slot("Name", at):
        if one in found:
            continue
        every = (*found, one)
        yield end, every, cost + more
        follow = _joint(reader, end)
        if follow is not None and len(every) < 12:
            yield from _more_names(reader, follow, every, cost + more)
