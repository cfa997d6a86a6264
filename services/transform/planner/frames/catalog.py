"""All frames, in the order in which they are tried."""

from services.transform.planner.frames import cells, columns, deriving, grouping, numbers, rows, shaping, texts, windows

FRAMES = (
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
