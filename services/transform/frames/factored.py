"""Frames about numbers in another unit whose factor is told: `to centimetres (times 2.54)`."""

from typing import Any

from contracts.recipe import Derivation, Derive, Round, Step
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.deriving import checked_name
from services.transform.planner.reading import NUMERIC, Reader, number, quoted

frames = Frames("factored")
frame = frames.frame


@frame("unit by a factor")
def by_factor(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers times or divided by what was told, in place or under a new name."""
    columns: tuple[str, ...] = env["c"]
    if any(reader.column(name).type not in NUMERIC for name in columns) or not env["f"]:
        return None
    low = [reader.low(step) for step in range(start, end)]
    divided = bool({"divide", "divided", "dividing", "/", "÷"} & set(low))
    sign = "/" if divided else "*"
    new = env.get("n")
    if new is not None and len(columns) != 1:
        return None
    names = (checked_name(reader, new),) if new is not None else columns
    steps: list[Step] = [
        Derive(
            columns=tuple(
                Derivation(column=into, expression=f"{quoted(name)} {sign} {number(env['f'])}")
                for name, into in zip(columns, names, strict=True)
            )
        )
    ]
    if "d" in env:
        steps.append(Round(columns=names, digits=env["d"]))
    return act(*steps, made=names if new is not None else (), used=columns, touched=names)
