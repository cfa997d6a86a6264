"""Frames about columns that look at other rows, said in any order: the figure, within what, in which order, the name."""

from typing import Any

from contracts.recipe import Derivation, Derive, Drop, Round, SortKey, Step, Window, WindowColumn
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.frames.ranks import in_time
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.roles import bag

frames = Frames("windowed")
frame = frames.frame

SHARED = {
    "name": "(@call|as|in|into|to|called|named|under|in new|in a|to give|giving|it) [new|separate|first|extra] [@column|field] [called|named] <n:NewName> [@column|field]|@newname <n:NewName> [@column] [@isa|,|:|=|with|showing|saying|holding|that holds|that shows|giving|that gives|counting|that is|which is]|<n:NewName> [@column] (=|:|is|being)|@column <n:NewName>",
    "keys": "[separately|restarting|starting over|again|anew|all over] (@within|per|for each|within each|in each|by|for every|each|among|inside) [the|that|person ['s]|row ['s]|own] <k:Cols> [group|separately|value]",
    "round": "<d:Rounding>|(with|to) <d:Digits>|<d:Digits>",
    "blank": "<z:Blanks>",
}
_ORDER = {
    "order": "(from|starting with|starting at|beginning with) (earliest|oldest|first|lowest|smallest) <oc:Col> [on|onwards|up]|<dir:Direction> <oc:Col>|[sorted|ordered|in order|in the order|in sequence|going|arranged|counting|counted] (by|of|along|on|over|according to) <oc:Col> [order] [,|LP|from|in|with] [<dir:Direction>] [RP]|(in|by) <oc:Col> order|<o:RowOrder>",
    "direction": "<ro:RankOrder>",
}
_START = {
    "start": "[starting|beginning|counting] [up] (at|from|with) <s:Num> [up|upwards|for first|for first one|on]|<s:Num> (is|=|being|for) [first|earliest|one]"
}


@slot("NumberRoles")
def number_roles(reader: Reader, at: int) -> Any:
    """Rows numbered: within what, by what, from which number, under which name."""
    roles = {
        "what": "[@lead|@add|give|assign|as|put|with] [each|every|@all|its|their|the|own] [@rows|<e0:Entity>] [with|of] (row number|row numbers|running number|running numbers|sequence number|sequence numbers|serial number|consecutive number|consecutive numbers|order number|counter|line number|row index|position number|row counter)|(number|enumerate|count up|count through|count off|numbering|counting|which counts|that counts|counts) [up] [@all|each|every] [of] [@rows|<e1:Entity>|<k1:Cols> 's (@rows|<e2:Entity>)|occurrences] [of each <k3:Cols>|within each <k3:Cols>|per <k3:Cols>] [consecutively|one by one|up] [1 , 2 , 3] [...|…|, ...|and so on|etc] [of each <k4:Cols>]|(counting|counter|count) [up]|(number|counter) of [the] (row|<e4:Entity>)",
        **SHARED,
        **_ORDER,
        **_START,
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))
    for end, found, cost in bag(reader, at, roles, frozenset({"what"})):
        if "name" not in found and {"keys", "order", "start"} & found.keys():
            yield end, found, cost + 0.6


_NUMBERING = frozenset("number enumerate add give assign put count insert create make numbering within for per".split())


@frame("rows numbered", cost=0.4)
def numbered(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows numbered, within groups or all of them."""
    found = env["b"]
    keys = _keys(found, found["what"])
    order = _order(reader, found, keys)
    first = _of(found, "start", "s")
    counted = reader.low(start) == "number" and reader.low(start + 1) == "of"
    if "name" not in found and (counted or reader.low(start) not in _NUMBERING):
        return None
    if order is None or (first not in (None, 1) and (not isinstance(first, int) or keys)):
        return None
    name = checked_name(reader, _of(found, "name", "n") or fresh(reader, "row_number"))
    made = WindowColumn(name=name, function="row_number")
    steps: list[Step] = [Window(partition_by=keys, order_by=order, columns=(made,))]
    if first not in (None, 1):
        steps.append(Derive(columns=(Derivation(column=name, expression=f"{quoted(name)} + {int(first) - 1}"),)))
    return act(*steps, made=(name,))


@slot("RunningRoles")
def running_roles(reader: Reader, at: int) -> Any:
    """A running figure: of what, within what, in which order, under which name."""
    roles = {
        "what": "[@lead|@add|with|holding] [the] <r:Running> [of|for|over|in] [@all|the] <c:Col>|[@lead|@add] [the] (cumulative|running|accumulated) <c2:Col>|[@lead|@add] <c:Col> <r:Running>|[@lead|@add] [the] <sf:SoFar>",
        **SHARED,
        **_ORDER,
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


_FAR = "(so far|to date|until then|up to then|until now|up to now|by then|up to (that|this|each) <w1:Word>|up to and including (that|this|each) <w2:Word>) [from top [down] [to (that|this|each) <w3:Word>]|, from top to bottom]"


@slot("SoFar")
def so_far(reader: Reader, at: int) -> Any:
    """The highest value of a column among all rows up to this one: the figure and the column."""
    for words, function in (
        ("highest|maximum|max|largest|biggest|greatest|peak", "running_max"),
        ("lowest|minimum|min|smallest|least", "running_min"),
        ("total|sum of|sum|all", "running_sum"),
        ("average|mean|average of|mean of", "running_mean"),
    ):
        for end, env, cost in reader.match(
            f"({words}) <c:Col> [value|values] [seen|reached|recorded|there was|observed] {_FAR}", at
        ):
            yield end, (function, env["c"]), cost


@frame("running figure in roles", cost=0.4)
def running(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A figure of all rows up to this one."""
    found = env["b"]
    what = found["what"]
    function, size = what.get("r", ("running_sum", None))
    column = what.get("c") or what.get("c2")
    if "sf" in what:
        function, column = what["sf"]
    keys = _keys(found, what)
    order = _order(reader, found, keys)
    if order is None or column in keys or reader.column(column).type not in NUMERIC:
        return None
    if function.startswith("moving") and size is None:
        return None
    name = checked_name(reader, found["name"]["n"])
    made = WindowColumn(name=name, function=function, column=column, size=size)
    steps: list[Step] = [Window(partition_by=keys, order_by=order, columns=(made,))]
    if "round" in found:
        steps.append(Round(columns=(name,), digits=found["round"]["d"]))
    return act(*steps, made=(name,), used=(column,))


@slot("RankRoles")
def rank_roles(reader: Reader, at: int) -> Any:
    """A rank: by what, which end first, within what, under which name."""
    roles = {
        "what": "[@lead|@add|with|give|assign] [the|a|its|their|each|every|@all] [<e0:Entity>|@rows] [a] (dense rank|dense ranking|rank|ranking|place|position|ranks) [of|among|for] [@all|each|every|the] [@rows|<e1:Entity>] (by|of|on|in|for|based on|according to|in terms of) [their|its|the] <c:Col>|(rank|ranking) [@all|each|every] [of] [@rows|<e2:Entity>] (by|on|according to|based on|in terms of) [their|its] <c:Col>|(rank|ranking) <c:Col>|[@lead|@add] <c:Col> (rank|ranking|position)|(dense rank|dense ranking|dense) (of|by|on) <c:Col>",
        **SHARED,
        "order": "<ro:RankOrder>",
        "tie": "<t:RankTie>",
    }
    yield from bag(reader, at, roles, frozenset({"what", "name", "order"}))


@frame("rank in roles", cost=0.4)
def ranked(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The place of each row by a column."""
    found = env["b"]
    column = found["what"]["c"]
    descending, said = found["order"]["ro"]
    descending = in_time(reader, column, bool(descending), start, end)
    keys = _keys(found, found["what"])
    if said not in (None, column) or column in keys:
        return None
    low = {reader.low(step) for step in range(start, end)}
    function = _of(found, "tie", "t") or ("dense_rank" if "dense" in low else "rank")
    name = checked_name(reader, found["name"]["n"])
    made = WindowColumn(name=name, function=function)
    steps: list[Step] = [
        Window(partition_by=keys, order_by=(SortKey(column=column, descending=bool(descending)),), columns=(made,))
    ]
    if reader.column(column).nulls:
        only = f"CASE WHEN {quoted(column)} IS NOT NULL THEN {quoted(name)} END"
        steps.append(Derive(columns=(Derivation(column=name, expression=only),)))
    return act(*steps, made=(name,), used=(column,))


@slot("NeighbourRoles")
def neighbour_roles(reader: Reader, at: int) -> Any:
    """A value beside that of the row before or after: of what, within what, in which order, under which name."""
    roles = {
        "what": "[@lead|@add|with|holding] [the|its] <x:Change>|[@lead|@add|with] [the] (previous|preceding|prior|last|next|following) (<e0:Entity>|row|one|reading|record|value|entry|<w0:Owner>) 's <c:Col>|[@lead|@add|with] [the] <c:Col> (of|from|in|on) [the] (previous|preceding|prior|last|next|following) (<e1:Entity>|row|one|reading|record|entry)",
        **SHARED,
        **_ORDER,
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


@frame("neighbours in roles", cost=0.4)
def neighbour(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A value of the row before or after, or how this one's differs from it."""
    found = env["b"]
    what = found["what"]
    if "x" in what:
        column, kind, (direction, unit, near) = what["x"]
        if unit is not None:
            return None  # what is said of years and days needs their order
    else:
        column, kind, near = what["c"], "value", ()
        low = {reader.low(step) for step in range(start, end)}
        direction = "lead" if low & {"next", "following"} else "lag"
    keys = tuple(dict.fromkeys((*_keys(found, what), *near)))
    order = _order(reader, found, keys)
    if order is None or column in keys or (kind != "value" and reader.column(column).type not in NUMERIC):
        return None
    name = checked_name(reader, found["name"]["n"])
    helper = name if kind == "value" else fresh(reader, f"{direction}_of_{column}")
    made = WindowColumn(name=helper, function=direction, column=column)
    steps: list[Step] = [Window(partition_by=keys, order_by=order, columns=(made,))]
    if kind != "value":
        sql = _changed(column, helper, kind, _of(found, "round", "d"))
        steps += [Derive(columns=(Derivation(column=name, expression=sql),)), Drop(columns=(helper,))]
    return act(*steps, made=(name,), used=(column,))


def _changed(column: str, helper: str, kind: str, digits: int | None) -> str:
    one, other = quoted(column), quoted(helper)
    sql = f"{one} - {other}" if kind == "difference" else f"({one} - {other}) / {other}"
    sql = f"{sql} * 100" if kind == "percent" else sql
    return sql if digits is None else f"ROUND({sql}, {digits})" if digits else f"ROUND({sql})"


@slot("BesideRoles")
def beside_roles(reader: Reader, at: int) -> Any:
    """A figure of a group on each of its rows, or a value's share of it."""
    whose = "[the|its|their|that|this|each|every|own|same|respective] [person|row|<e9:Entity>|<c9:Col>] ['s] [own|same|whole|entire]"
    roles = {
        "what": f"[@lead|@add|with|holding] [the] <f:FigureWords> [of|for] [the] <c:Col> (of|for|in|within|across|over|per|by|among) {whose} <k1:Cols>|[@lead|@add|with] {whose} <k1:Cols> ['s] <f:FigureWords> [of] <c:Col>|[@lead|@add|with|express|give] [each|every|the|its] [<e0:Entity>|row] ['s] <c:Col> as [@all] <p:PartOf> of {whose} <k2:Cols> ['s] (total|sum|overall) [<c3:Col>]|[@lead|@add|with] [the] <p:PartOf> of [the] (total|overall|whole|entire) <c:Col> [for|of|in] [each|every|the] [<e1:Entity>|row|@rows]|[@lead|@add|with|give] [each|every|the|its] [<e2:Entity>|row] ['s] <c:Col> as [@all] <p:PartOf> of [the|all|overall|grand|whole|table ['s]] (total|sum|whole) [<c3:Col>]|[@lead|@add|with] <c:Col> as [@all] <p:PartOf> of [the|all] (total|sum|overall|whole) [<c3:Col>] (of|for|in|within|per|over|by) {whose} <k4:Cols>|[@lead|@add|with] <c:Col> as [@all] <p:PartOf> of {whose} <k5:Cols> ['s] (total|sum)|[@lead|@add|with] [each|every|the|its] [<e4:Entity>|row] 's <p:PartOf> of [the] (all|total|overall|whole) <c:Col>",
        "percent": "<pc:InPercent>|(in|as) (percent|%|percentage)|times 100",
        **SHARED,
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


@slot("PartOf")
def part_of(reader: Reader, at: int) -> Any:
    """A share as a fraction, or in percent."""
    for end, _, cost in reader.match("(share|fraction|proportion|part)", at):
        yield end, False, cost
    for end, _, cost in reader.match("(percentage|percent|%|pct|percent share|percentage share)", at):
        yield end, True, cost


@frame("figure beside rows", cost=0.4)
def beside(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A figure of the group on each row, or what part of it the row is."""
    found = env["b"]
    what = found["what"]
    column = what["c"]
    keys = _keys(found, what)
    if what.get("c3", column) != column or column in keys or reader.column(column).type not in NUMERIC:
        return None
    name = checked_name(reader, found["name"]["n"])
    digits = _of(found, "round", "d")
    if "p" not in what:
        if len(what["f"]) != 1 or not keys:
            return None
        made = WindowColumn(name=name, function=what["f"][0], column=column)
        steps: list[Step] = [Window(partition_by=keys, columns=(made,))]
        return act(*steps, *([Round(columns=(name,), digits=digits)] if digits is not None else []), made=(name,))
    helper = fresh(reader, f"total_{column}")
    sql = f"{quoted(column)} / {quoted(helper)}"
    sql = f"{sql} * 100" if what["p"] or "percent" in found else sql
    sql = sql if digits is None else f"ROUND({sql}, {digits})" if digits else f"ROUND({sql})"
    total = WindowColumn(name=helper, function="sum", column=column)
    return act(
        Window(partition_by=keys, columns=(total,)),
        Derive(columns=(Derivation(column=name, expression=sql),)),
        Drop(columns=(helper,)),
        made=(name,),
        used=(column,),
    )


def _of(found: dict[str, Any], role: str, name: str) -> Any:
    return found.get(role, {}).get(name)


def _keys(found: dict[str, Any], what: Any) -> tuple[str, ...]:
    """What the rows are grouped by, wherever that was said."""
    said = [*_several(what), *_several(found.get("keys"))]
    return tuple(dict.fromkeys(name for names in said for name in names))


def _several(taken: Any) -> list[tuple[str, ...]]:
    return [tuple(value) for name, value in (taken or {}).items() if name[0] == "k"]


def _order(reader: Reader, found: dict[str, Any], keys: tuple[str, ...]) -> tuple[SortKey, ...] | None:
    """How the rows follow one another; None where that contradicts itself."""
    descending, said = _of(found, "direction", "ro") or (None, None)
    if "order" not in found:
        if said is None and descending is not None:
            return None
        return (SortKey(column=said, descending=bool(descending)),) if said else ()
    taken = found["order"]
    if "oc" not in taken:
        return tuple(taken.get("o", ()))
    column = taken["oc"]
    if taken.get("dir") is None and reader.column(column).type in TEMPORAL and descending is not None:
        return None  # the newest, or the oldest: said of the direction, and told by the words of time alone
    if said not in (None, column) or column in keys:
        return None
    if "dir" in taken:
        descending = taken["dir"] in ("down", "late")
    if reader.column(column).type not in (*NUMERIC, *TEMPORAL) and descending is None and not keys:
        return None  # `by department` says within what, not in which order
    return (SortKey(column=column, descending=bool(descending)),)
