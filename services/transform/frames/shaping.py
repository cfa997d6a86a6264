"""Frames that turn tables around: columns made of values, rows made of columns."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import Cast, Derivation, Derive, DropNull, Pivot, Round, Step, Unpivot
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot
from services.transform.planner.view import ask

frames = Frames("shaping")
frame = frames.frame


_FUNCTION = {
    "sum": "sum", "sums": "sum", "total": "sum", "totals": "sum", "average": "mean", "averages": "mean", "mean": "mean", "count": "count", "counts": "count",
    "number": "count", "how": "count", "median": "median", "maximum": "max", "max": "max", "highest": "max", "largest": "max", "minimum": "min", "min": "min", "lowest": "min",
    "smallest": "min", "first": "first", "last": "last",
}  # fmt: skip


@slot("CellFigure")
def cell_figure(reader: Reader, at: int) -> Any:
    """What stands in the cells: a column, or a figure of one, or a count of rows."""
    for end, env, cost in reader.match("[@values of|@values from|the] <c:Col> [@values]", at):
        yield end, (None, env["c"]), cost
    for end, env, cost in reader.match("[the] <f:FigureWord> [of|in|for] [the] <c:Col> [@values]", at):
        yield end, (env["f"], env["c"]), cost
    for end, env, cost in reader.match(
        "(summed|summed up|adding up|added up|summing|summing up|totalling|averaged|averaging) [the] <c:Col>", at
    ):
        yield end, ("mean" if reader.low(at).startswith("averag") else "sum", env["c"]), cost
    for end, env, cost in reader.match("[the] <c:Col> (summed|summed up|added up|totalled|averaged)", at):
        yield end, ("mean" if reader.low(end - 1) == "averaged" else "sum", env["c"]), cost
    for end, _, cost in reader.match(
        "[the] (count|counts|headcount|headcounts|number of @rows|number of <e:Entity>|how many @rows|how many <e:Entity>|row counts|counts of @rows|counts of <e:Entity>|count of @rows|count of <e:Entity>|number of times|how many|<e:Entity> counts|number of them)",
        at,
    ):
        yield end, ("count", None), cost + 0.05


@slot("FigureWord")
def figure_word(reader: Reader, at: int) -> Any:
    """One figure by its name."""
    function = _FUNCTION.get(reader.low(at))
    if function is not None:
        yield at + 1, function, 0.0


@slot("EmptyCells")
def empty_cells(reader: Reader, at: int) -> Any:
    """What is to stand where there is no row: nothing, or zero."""
    words = frozenset(
        "leave with leaving keep where put if a the it any cell cells blank empty as when for there is are no nothing combination combinations none missing not does occur has have without that do figure value values data number such row rows entry one 0 zero zeros fill use and of be should stay stays remain null gaps in was were sold bought ordered happened recorded".split()
    )
    start = at + (reader.low(at) in (",", ";", ".", "-", "("))
    end = start
    seen: set[str] = set()
    while end < len(reader.tokens) and (reader.low(end) in words) and end - start < 16:
        seen.add(reader.low(end))
        end += 1
        stop = end + (reader.low(end) == ")" and reader.low(at) == "(")
        if seen & {"0", "zero", "zeros"}:
            yield stop, "zero", 0.05
        elif seen & {"blank", "empty", "null"}:
            yield stop, "blank", 0.05


@frame("wide")
def wide(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The values of a column become columns."""
    names_from = env["n"]
    counts = {
        "tabulate",
        "count",
        "counts",
        "counting",
        "number",
        "crosstab",
        "contingency",
        "cross",
        "tabulation",
        "matrix",
    } & {reader.low(step) for step in range(start, end)}
    if "v" not in env and not counts:
        others = [
            name
            for name in reader.view.names
            if name != names_from and reader.column(name).type in NUMERIC and name not in env.get("k2", ())
        ]
        if len(others) != 1:
            raise ask("ambiguous", "Which values are to stand in the cells?", others or reader.view.names)
        env["v"] = (None, others[0])
    function, values_from = env.get("v", ("count", None))
    keys = tuple(env.get("k") or env.get("k2") or ())
    if names_from in keys or values_from in keys or values_from == names_from:
        return None
    if not keys:
        keys = tuple(name for name in reader.view.names if name not in (names_from, values_from))
    view = reader.column(names_from)
    if not view.complete or not view.values:
        raise ask("unclear", f"The values of '{names_from}' are not known. Which are to become columns?")
    if view.distinct > 500:
        raise ask("too_large", f"'{names_from}' has {view.distinct} values. Is each of them to become a column?")
    steps: list[Step] = []
    if values_from is None:
        values_from = keys[0] if keys else names_from
        counted = "rows_counted"
        steps.append(Derive(columns=(Derivation(column=counted, expression="1"),)))
        values_from, function = counted, "sum"
        zero = env.get("e") != "blank"
    else:
        zero = env.get("e") == "zero"
    if function is None:
        function = "first"
        groups = 1
        for key_ in keys:
            groups *= max(1, reader.column(key_).distinct + bool(reader.column(key_).nulls))
        if reader.view.rows > groups * max(1, view.distinct):
            raise ask(
                "ambiguous",
                f"There are several rows for each cell. Which figure of '{values_from}' is to stand there?",
                ["the sum", "the average", "the count"],
            )
    if (
        function in ("sum", "mean", "median")
        and values_from in reader.view.names
        and reader.column(values_from).type not in NUMERIC
    ):
        return None
    names: tuple[Any, ...] = (
        tuple(sorted(view.values))
        if view.type is LogicalType.STRING
        else tuple(_as_scalar(value, view.type) for value in view.values)
    )
    if view.type not in (LogicalType.STRING, LogicalType.INTEGER, LogicalType.BOOLEAN):
        steps.append(Cast(columns={names_from: LogicalType.STRING}))
        names = tuple(sorted(view.values))
    else:
        names = tuple(sorted(names))
    steps.append(Pivot(keys=keys, names_from=names_from, values_from=values_from, function=function, names=names))
    if zero:
        shown = tuple(str(name).lower() if isinstance(name, bool) else str(name) for name in names)
        steps.append(
            Derive(columns=tuple(Derivation(column=name, expression=f"COALESCE({quoted(name)}, 0)") for name in shown))
        )
    if "d" in env:
        steps.append(
            Round(
                columns=tuple(str(name).lower() if isinstance(name, bool) else str(name) for name in names),
                digits=env["d"],
            )
        )
    return act(*steps, touched=keys)


def _as_scalar(value: str, type_: LogicalType) -> Any:
    return int(value) if type_ is LogicalType.INTEGER else value == "true"


@slot("PerKeys")
def per_keys(reader: Reader, at: int) -> Any:
    """One row per year."""
    for end, env, cost in reader.match(
        "[,|and|;|with|so that|so|, with|keeping] [there is|get|we get|i get|have] [one row|a row|rows|one line|one row each] (per|for each|for every|by|of each) <k:Cols>|[,|and|;] [keep|keeping|with] <k:Cols> (as rows|as the rows|as row|as key|as index|as rows down the side|in the rows|as the key|in rows)",
        at,
    ):
        yield end, tuple(env["k"]), cost


@slot("LongParts")
def long_parts(reader: Reader, at: int) -> Any:
    """The columns of the long table: keys, the column of names, the column of values."""
    for end, env, cost in reader.match(
        "[:|,|;|columns|with columns|with|so that|so|each row|every row|one row|that|which|there is] [i want|i need|we want|give me|giving|to get] [has|have|should have|with|gets|columns|are|row has|:|becomes|should be|holds|each row (is|has|holds|shows|consists of|reads)|every row (is|has|holds|shows|consists of|reads)|one row (is|has|holds)|each line (is|has)] [columns] [:] [<k:Cols> ,|<k:Cols> and|<k:Cols> , then] <n:Name> [LP <x:Gloss2> RP] (,|and|, and|&) [the|a] <v:Name> [LP <y:Gloss2> RP] [columns]",
        at,
    ):
        yield end, (tuple(env.get("k", ())), env["n"], env["v"]), cost
    for end, env, cost in reader.match(
        "[,|and|with|into|;|:|(|as|to|, with|, into|using|in|giving|, giving] [@columns|column|new columns|two columns|one column|a column|two new columns|a] [called|named|:] <n:Name> [LP <x:Gloss2> RP|for [the] (names|name|column name|column names|headers|old column name|what it was|original column|former column name|header|variable)|with [the] (names|column names|name|column name|former column names|old column names|header|headers)|holding [the] (name|names|column name|column names)] (,|and|, and|&) [column|a column|one|a] [called|named|for|the] <v:Name> [LP <y:Gloss2> RP|for [the] (values|value|number|numbers|figure|figures|amounts)|with [the] (values|value|numbers|figures|number)|holding [the] (value|values|numbers|number)] [columns] [RP]",
        at,
    ):
        yield end, ((), env["n"], env["v"]), cost + 0.05
    for end, env, cost in reader.match(
        "[,|and|;|(|with|, with] [names|name|the names|column names|column name|headers|old column names|variable names] (in|into|to|as|go in|go into|called|under|=) [column|a column|new column] [called] <n:Name> (,|and|, and|;) [the] [values|value|numbers|figures] (in|into|to|as|go in|go into|called|under|=) [column|a column] [called] <v:Name> [RP]",
        at,
    ):
        yield end, ((), env["n"], env["v"]), cost


@slot("Gloss2")
def gloss(reader: Reader, at: int) -> Any:
    """Something explained in brackets."""
    end = at
    while end < len(reader.tokens) and reader.low(end) != ")" and end - at < 16:
        end += 1
        if reader.low(end) == ")":
            yield end, tuple(range(at, end)), 0.05


@slot("NoEmpty")
def no_empty(reader: Reader, at: int) -> Any:
    """Nulls are to be left out."""
    for end, _, cost in reader.match(
        "[,|;|.|-|LP|and] [and|then] (leave out|drop|skip|without|remove|omit|ignore|leaving out|skipping|dropping|exclude|excluding|discard|do not include) [@all|any|the] [rows|row|those] [with|where|that have|that are|for|of] [no|the|there is no] (@blank|missing|@blanks|no|without|empties) [<w:Word>|values|rows|amounts|cells|ones|value] [is|are] [@blank|missing] [RP]",
        at,
    ):
        yield end, True, cost


@frame("long")
def long(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns become rows."""
    verb = reader.low(start)
    keys, names_to, values_to = env.get("p", ((), "name", "value"))
    loose = verb in (
        "turn",
        "put",
        "collapse",
        "convert",
        "transform",
        "change",
        "bring",
        "get",
        "flip",
        "stack",
        "gather",
        "reshape",
        "make",
    )
    low = {reader.low(step) for step in range(start, end)}
    if (
        loose
        and not low & {"rows", "long", "longer", "unpivot", "melt", "row", "tidy"}
        and verb not in ("stack", "gather")
    ):
        return None
    columns = env.get("c")
    fixed = tuple(env.get("k2", ()))
    glossed = _glossed(reader, start, end)
    if columns is None:
        columns = glossed
    if columns is None:
        known = keys or fixed
        if not known:
            return None
        columns = tuple(name for name in reader.view.names if name not in known)
    columns = tuple(columns)
    keys = tuple(keys or fixed)
    if "c" in env and not keys:
        keys = tuple(name for name in reader.view.names if name not in columns)
    if not keys:
        keys = tuple(name for name in reader.view.names if name not in columns)
    if set(keys) & set(columns) or len(columns) < 2:
        return None
    going = env.get("o", True)
    if going is not True and (not env.get("p", ((),))[0] or set(going) & {*keys, *columns}):
        return None  # what can go is what is neither kept nor turned
    kinds = {reader.column(name).type for name in columns}
    steps: list[Step] = []
    if len(kinds) > 1 and not kinds <= set(NUMERIC):
        raise ask(
            "contradictory",
            f"The columns {', '.join(columns)} hold values of several types. Which are to become rows?",
            columns,
        )
    if len(kinds) > 1:
        steps.append(
            Cast(
                columns=dict.fromkeys(
                    (name for name in columns if reader.column(name).type is LogicalType.INTEGER), LogicalType.FLOAT
                )
            )
        )
    if names_to in keys or values_to in keys or names_to == values_to:
        return None
    steps.append(Unpivot(keys=keys, columns=columns, names_to=names_to, values_to=values_to))
    if "z" in env:
        steps.append(DropNull(columns=(values_to,)))
    return act(*steps, made=(values_to,), used=columns, touched=(values_to,))


def _glossed(reader: Reader, start: int, end: int) -> tuple[str, ...] | None:
    """Columns that stand in brackets: kind (temp_max or temp_min)."""
    for at in range(start, end):
        if reader.low(at) == "(":
            for stop, columns, _ in reader.slot("Cols", at + 1):
                if reader.low(stop) == ")" and len(columns) > 1:
                    return tuple(columns)
    return None


@slot("OtherGo")
def other_go(reader: Reader, at: int) -> Any:
    """The other columns can go."""
    for end, _, cost in reader.match(
        "[,|;|.|-|and] [and] [the] (other columns|others|rest|everything else|all others|all other columns) (can|may|should) (go|be dropped|be removed)|[,|;|.|and] (drop|remove) [the] (other columns|others|rest|everything else|all other columns)",
        at,
    ):
        yield end, True, cost
    for end, env, cost in reader.match(
        "[,|;|.|and] <c:Cols> (can|may|should) (go|be dropped|be removed)|[,|;|.|and] (drop|remove) <c:Cols>", at
    ):
        yield end, env["c"], cost


@frame("swap rows and columns")
def transpose(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A table on its side has no columns of one type."""
    raise ask(
        "unclear",
        "A table cannot be put on its side as a whole. Which columns are to become rows, or which values columns?",
        reader.view.names,
    )
