"""All frames, in the order in which they are tried."""

import re

from services.transform.planner.frames import cells, columns, deriving, grouping, numbers, rows, shaping, texts, windows
from services.transform.planner.frames.base import Frame
from services.transform.planner.pattern import declared

FRAMES: tuple[Frame, ...] = (
    *columns.frames.all,
    *rows.frames.all,
    *cells.frames.all,
    *numbers.frames.all,
    *texts.frames.all,
    *deriving.frames.all,
    *grouping.frames.all,
    *shaping.frames.all,
    *windows.frames.all,
)

# Every word that stands in a pattern: none of them is a misspelling.
WORDS: frozenset[str] = frozenset(
    word
    for text in (*(pattern for frame in FRAMES for pattern in frame.patterns), *declared())
    for word in re.findall(r"(?<![@<:\w])[a-z]+(?![\w:])", text)
)
