"""Frames about what part of the whole each group has."""

from typing import Any

from contracts.recipe import Derivation, Derive, Drop, Step, Window, WindowColumn
from services.transform.frames.aggregating import aggregated
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.measures import Figure
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot
from services.transform.planner.words import parts

frames = Frames("shares")
frame = frames.frame


@slot("Whole")
def whole(reader: Reader, at: int) -> Any:
    """What is shared out: a column that is summed, None for the rows."""
    for end, name, cost in reader.slot("Col", at):
        identifies = {"id", "key", "code", "no", "number"} & set(parts(name))
        if reader.column(name).type in NUMERIC and truth(reader.column(name)) is None and not identifies:
            yield end, name, cost
    for end, _, cost in reader.match("@rows|<e:Entity>", at):
        yield end, None, cost + 0.3


@frame("share of each group", cost=0.2)
def share(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """One row for each group, with what part of the whole it has."""
    column = env["w"]
    percent = env["p"] or "pc" in env
    name = env.get("n") or ("percent" if percent else "share")
    if name in env["k"].columns:
        return None
    total = fresh(reader, "whole")
    done = aggregated(reader, env["k"], (Figure("count" if column is None else "sum", column, name),))
    if done is None:
        return None
    sql = f"{quoted(name)} * 100 / {quoted(total)}" if percent else f"{quoted(name)} / {quoted(total)}"
    if "d" in env:
        sql = f"ROUND({sql}, {env['d']})"
    steps: tuple[Step, ...] = (
        Window(columns=(WindowColumn(name=total, function="sum", column=name),)),
        Derive(columns=(Derivation(column=name, expression=sql),)),
        Drop(columns=(total,)),
    )
    return act(*done.steps, *steps, made=(name,), used=done.used)
