"""Frames about groups of rows: counts, totals, means and other figures for each of them, or for the table."""

from typing import Any

from contracts.recipe import (
    Deduplicate,
    Limit,
    Select,
    Sort,
    SortKey,
)
from services.transform.frames import told  # noqa: F401 - its reader registers itself
from services.transform.frames.aggregating import aggregated
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.measures import Figure, Keys, _with
from services.transform.planner.reading import NUMERIC, Reader, slot

frames = Frames("grouping")
frame = frames.frame


@frame("figures of groups")
def of_groups(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """One row for each group, with its figures."""
    wanted: tuple[Figure, ...] = env.get("f", ())
    verb = reader.low(start)
    if verb in ("one", "single") and {one.function for one in wanted} <= {"max", "min"}:
        return None  # one row for each club, the latest season: a row is to stay
    if not wanted and "c" in env:
        wanted = tuple(Figure("mean" if verb == "average" else "sum", name) for name in env["c"])
    if not wanted:
        if verb in ("total", "sum", "average", "add"):
            return None
        wanted = (Figure("count", None),)
    if "n0" in env:
        if len(wanted) != 1:
            return None
        wanted = (_with(wanted[0], name=env["n0"]),)
    if "nn" in env:
        if len(env["nn"]) != len(wanted):
            return None
        wanted = tuple(_with(one, name=name) for one, name in zip(wanted, env["nn"], strict=True))
    if "pc" in env:
        if any(one.function != "share" or one.whole for one in wanted):
            return None
        wanted = tuple(Figure(one.function, one.column, one.name, one.digits, 100.0, one.where) for one in wanted)
    if "d0" in env:
        wanted = tuple(_with(one, digits=env["d0"]) for one in wanted)
    return aggregated(reader, env["k"], wanted)


@frame("figures of the table", cost=0.8)
def of_table(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """One row with figures of the whole table."""
    wanted: tuple[Figure, ...] = env["f"]
    if reader.memory.made and not reader.view.rows:
        return None  # groups were just made: a further figure is one of theirs
    if {"each", "every", "per", "best", "worst"} & {reader.low(step) for step in range(start, end)}:
        return None
    if all(one.column is None and one.where is None for one in wanted) and end - start < 2:
        return None
    if reader.low(start) in ("max", "top", "first", "last", "min", "best", "keep") or (
        reader.low(start) in ("highest", "lowest", "largest", "smallest") and end - start < 3
    ):
        return None
    verbs = {
        "what",
        "how",
        "compute",
        "calculate",
        "tell",
        "find",
        "average",
        "mean",
        "total",
        "sum",
        "overall",
        "median",
        "number",
        "count",
        "work",
        "give",
        "show",
        "know",
        "need",
        "get",
        "want",
    }
    if not {reader.low(step) for step in range(start, end)} & verbs:
        return None
    if "n0" in env and len(wanted) == 1:
        wanted = (_with(wanted[0], name=env["n0"]),)
    if "d0" in env:
        wanted = tuple(_with(one, digits=env["d0"]) for one in wanted)
    return aggregated(reader, Keys(()), wanted)


@frame("different values")
def different_values(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The different values of some columns."""
    low = [reader.low(step) for step in range(start, end)]
    if "number" in low or "count" in low or "rows" in low:
        return None
    return act(Select(columns=env["c"]), Deduplicate(), touched=env["c"])


@frame("order of the groups")
def by_that(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Sorted by what was just made."""
    made = [name for name in reader.memory.made if reader.view.column(name) is not None]
    if len(made) != 1:
        return None
    if "x" in env:
        return act(Sort(by=(SortKey(column=made[0], descending=bool(env["x"])),)), made=reader.memory.made)
    said = env.get("d")
    return act(Sort(by=(SortKey(column=made[0], descending=said in ("down", "late")),)), made=reader.memory.made)


@slot("Counted")
def counted_things(reader: Reader, at: int) -> Any:
    """What the rows are called, where no column of numbers is called so too."""
    for end, word, cost in reader.slot("Entity", at):
        link = reader.index.column(reader.tokens[at:end])
        if link is None or all(reader.column(name).type not in NUMERIC for name in link.columns):
            yield end, word, cost


@frame("group with the extreme figure", cost=0.2)
def extreme_group(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The groups whose figure is the greatest or the smallest."""
    counted = (Figure("sum", env["c"]),) if "c" in env else (Figure("count", None),)
    wanted = env.get("f") or counted
    if len(wanted) != 1:
        return None
    done = aggregated(reader, env["k"], wanted)
    if done is None:
        return None
    descending = bool(env.get("x", True))
    order = Sort(by=(SortKey(column=done.made[0], descending=descending),))
    return act(*done.steps, order, Limit(rows=env.get("n", 1)), made=done.made, used=done.used)
