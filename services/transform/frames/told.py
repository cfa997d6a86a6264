"""Readers of figures that their names tell: `min_bill, max_bill and avg_bill of total_bill`."""

from typing import Any

from services.transform.frames.measures import Figure
from services.transform.planner.reading import Reader, slot
from services.transform.planner.words import parts

_TOLD = {
    "min": "min", "minimum": "min", "lowest": "min", "smallest": "min", "max": "max", "maximum": "max", "highest": "max",
    "largest": "max", "avg": "mean", "average": "mean", "mean": "mean", "sum": "sum", "total": "sum", "median": "median",
    "std": "std",
}  # fmt: skip


@slot("FiguresByName")
def by_name(reader: Reader, at: int) -> Any:
    """New names whose first word is a figure, and the column that all of them are of."""
    for end, env, cost in reader.match("<n:Names> (of|for|from) [the] [@column] <c:Col>", at):
        told = [_TOLD.get(parts(name)[0]) if len(parts(name)) > 1 else None for name in env["n"]]
        if len(told) > 1 and all(told) and not any(reader.view.column(name) for name in env["n"]):
            yield (
                end,
                tuple(Figure(str(one), env["c"], name) for one, name in zip(told, env["n"], strict=True)),
                cost + 0.2,
            )
