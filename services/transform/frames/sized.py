"""Frames about groups that are judged by their rows: how many there are of them, and which is the last in time."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Deduplicate,
    Derivation,
    Derive,
    Drop,
    Filter,
    ParseDate,
    SortKey,
    Step,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.planner import dates
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.spellings import date_format, dated_columns
from services.transform.planner.view import ask

frames = Frames("sized")
frame = frames.frame

_HAVING = "(with|having|that have|which have|who have|that had|with a total of|that made|containing|where there are)"


@slot("GroupSize")
def group_size(reader: Reader, at: int) -> Any:
    """Carriers with more than 5 flights: what is grouped by, None where that was said before, and how many rows."""
    for end, env, cost in reader.match(
        f"<c:Col> {_HAVING} (<op:Bound>) (@rows|<e:Entity>) [each]|(groups|group) [{_HAVING}|of] (<op:Bound>) (@rows|<e:Entity>|)",
        at,
    ):
        if "c" in env and reader.low(at) == env["c"].casefold() and reader.column(env["c"]).type in NUMERIC:
            continue
        if "e" in env and "c" in env and _is(reader, env["e"], end, env["c"]):
            continue
        yield end, (env.get("c"), *env["op"]), cost + 0.2


def _is(reader: Reader, said: str, end: int, column: str) -> bool:
    """Whether the things that are counted are the groups themselves."""
    link = reader.index.column([reader.tokens[end - 1]])
    return said == reader.low(end - 1) and link is not None and link.columns == (column,)


@frame("rows of groups of a size", cost=1.2)
def rows_of_groups(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of groups that have so many of them."""
    column, operator, value = env.get("s") or env["g"]
    if column is None or reader.view.rows <= 0:
        return None
    if "g" in env:
        ways = [f"the rows of each such '{column}'", f"one row for each such '{column}', with their number"]
        raise ask("ambiguous", f"Are {ways[0]} wanted, or {ways[1]}?", ways)
    name = fresh(reader, f"rows_of_{column}")
    return act(
        Window(partition_by=(column,), columns=(WindowColumn(name=name, function="count"),)),
        Filter(where=f"{quoted(name)} {operator} {value}"),
        Drop(columns=(name,)),
        touched=(column,),
    )


@slot("Timed")
def timed(reader: Reader, at: int) -> Any:
    """Whether the latest is meant, or the earliest."""
    for words, late in (("latest|most recent|newest|last known", True), ("earliest|oldest known", False)):
        for end, _, cost in reader.match(words, at):
            yield end, late, cost


@frame("row of the latest date", cost=0.2)
def latest_row(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The row of each group whose date is the last one."""
    keys, wanted = env["k"], env["v"]
    moments = [name for name in dates.moments(reader) if name not in keys] or dated_columns(reader)
    if set(wanted) & {*keys, *moments}:
        return None
    if len(moments) != 1:
        raise ask("ambiguous", f"'{reader.raw(start, end)}': latest by which column?", moments or reader.view.names)
    column = moments[0]
    steps: list[Step] = []
    gone: tuple[Step, ...] = ()
    if reader.column(column).type is LogicalType.STRING:
        read = fresh(reader, f"{column}_read")
        formats = date_format(reader, column)
        to = "timestamp" if any("%H" in one for one in formats) else "date"
        steps.append(Derive(columns=(Derivation(column=read, expression=quoted(column)),)))
        steps.append(ParseDate(columns=(read,), formats=formats, to=to))
        gone, column = (Drop(columns=(read,)),), read
    elif reader.column(column).type not in (*TEMPORAL, *NUMERIC):
        return None
    order = (SortKey(column=column, descending=env["t"]),)
    return act(*steps, Deduplicate(keys=keys, keep="first", order_by=order), *gone, touched=keys)
