"""Frames about rows that are there more than once."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Deduplicate,
    DropNull,
    SortKey,
)
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner import dates
from services.transform.planner.reading import Reader
from services.transform.planner.view import ask

frames = Frames("repeats")
frame = frames.frame


# -- duplicates
@frame("drop repeated rows")
def distinct_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Each row once."""
    return act(Deduplicate())


_OF_ROWS = frozenset(
    "keep keeping retain retaining leave leaving row rows record records entry line one single with having duplicates duplicate repeats only".split()
)
_LAST = "(last|final|latest|bottom|most recent) [one|row|record|entry|occurrence|appearance|line|of them|of each|copy|seen|found|instance|<e2:Entity>] [that appears|that occurs|seen|found|encountered|in file|in table|in order|listed|appearing|you find|each time|in the file|of each|only|to appear|in original order|in file order]"


_LISTED = re.compile(r"[^,;|]+([,;|] ?[^,;|]+)+")


def _asks_for_lists(reader: Reader, keys: tuple[str, ...], said: set[str]) -> None:
    """Raises Doubt for one row per label where each row has a list of labels: are the lists to be taken apart?"""
    if len(keys) != 1 or keys[0].casefold() in said or reader.column(keys[0]).type is not LogicalType.STRING:
        return
    values = reader.column(keys[0]).values[:200]
    if sum(_LISTED.fullmatch(value) is not None for value in values) * 3 > len(values):
        ways = [f"one row for each entry of the lists in '{keys[0]}'", f"one row for each different '{keys[0]}'"]
        raise ask("ambiguous", f"Is {ways[0]} wanted, or {ways[1]}?", ways)


_AGAIN = frozenset(
    "repeated duplicate duplicated duplicates already seen earlier before another previous repeat repeats".split()
)


@frame("one row for each key")
def one_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first row for each key."""
    words = [reader.low(step) for step in range(start, end)]
    if not set(words) - {"keep"}:
        return None
    listed = words[0] in ("list", "show", "print", "display") and {"distinct", "different", "unique"} & set(words)
    if listed and not set(words) & _OF_ROWS:
        return None  # `list the distinct regions` asks for the regions alone
    beside = len(env["k"]) == 2 and {"where", "which", "whose"} & set(words) and "are" in words
    if beside and not set(words) & _AGAIN:
        return None  # `where home and away are the same` compares the two of each row
    _asks_for_lists(reader, env["k"], set(words))
    return act(Deduplicate(keys=env["k"]), touched=env["k"])


@frame("which row for each key")
def which_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first, the last or the extreme row for each key."""
    keys = env.get("k", ())
    if "by" in env:
        if env["by"] in keys:
            return None
        said = {reader.low(step) for step in range(start, end)}
        if not said & _OF_ROWS and "e" not in env and "e2" not in env:
            return None  # `the highest price per product` is a figure, not a row
        order = (SortKey(column=env["by"], descending=env["dir"]),)
        filled = DropNull(columns=(env["by"],))
        del filled
        return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
    if "last" in env and env["last"] == "recent":
        moments = dates.moments(reader)
        if len(moments) == 1:
            order = (SortKey(column=moments[0], descending=True),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Latest by which column?", moments or reader.view.names)
    if "first" in env and env["first"] == "early":
        moments = dates.moments(reader)
        if len(moments) == 1:
            order = (SortKey(column=moments[0]),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Earliest by which column?", moments or reader.view.names)
    return act(Deduplicate(keys=keys, keep="last" if "last" in env else "first"), touched=keys)


@frame("no row that is repeated")
def never_repeated(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only rows that occur once."""
    words = {reader.low(step) for step in range(start, end)}
    if "keep" not in words and not words & {
        "including",
        "none",
        "entirely",
        "completely",
        "originals",
        "included",
        "once",
    }:
        return None
    return act(Deduplicate(keys=env.get("k", ()), keep="none"))
