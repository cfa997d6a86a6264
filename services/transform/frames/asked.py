"""Frames about the first rows by a measure, said in any order: which end, by what, how many, of which rows, for each what."""

from typing import Any

from contracts.recipe import Filter
from services.transform.frames.amounts import top_of_each, top_rows
from services.transform.frames.base import Act, Answer, Frames, act
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, slot
from services.transform.planner.roles import bag

frames = Frames("asked")
frame = frames.frame

_EACH = "(per|for each|for every|in each|in every|of each|of every|within each|from each|on each|at each|by|each|inside each|across each|for each distinct)"
_BY = "(by|in terms of|according to|on|with respect to|measured by|judged by|based on|ranked by|going by|sorted by|ordered by|when sorted by)"
_HAVING = "(with|having|that have|which have|who have|that has|which has|who has|has|have|had|showing|by)"
_ENDS = "(<x:Extreme>|<x:Superlative>)"


@slot("InTime")
def in_time(reader: Reader, at: int) -> Any:
    """The first or the last in time."""
    if reader.low(at) in ("first", "last"):
        yield at + 1, reader.low(at) == "last", 0.2


@slot("AskedRoles")
def asked_roles(reader: Reader, at: int) -> Any:
    """Which end of what, how many, of which rows, for each what."""
    end = "[the] [single|one]"
    roles = {
        "best": f"{end} [top] <n:Count> (<s:Measured>)|{end} (<s:Measured>) <n:Count>|{end} (<s:Measured>)",
        "end": f"{end} [top] <n:Count> (<x:Superlative>)|{end} (<x:Superlative>) <n:Count>|{end} (<x:Superlative>)|{end} (<t:InTime>) [<n:Count>]|{end} (top|bottom) <n:Count>|{end} <n:Count>",
        "by": f"[,] {_BY} [@column|their|its|the] [highest|largest|biggest|most] <c:Col>",
        "with": f"{_HAVING} [the|their|its] {_ENDS} <c:Col>|{_HAVING} [the|their|its] <c:Col> {_ENDS}",
        "rows": "[,] [of|from|in|among|amongst|for|within|out of|on|at|during] [@all|the|those|only] <q:Who>",
        "things": "[,] [of|from|in|among|amongst|for|within|out of] [@all|the|those] (@rows|<e:Entity>|<t:Thing>|row|one|record) [@only]",
        "keys": f"[,] {_EACH} <k:Cols>|[,] (for|in|within|of|from|per|at|on) (each|every) <k:Cols>",
    }
    for needed in (("best",), ("end", "by"), ("with",)):
        wanted = {name: one for name, one in roles.items() if name in (*needed, "end", "rows", "things", "keys")}
        if needed == ("best",):
            wanted.pop("end")
        for last, found, cost in bag(reader, at, wanted, frozenset(needed)):
            if found.keys() & {"rows", "keys"}:
                yield last, found, cost


@frame("rows in roles", cost=0.7)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows with the greatest or smallest values, of those that satisfy something, in each group."""
    found = env["b"]
    given: dict[str, Any] = {}
    for role in ("end", "best", "by", "with"):
        given |= {name: value for name, value in found.get(role, {}).items() if name not in given or role == "with"}
    if "end" in found and "x" in found["end"] and "with" in found:
        return None  # two ends at once
    if "t" in given:
        given["x"] = given["t"]
        if reader.column(given["c"]).type not in TEMPORAL:
            return None  # the last one in time; otherwise it may be the last one listed
    if "c" in given and reader.column(given["c"]).type not in (*NUMERIC, *TEMPORAL):
        return None
    condition = found.get("rows", {}).get("q")
    if condition is not None and condition.sql.startswith("@"):
        return None
    given["k"] = tuple(found.get("keys", {}).get("k", ()))
    if condition is not None and set(condition.columns) & {*given["k"], given.get("c"), *given.get("s", ())[:1]}:
        return None  # what is said of the measure itself belongs elsewhere
    done = (top_of_each if given["k"] else top_rows)(reader, given, start, end)
    if not isinstance(done, Act):
        return None
    before = (Filter(where=condition.sql),) if condition is not None else ()
    return act(*before, *done.steps, touched=done.touched)
