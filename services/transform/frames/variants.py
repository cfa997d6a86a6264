"""Frames about values that are spelled in several ways: the spellings of each stand side by side, joined by slashes."""

from typing import Any

from services.transform.frames.base import Answer, Frames
from services.transform.frames.values import _old, _replaced
from services.transform.planner.reading import Reader, slot

frames = Frames("variants")
frame = frames.frame

Families = tuple[tuple[str, ...], ...]


@slot("Variants")
def variants(reader: Reader, at: int) -> Any:
    """1st / First / 1, 2nd / Second / 2: the spellings of each value together."""
    yield from _families(reader, at, ())


def _families(reader: Reader, at: int, found: Families) -> Any:
    for end, family, cost in _family(reader, at, ()):
        every = (*found, family)
        if len(every) > 1:
            yield end, every, cost
        for follow in {stop for stop, _, _ in reader.match(", and|and|,|;", end)}:
            for stop, rest, more in _families(reader, follow, every):
                yield stop, rest, cost + more


def _family(reader: Reader, at: int, found: tuple[str, ...]) -> Any:
    for end, value, cost in _old(reader, at):
        family = (*found, value)
        if len(family) > 1:
            yield end, family, cost
        if reader.low(end) in ("/", "|"):
            for stop, rest, more in _family(reader, end + 1, family):
                yield stop, rest, cost + more


@frame("spellings side by side", cost=0.1)
def side_by_side(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Each spelling becomes the one that was chosen for its family."""
    families: Families = env["v"]
    chosen: tuple[str, ...] = env["n"]
    if len(chosen) != len(families):
        return None
    own = [[at for at, family in enumerate(families) if new.casefold() in map(str.casefold, family)] for new in chosen]
    if any(own) and any(at != [place] for place, at in enumerate(own)):
        return None  # what is to stand for a family is one of it, or none of them is
    pairs = tuple((old, new) for family, new in zip(families, chosen, strict=True) for old in family if old != new)
    return _replaced(reader, env["c"], pairs)
