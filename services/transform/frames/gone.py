"""Frames about columns that an earlier step of the same instruction took away: taking them away again asks for nothing."""

from typing import Any

from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import Reader, slot
from services.transform.planner.words import key

frames = Frames("gone")
frame = frames.frame


@slot("GoneColumns")
def gone(reader: Reader, at: int) -> Any:
    """Columns that are gone since the instruction began."""
    left = {key(name): name for name in reader.memory.removed}
    end, found = at, False
    while end < len(reader.tokens):
        size = next(
            (n for n in (4, 3, 2, 1) if end + n <= len(reader.tokens) and key(reader.raw(end, end + n)) in left), 0
        )
        if not size:
            return
        end, found = end + size, True
        yield end, found, 0.1
        end += reader.low(end) in ("and", ",")
        end += reader.low(end) == "and"


@frame("columns that are gone already")
def already(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nothing is left to do."""
    return act()
