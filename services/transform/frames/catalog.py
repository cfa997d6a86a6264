"""All frames, in the order in which they are tried."""

import re

from services.transform.frames import (
    adjusted,
    amounts,
    asked,
    calculated,
    columns,
    deriving,
    factored,
    filled,
    fills,
    gone,
    grouped,
    grouping,
    hidden,
    hiding,
    joining,
    kept,
    letters,
    making,
    masked,
    moving,
    numbers,
    parted,
    pieces,
    ranks,
    repeats,
    rows,
    shaping,
    shares,
    sized,
    sorting,
    spelled,
    tabled,
    types,
    values,
    variants,
    windowed,
    windows,
)
from services.transform.frames.base import Frame
from services.transform.planner.pattern import declared

FRAMES: tuple[Frame, ...] = (
    *columns.frames.all,
    *rows.frames.all,
    *repeats.frames.all,
    *sorting.frames.all,
    *amounts.frames.all,
    *fills.frames.all,
    *values.frames.all,
    *types.frames.all,
    *spelled.frames.all,
    *numbers.frames.all,
    *letters.frames.all,
    *pieces.frames.all,
    *joining.frames.all,
    *hiding.frames.all,
    *deriving.frames.all,
    *making.frames.all,
    *grouping.frames.all,
    *shaping.frames.all,
    *ranks.frames.all,
    *windows.frames.all,
    *windowed.frames.all,
    *filled.frames.all,
    *grouped.frames.all,
    *tabled.frames.all,
    *kept.frames.all,
    *parted.frames.all,
    *hidden.frames.all,
    *masked.frames.all,
    *adjusted.frames.all,
    *variants.frames.all,
    *sized.frames.all,
    *asked.frames.all,
    *calculated.frames.all,
    *shares.frames.all,
    *factored.frames.all,
    *gone.frames.all,
    *moving.frames.all,
)

# Every word that stands in a pattern: none of them is a misspelling.
WORDS: frozenset[str] = frozenset(
    word
    for text in (*(pattern for frame in FRAMES for pattern in frame.patterns), *declared())
    for word in re.findall(r"(?<![@<:\w])[a-z]+(?![\w:])", text)
)
