"""Frames about columns that look at other rows: running figures, neighbours, shares of groups."""

from typing import Any

from contracts.recipe import Derivation, Derive, Drop, SortKey, Step, Window, WindowColumn
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.planner.arithmetic import Formula
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.view import ask
from services.transform.planner.words import key

frames = Frames("windows")
frame = frames.frame


_RUNNING = (
    (
        "[running|cumulative|rolling|accumulated|cumulated|accumulating] (total|sum|totals|sums)|(running|cumulative|accumulated|cumulated) [amount]|cumsum|(sum|total) so far|cumulated",
        "running_sum",
    ),
    ("(running|cumulative|expanding) (average|mean)|(average|mean) so far", "running_mean"),
    (
        "(running|cumulative) (maximum|max)|(highest|maximum|max|largest|greatest|biggest|record high) [value] so far|record [value] so far",
        "running_max",
    ),
    ("(running|cumulative) (minimum|min)|(lowest|minimum|min|smallest|least) [value] so far", "running_min"),
    ("(running|cumulative) count|count so far", "running_count"),
)


@slot("Running")
def running(reader: Reader, at: int) -> Any:
    """A running figure."""
    for words, function in _RUNNING:
        for end, _, cost in reader.match(words, at):
            said = {reader.low(step) for step in range(at, end)}
            if said & {
                "running",
                "cumulative",
                "accumulated",
                "cumulated",
                "cumsum",
                "far",
                "accumulating",
                "expanding",
            }:
                yield end, (function, None), cost
    for end, env, cost in reader.match(
        "<n:Num> [-] (day|days|row|rows|month|months|week|weeks|year|years|period|periods|point|points|value|values|step) [moving|rolling|trailing|running] (average|mean|avg)|(moving|rolling|trailing) (average|mean) (of|over|with window of|across) [the] [last|previous|past] <n:Num> [rows|days|values|months|years|periods]|(moving|rolling|trailing) <n:Num> [-] (day|row|month|week|year|point|period) (average|mean)|(moving|rolling) (average|mean)",
        at,
    ):
        if "n" in env and isinstance(env["n"], int) and env["n"] > 0:
            yield end, ("moving_mean", env["n"]), cost
        elif "n" not in env:
            yield end, ("moving_mean", None), cost + 0.3
    for end, env, cost in reader.match(
        "<n:Num> [-] (day|days|row|rows|month|months|week|weeks|year|years) [moving|rolling|trailing] (sum|total)|(moving|rolling|trailing) (sum|total) (of|over) [the] [last|previous|past] <n:Num> [rows|days|values|months|years]|(moving|rolling) <n:Num> [-] (day|row|month|week|year) (sum|total)",
        at,
    ):
        if isinstance(env["n"], int) and env["n"] > 0:
            yield end, ("moving_sum", env["n"]), cost


@slot("RowOrder")
def row_order(reader: Reader, at: int) -> Any:
    """In which order the rows follow one another: as they stand, or by a column."""
    for end, _, cost in reader.match(
        "[,|LP|-|;|.] [and|with] [rows|file|table|data|the rows|they|it|lines|the file] [is|are|stay|go] [already] [in] (from top to bottom|row by row|in row order|in file order|in order of rows|in order of file|in present order|in current order|in the order of the file|as they stand|in order given|in existing order|top to bottom|in the given order|in the order given|in order|going down|down the table|in the file's order|in their order) [RP]",
        at,
    ):
        yield end, (), cost
    for end, _, cost in reader.match(
        "[,|LP|;|.|-] [there is] one (row|line|record) (per|for each|a) <w:Word> [, (in order|sorted)] [RP]"
        "|[,|LP|;|.|-] [the] (rows|row|lines|file|data|table|records|values) (is|are) [already] [sorted|ordered|in|in order] [by|of|in] <c:Col> [order] [already] [RP]",
        at,
    ):
        yield end, (), cost + 0.1
    for end, _, cost in reader.match(
        "[,|LP|;] (day by day|date by date|month by month|year by year|week by week|over time|through time|in date order|in chronological order|chronologically|by date|in time order|as time goes on|over the days|in order of time|over the years|over years|time order|as years go by) [RP]",
        at,
    ):
        column = _time_column(reader)
        yield end, (SortKey(column=column),) if column else (), cost + (0.0 if column else 0.2)
    for end, env, cost in reader.match(
        "[,|LP|;|-|along] [rows|when] [ordered|sorted|in order|going|order|arranged|taken in order|in order of] (by|of|on|along|over|in order of|in) <c:Col> [order] [RP]|(in|over) <c:Col> order",
        at,
    ):
        yield end, (SortKey(column=env["c"]),), cost + 0.1


def _time_column(reader: Reader) -> str | None:
    moments = reader.of_type(TEMPORAL)
    if len(moments) == 1:
        return moments[0]
    years = [
        name
        for name in reader.view.names
        if key(name) in ("year", "yr", "date", "week", "period") and reader.column(name).type in NUMERIC
    ]
    return years[0] if len(years) == 1 and not moments else None


@frame("running figure")
def running_figure(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A figure of all rows up to this one."""
    function, size = env["r"]
    if reader.column(env["c"]).type not in NUMERIC and function != "running_count":
        return None
    if function.startswith("moving") and size is None:
        raise ask("ambiguous", "Over how many rows is the moving figure to go?", ["3", "7"])
    keys: tuple[str, ...] = tuple(env.get("kk") or env.get("k") or ())
    low = [reader.low(step) for step in range(start, end)]
    if any(reader.column(key_).type in TEMPORAL for key_ in keys) and "by" in low and "o" not in env:
        if len(keys) != 1 or {"each", "per", "within"} & set(low):
            return None
        env["o"] = (SortKey(column=keys[0]),)  # `by date` says in which order
        keys = ()
    name = checked_name(reader, env.get("n") or fresh(reader, f"{function}_{env['c']}"))
    made = WindowColumn(name=name, function=function, column=env["c"], size=size)
    steps: list[Step] = [Window(partition_by=tuple(keys), order_by=env.get("o", ()), columns=(made,))]
    if "d" in env:
        from contracts.recipe import Round

        steps.append(Round(columns=(name,), digits=env["d"]))
    return act(*steps, made=(name,), used=(env["c"],))


# -- neighbours
_ROW = "[row|rows|one|value|line|day|year|month|week|entry|record|period|<e:Entity>|quarter|reading|measurement]"


@slot("Neighbour")
def neighbour(reader: Reader, at: int) -> Any:
    """The row before or after this one, and by what the rows are ordered."""
    of = "[for|of|in|from|within] [the] [same] [<k:Cols>]"
    for end, env, cost in reader.match(
        f"[the|its|that of|value of] @previous {_ROW} [of|for|in|from|within] [the] same <k:Cols>|[the|its] @previous {_ROW} {of}|[the] {_ROW} (before|above|before it|above it|just before)",
        at,
    ):
        unit = next(
            (
                reader.low(step)
                for step in range(at, end)
                if reader.low(step) in ("year", "month", "day", "week", "quarter")
            ),
            None,
        )
        yield end, ("lag", unit, tuple(env.get("k", ()))), cost
    for end, env, cost in reader.match(
        f"[the|its] (next|following|subsequent) {_ROW} [of|for|in|from|within] [the] same <k:Cols>|[the|its] (next|following|subsequent) {_ROW} {of}|[the] {_ROW} (after|below|after it)",
        at,
    ):
        unit = next(
            (
                reader.low(step)
                for step in range(at, end)
                if reader.low(step) in ("year", "month", "day", "week", "quarter")
            ),
            None,
        )
        yield end, ("lead", unit, tuple(env.get("k", ()))), cost


@slot("Change")
def change(reader: Reader, at: int) -> Any:
    """How a column differs from its neighbour: the column, how, and which neighbour."""
    col = "<c:Col> [value|values]"
    for words, kind in (
        (
            "(percent|percentage|%|pct|percentual) (change|difference|increase|growth|changes)|(change|difference|growth|increase) in (percent|%|percentage)|growth rate|(relative change) in percent",
            "percent",
        ),
        ("relative (change|difference|growth)|growth", "relative"),
        ("(change|difference|increase|delta|growth|diff|rise|absolute change)", "difference"),
    ):
        for end, env, cost in reader.match(
            f"[the] ({words}) (of|in|for) {col} (versus|vs|vs .|from|compared to|compared with|against|over|relative to|to|since|between it and|and|with respect to|with) [that of|the] <v:Neighbour>|[the] ({words}) (from|versus|vs|to|compared to|compared with|over|against) <v:Neighbour> (of|in|for) {col}|<c:Col> ({words}) (from|versus|vs|to|compared to|compared with|over|against) <v:Neighbour>|[day over day|row over row|year over year|month over month|day - to - day|row - to - row|year - on - year|year on year|day to day] ({words}) (of|in|for) {col}",
            at,
        ):
            yield end, (env["c"], kind, env.get("v", ("lag", None, ()))), cost
        for end, env, cost in reader.match(
            f"[the] ({words}) (from|since|versus|vs|over|to|on) <v:Neighbour> (in|of|for) [the] {col}|[the] ({words}) (in|of) {col} from (one|each) {_ROW} to [the] (next|following) {_ROW}",
            at,
        ):
            yield end, (env["c"], kind, env.get("v", ("lag", None, ()))), cost
    for end, env, cost in reader.match(
        f"{col} (minus|-|less) [the|that|its|this] [<k9:Col> 's] [own] [<d:Col>] [value|values] [of|from|in] <v:Neighbour> [<e:Col>]|{col} (minus|-) [the] @previous <d:Col>",
        at,
    ):
        other = env.get("d") or env.get("e") or env["c"]
        if other == env["c"]:
            yield end, (env["c"], "difference", env.get("v", ("lag", None, ()))), cost
    for end, env, cost in reader.match(
        "[the] @previous [value of|row|day|year|month|week|one|quarter|<e:Entity>] ['s] <c:Col> [value]|[the] <c:Col> [value] (of|from|in) <v:Neighbour>",
        at,
    ):
        yield end, (env["c"], "value", env.get("v", ("lag", None, ()))), cost + 0.05
    for end, env, cost in reader.match(
        "[the] (next|following) [value of|row|day|year|month|week|one|quarter] ['s] <c:Col> [value]", at
    ):
        yield end, (env["c"], "value", ("lead", None, ())), cost + 0.05


@slot("Blanks")
def blanks(reader: Reader, at: int) -> Any:
    """What is said of the first row, which has no neighbour."""
    words = frozenset(
        "blank empty null first two three four five six 2 3 4 5 6 row rows line one for the in of each every stays stay remains remain is left leave leaving it with and nothing be should has have no value there are per same within at start entry record day year month so cell cells gets get a group where will previous firms next last missing that because since it's as 's its their that this".split()
    )
    low = reader.low(at)
    start = at + (low in (",", ";", ".", "(", "-"))
    end, seen = start, set()
    while end < len(reader.tokens) and end - start < 16:
        word = reader.low(end)
        column_here = False
        if word not in words:
            found = [stop for stop, _, _ in reader.slot("Col", end)]
            if found and word not in ("and", "then"):
                end = min(found)
                column_here = True
            else:
                break
        if not column_here:
            seen.add(word)
            end += 1
        if seen & {"blank", "empty", "null", "nothing", "missing"} and seen & {
            "first",
            "no",
            "previous",
            "last",
            "start",
            "next",
        }:
            yield end + (low == "(" and reader.low(end) == ")"), True, 0.05


_MAKING = frozenset("add create make compute calculate derive insert append".split())


@frame("neighbours")
def neighbours(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A value beside that of the row before or after."""
    column, kind, (direction, unit, near_keys) = env["x"]
    keys = tuple(dict.fromkeys((*(env.get("kk") or env.get("k") or ()), *near_keys)))
    if column in keys or (kind != "value" and reader.column(column).type not in NUMERIC):
        return None
    if kind == "value" and "n" not in env and reader.low(start) not in _MAKING:
        return None  # `previous price` by itself may be a condition
    name = checked_name(reader, env.get("n") or fresh(reader, f"{kind}_{column}"))
    order = env.get("o", ())
    if not order and unit is not None:
        named = [one for one in reader.view.names if key(one) == unit]
        timed = named[0] if len(named) == 1 else _time_column(reader)
        if timed is not None:
            order = (SortKey(column=timed),)
    helper = fresh(reader, f"{direction}_of_{column}")
    steps: list[Step] = [
        Window(
            partition_by=keys,
            order_by=tuple(order),
            columns=(WindowColumn(name=name if kind == "value" else helper, function=direction, column=column),),
        )
    ]
    if kind != "value":
        one, other = quoted(column), quoted(helper)
        sql = f"{one} - {other}" if kind == "difference" else f"({one} - {other}) / {other}"
        if kind == "percent":
            sql = f"{sql} * 100"
        digits = env.get("d", env.get("dd"))
        if digits is not None:
            sql = f"ROUND({sql}, {digits})" if digits > 0 else f"ROUND({sql})"
        steps += [Derive(columns=(Derivation(column=name, expression=sql),)), Drop(columns=(helper,))]
    return act(*steps, made=(name,), used=(column,))


# -- figures of groups beside each row
@slot("GroupFigure")
def group_figure(reader: Reader, at: int) -> Any:
    """A figure of a row's group: the figure, the column, the keys."""
    for words, function in (
        ("@avg", "mean"),
        ("@sum", "sum"),
        ("maximum|max|highest|largest", "max"),
        ("minimum|min|lowest|smallest", "min"),
    ):
        for end, env, cost in reader.match(
            f"[the] ({words}) [of|for] <c:Col> (of|for|in|within|per|by|over|across|for each|within each|in each|of each|among) [the|its|their|that|each|same|every|row ['s]] <k:Cols>|[the|its|their] <k:Cols> ['s] ({words}) [of|for] <c:Col>|[the|its] <k:Cols> ({words}) [of|for] <c:Col>",
            at,
        ):
            if env["c"] not in env["k"]:
                yield end, (function, env["c"], tuple(env["k"])), cost
    for end, env, cost in reader.match(
        "[the] (number of|count of|how many) (@rows|<e:Entity>) (of|for|in|within|per|by|with|that have) [the|its|their|that|each|same|every|row ['s]] <k:Cols>|[the] size of [its|the|each|their] <k:Cols> [group]",
        at,
    ):
        yield end, ("count", None, tuple(env["k"])), cost


@frame("figure of the group")
def beside(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A figure of the group on each of its rows."""
    function, column, keys = env["g"]
    name = checked_name(reader, env["n"])
    steps: list[Step] = [
        Window(partition_by=keys, columns=(WindowColumn(name=name, function=function, column=column),))
    ]
    if "d" in env:
        from contracts.recipe import Round

        steps.append(Round(columns=(name,), digits=env["d"]))
    return act(*steps, made=(name,), used=(column,) if column else ())


@frame("share of a total")
def share_of_total(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A value as a part of the sum of its group, or of the table."""
    column = env["c"]
    if ("c2" in env and env["c2"] != column) or reader.column(column).type not in NUMERIC:
        return None
    keys = env.get("k") or env.get("kk") or ()
    if column in keys:
        return None
    low = {reader.low(step) for step in range(start, end)}
    name = checked_name(reader, env["n"])
    helper = fresh(reader, f"total_{column}")
    sql = f"{quoted(column)} / {quoted(helper)}"
    if low & {"percent", "percentage", "%", "pct", "percentages"}:
        sql = f"{sql} * 100"
    if "d" in env:
        sql = f"ROUND({sql}, {env['d']})"
    return act(
        Window(partition_by=tuple(keys), columns=(WindowColumn(name=helper, function="sum", column=column),)),
        Derive(columns=(Derivation(column=name, expression=sql),)),
        Drop(columns=(helper,)),
        made=(name,),
        used=(column,),
    )


@frame("away from the group")
def from_group(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A value beside the figure of its group."""
    column = env["c"]
    function, other, keys = env.get("g", ("mean", env.get("c2", column), tuple(env.get("k", ()))))
    if other != column or reader.column(column).type not in NUMERIC:
        return None
    name = checked_name(reader, env["n"])
    helper = fresh(reader, f"{function}_{column}")
    formula = Formula(f"{quoted(column)} - {quoted(helper)}", (column,))
    sql = f"ROUND({formula.sql}, {env['d']})" if "d" in env else formula.sql
    return act(
        Window(partition_by=keys, columns=(WindowColumn(name=helper, function=function, column=column),)),
        Derive(columns=(Derivation(column=name, expression=sql),)),
        Drop(columns=(helper,)),
        made=(name,),
        used=(column,),
    )


@frame("numbers within groups")
def numbered_within(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows numbered within their group."""
    name = checked_name(reader, env["n"])
    made = WindowColumn(name=name, function="row_number")
    return act(Window(partition_by=env["kk"], order_by=env.get("o", ()), columns=(made,)), made=(name,))
