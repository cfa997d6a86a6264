"""Frames that make columns of other columns: calculations, cases, parts of dates, constants, the first value there is."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Case,
    Cast,
    Coalesce,
    Conditional,
    DateAdd,
    DateDiff,
    Derivation,
    Derive,
    ParseDate,
    Step,
    Window,
    WindowColumn,
)
from services.transform.planner.arithmetic import Formula, as_text
from services.transform.planner.cases import Cases, about, labelled
from services.transform.planner.conditions import Cond
from services.transform.planner.frames.base import Answer, Frames, act, fresh
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, number, quoted, slot, text
from services.transform.planner.view import ask

frames = Frames()
frame = frames.frame

_NEW = "(@add [another|extra|new|one more|additional]|new|another) [boolean|numeric|text|yes / no|true / false|flag|calculated|derived|computed|text] [@column|flag|field] [called|named|:|with name] <n:Name> [@column]"
_IS = "[,|:|-|(|;] [that|which|and|it] [should be|is|are|be|=|:|as|equal to|equals|from|being|with|holding|containing|contains|by|of|contain|hold|holds|shows|showing|gives|giving|says|computed as|calculated as|calculated by|made of|defined as|for|has|that is|must be|will be|set to|made from|where it is|made by|consisting of|based on|as in|i . e .|using|to be|which is|made up of] [value of|result of|formula|values of|product of multiplying|@only|computed as|calculated as|calculated by]"


def checked_name(reader: Reader, name: str, columns: tuple[str, ...] = ()) -> str:
    """A new column's name; a doubt where there is such a column already that has nothing to do with it."""
    if reader.view.column(name) is not None and name not in columns:
        raise ask(
            "contradictory",
            f"There is a column '{name}' already. What is the new one to be called, or is it to be replaced?",
        )
    return name


def derived(reader: Reader, name: str, formula: Formula) -> Answer:
    """A step that gives a column the values of a formula."""
    if formula.sql.startswith("@days@"):
        _, _, start, end = formula.sql.split("@")
        return act(DateDiff(start=start, end=end, unit="day", into=name), made=(name,), used=formula.columns)
    for column in formula.columns:
        if reader.column(column).type is LogicalType.STRING and _arithmetic(formula):
            raise ask(
                "unclear",
                f"'{column}' holds text, so nothing can be calculated with it. Is it to be made a number first?",
                [f"make '{column}' a number first"],
            )
    return act(Derive(columns=(Derivation(column=name, expression=formula.sql),)), made=(name,), used=formula.columns)


def _arithmetic(formula: Formula) -> bool:
    bare = formula.sql
    for column in formula.columns:
        bare = bare.replace(quoted(column), "")
    return any(sign in bare for sign in "+-*/")


@frame(
    "calculation",
    f"{_NEW} {_IS} <x:Formula>",
    "[new] [@column] [called|named] <n:Name> [@column] (=|:=|:|is|equals|should be|is equal to) <x:Formula>",
    "(calculate|compute|work out|derive|figure out|get|find|determine|@add) <n:Name> [in <u:Unit>|in percent|in %] (as|=|from|by taking|: |by) <x:Formula>",
    "(@add|calculate|compute|work out|derive|figure out|get|find|take|determine|show|@make) <x:Formula> [,|and|(|;] (@call) [@column] [called|named|it] <n:Name> [@column] [RP]",
    "(@add|calculate|compute) [@column] (with|for|holding|containing|showing|of|that is|that shows|that holds|which is|equal to|that equals) <x:Formula> [,|and|(|;] (@call) [@column] [called|named|it] <n:Name> [RP]",
    "<x:Formula> (@call) [@column] [called|named] <n:Name>",
    "(put|store|save|write|place) <x:Formula> (in|into|as|to|under) [new] [@column] [called|named] <n:Name>",
    "(add up|add|sum|sum up|total) <c:Cols> [together|up] [,|and|(] (@call|into|as|to get|to give|to make|giving) [new] [@column] [called|named] <n:Name>",
    "(multiply) <a:Term> (by|with|and|times) <b:Term> [together] [,|and|(] (@call|into|as|to get|to give|giving|to make) [new] [@column] [called|named] <n:Name>",
    "(divide) <a:Term> by <b:Term> [,|and|(] (@call|into|as|to get|to give|giving|to make) [new] [@column] [called|named] <n:Name>",
    "(subtract|take|take away|deduct) <b:Term> [away] from <a:Term> [,|and|(] (@call|into|as|to get|to give|giving|to make) [new] [@column] [called|named] <n:Name>",
    f"{_NEW} {_IS} [by] (multiplying|multiply) <a:Term> (by|with|and|times) <b:Term>",
    f"{_NEW} {_IS} [by] (dividing|divide) <a:Term> by <b:Term>",
    f"{_NEW} {_IS} [by] (subtracting|subtract|taking|deducting) <b:Term> [away] from <a:Term>",
    f"{_NEW} {_IS} [by] (adding|add|summing|adding up|adding together|add up) <c:Cols> [together|up]",
)
def calculation(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of a calculation."""
    name = env["n"]
    formula: Formula | None = env.get("x")
    low = [reader.low(step) for step in range(start, end)]
    if formula is None and "c" in env:
        if len(env["c"]) < 2:
            return None
        formula = Formula(" + ".join(map(quoted, env["c"])), env["c"])
    elif formula is None:
        a, b = env["a"], env["b"]
        sign = "*" if {"multiply", "multiplying"} & set(low) else "/" if {"divide", "dividing"} & set(low) else "-"
        formula = Formula(f"({a.sql}) {sign} ({b.sql})", (*a.columns, *b.columns))
    if not formula.columns:
        return None
    if (
        formula.simple
        and formula.sql == quoted(formula.columns[0])
        and "copy" not in low
        and not {"=", "as", "equal", "equals"} & set(low)
    ):
        return None
    if (
        reader.view.column(name) is not None
        and name not in formula.columns
        and reader.index.column(reader.tokens[start:start]) is None
    ):
        checked_name(reader, name)
    return derived(reader, name, formula)


@frame(
    "calculation without a name",
    "(@add|calculate|compute|work out|derive|figure out|determine) [new] [@column] [with|for|holding|containing|showing|of|that is|that shows|that holds|which is|equal to|that equals|giving] <x:Formula>",
    cost=0.5,
)
def unnamed_calculation(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of a calculation that nobody named."""
    formula: Formula = env["x"]
    if not formula.columns or (formula.simple and formula.sql == quoted(formula.columns[0])):
        return None
    low = [reader.low(step) for step in range(start, end)]
    if not {"column", "columns", "field"} & set(low) and (
        len(formula.columns) < 2 and not any(one in formula.sql for one in "*/(")
    ):
        return None
    return derived(reader, fresh(reader, "result"), formula)


@frame(
    "copy of a column",
    f"{_NEW} {_IS} (copy of|same as|duplicate of|copy of column) <c:Col>",
    "(copy|duplicate) [@column] <c:Col> (to|into|as|in) [new] [@column] [called|named] <n:Name>",
    "(make|create|add) [a] (copy|duplicate) of <c:Col> (@call) <n:Name>",
)
def copy(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column once more."""
    return derived(reader, checked_name(reader, env["n"]), Formula(quoted(env["c"]), (env["c"],), True))


# -- a column changed in place


@frame(
    "calculation in place",
    "(multiply) [@all] [values in|values of|value of] <c:Cols> (by|with|times) <v:Num>",
    "(divide) [@all] [values in|values of|value of] <c:Cols> (by|through) <v:Num>",
    "(add) <v:Num> (to|onto) [@all] [values in|values of|value of|every value in|each value in|every] <c:Cols> [value]",
    "(subtract|take|take away|deduct) <v:Num> [away] from [@all] [values in|values of|every value in|each value in] <c:Cols>",
    "(increase|raise|up|bump|bump up|mark up) [@all] [values in|values of] <c:Cols> by <v:Num> <pc:Percent>",
    "(decrease|reduce|lower|cut|discount|mark down) [@all] [values in|values of] <c:Cols> by <v:Num> <pc:Percent>",
    "(increase|raise|up|bump|bump up) [@all] [values in|values of] <c:Cols> by <v:Num>",
    "(decrease|reduce|lower|cut) [@all] [values in|values of] <c:Cols> by <v:Num>",
    "(double) [@all] [values in|values of] <c:Cols>",
    "(halve) [@all] [values in|values of] <c:Cols>",
    "(multiply) [@all] <c:Cols> by <v:Num> <pc:Percent>",
    "(make|turn|set) [@all] [values in] <c:Cols> (absolute|absolute values|positive|non - negative|to absolute values|into absolute values|to their absolute value|to its absolute value)",
    "(take|use) [the] absolute (value|values) of <c:Cols>",
    "(negate|flip sign of|invert sign of|change sign of|reverse sign of) <c:Cols>",
)
def in_place(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers changed where they stand."""
    verb = reader.low(start)
    value = env.get("v", 0)
    percent = "pc" in env
    text_ = number(value)
    templates = {
        "multiply": f"{{0}} * {text_}",
        "divide": f"{{0}} / {text_}",
        "add": f"{{0}} + {text_}",
        "double": "{0} * 2",
        "halve": "{0} / 2",
    }
    if verb in ("subtract", "take", "deduct") and "v" in env:
        template = f"{{0}} - {text_}"
    elif verb in ("increase", "raise", "up", "bump", "mark") and (verb != "mark" or reader.low(start + 1) == "up"):
        template = f"{{0}} * {number(round(1 + value / 100, 12))}" if percent else f"{{0}} + {text_}"
    elif verb in ("decrease", "reduce", "lower", "cut", "discount", "mark"):
        template = f"{{0}} * {number(round(1 - value / 100, 12))}" if percent else f"{{0}} - {text_}"
    elif verb in ("negate", "flip", "invert", "change", "reverse"):
        template = "-{0}"
    elif verb in templates and (verb in ("double", "halve") or "v" in env):
        template = templates[verb]
    else:
        template = "ABS({0})"
    if any(reader.column(name).type not in NUMERIC for name in env["c"]):
        return None
    columns = tuple(Derivation(column=name, expression=template.format(quoted(name))) for name in env["c"])
    return act(Derive(columns=columns), touched=env["c"])


@slot("Percent")
def percent_sign(reader: Reader, at: int) -> Any:
    """The word or sign of percent."""
    if reader.low(at) in ("%", "percent", "pct"):
        yield at + 1, True, 0.0


# -- cases

_FLAG = "(true|yes|1|'yes'|'true'|@only true)"


@frame(
    "cases",
    f"{_NEW} {_IS} <x:Cases>",
    "[new] [@column] [called|named] <n:Name> [@column] (=|:|is|should be|as) [the] [text|value|word] <x:Cases>",
    "(set|make|fill) [new] [@column] [called|named] <n:Name> [to|as|be|with|:] <x:Cases>",
)
def cases(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column whose values follow from conditions."""
    found: Cases = env["x"]
    return _conditional(reader, env["n"], found)


def _conditional(reader: Reader, name: str, found: Cases) -> Answer:
    kinds = {_kind(said) for _, said in found.cases} | ({_kind(found.otherwise)} if found.otherwise else set())
    kinds.discard("null")
    if len(kinds) > 1:
        if kinds <= {"text", "number"}:
            return None
        return None
    otherwise = found.otherwise
    if otherwise is None and kinds == {"truth"} and len(found.cases) == 1:
        otherwise = "FALSE" if found.cases[0][1] == "TRUE" else "TRUE"
    made = Conditional(
        column=name, cases=tuple(Case(when=when, then=then) for when, then in found.cases), otherwise=otherwise
    )
    return act(made, made=(name,), used=found.columns)


def _kind(said: str) -> str:
    if said == "NULL":
        return "null"
    if said in ("TRUE", "FALSE"):
        return "truth"
    return "text" if said.startswith("'") else "column" if said.startswith('"') else "number"


@frame(
    "yes or no",
    f"{_NEW} {_IS} [set to|set] [{_FLAG}] (if|when|where|whenever|for|is true when|telling whether|saying whether|whether|that says whether|that is true if|that tells whether|showing whether|indicating whether|that shows whether|that indicates whether|which says whether|to say whether|to show whether|true if|true when|true for|true where|says whether|marking|that marks|flagging|that flags|to flag|to mark|that tells if|says if|indicating if|showing if|that shows if|that says if|@only if) [@rows|<e:Entity>|it is] [where|with|whose|when|that have|for which|that are] <w:Cond> [,|and|(|;|.] [or|but] [false|no|0|otherwise false|false otherwise|false if not|else false|and false otherwise|false for rest|false for others|otherwise it is false|false for everything else|false elsewhere|false in all other cases|false when not] [otherwise|for rest|for others|elsewhere|if not|for everyone else|else] [RP]",
    "(flag|mark|tag) [@all] [@rows] <w:Who> (as|in|with|by) [new] [true / false|boolean] [@column|flag] [called|named] <n:Name> [@column] [LP (true / false|true or false|boolean|yes / no|true|a true / false column|true / false column) RP]",
    "(flag|mark|tag) [@all] [@rows|<e:Entity>] (where|with|whose|when|that have|for which|that are|if) <w:Cond> [as true] (in|with|by|using|as) [new] [true / false|boolean|yes / no] [@column|flag] [called|named] <n:Name> [as true]",
    f"{_NEW} (, true|, which is true|: true|- true|LP true|; true|, true or false|true|, which is true only) (if|when|for|where|@only if|@only when) [@rows|<e:Entity>] [where|with|whose|when|that have] <w:Cond> [,|;|and] [else|otherwise|and] [false] [otherwise|for rest|for others|if not|elsewhere|for everyone else|in all other cases] [RP]",
)
def flag(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column that says whether a condition holds."""
    condition: Cond = env["w"]
    if condition.sql.startswith("@"):
        return None
    low = [reader.low(step) for step in range(start, end)]
    if (
        "1" in low[:14]
        and "true" not in low
        and len(low) > 3
        and "'yes'" not in low
        and _after_name(reader, env, start, "1")
    ):
        made = Conditional(column=env["n"], cases=(Case(when=condition.sql, then="1"),), otherwise="0")
        return act(made, made=(env["n"],), used=condition.columns)
    if _after_name(reader, env, start, "yes"):
        made = Conditional(column=env["n"], cases=(Case(when=condition.sql, then="'yes'"),), otherwise="'no'")
        return act(made, made=(env["n"],), used=condition.columns) if "no" in low else None
    expression = f"({condition.sql}) IS TRUE"
    return act(
        Derive(columns=(Derivation(column=checked_name(reader, env["n"]), expression=expression),)),
        made=(env["n"],),
        used=condition.columns,
    )


def _after_name(reader: Reader, env: dict[str, Any], start: int, word: str) -> bool:
    for at in range(start, min(len(reader.tokens), start + 14)):
        if reader.low(at) == word and reader.low(at + 1) in ("if", "when", "where", "for", "whenever"):
            return True
    return False


@frame(
    "ranges with labels",
    "(bin|bucket|group|categorise|categorize|classify|split|divide|band|cut|sort|put|bracket|sort out|break|break up|break down|map|turn|convert|class|segment|label|grade|bucketise|discretise|discretize) [@all] [values of|values in] <c:Col> [values] [up] [into|in|as|to|by] [groups|bins|bands|categories|buckets|classes|ranges|levels|three groups|brackets] [,|in|into|as|called|and put in|and call it|and put it in] [new] [text] [@column] [called|named] <n:Name> [,|:|-|;|.|(|as|with|using] [labels|with|where|as|as follows|categories|values|bands|groups|ranges] [:|,] <x:LabelsOf>",
    "(bin|bucket|group|categorise|categorize|classify|split|divide|band|cut|bracket|break|map|turn|class|segment|label|grade|sort) [@all] <c:Col> [up] (into|as|in|to) [groups|bins|bands|categories|buckets|classes|ranges] [:|,|-] [of] <x:LabelsOf> [,|and|(|.|;|in|as] (@call|in new column) [column] [called|named] <n:Name> [RP]",
    f"{_NEW} [,|that|which|(|by|to] [is] [based on|from|according to|using|by|depending on|for|of|out of|from values of|from ranges of|grouping|that groups|binning|bucketing|made from|derived from|which bins|that bins|that classifies|classifying|with bands of|that depends on|bands of|on|, based on|for bands of|that puts] <c:Col> [into groups|in bands|into bands|as follows|values|bands|in groups|ranges|into buckets|into categories] [RP|:|,|-|;|.|as|with] [labels|with|where|as|as follows] [:|,] <x:LabelsOf>",
    f"{_NEW} [,|:|-|(|with|that is|as|which is|;|.|is] [labels|values|categories|bands|the values|groups] [:|,] <x:LabelsAbout>",
)
def labelled_ranges(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of labels for ranges of another one."""
    column, found = env["x"]
    if "c" in env and env["c"] != column:
        return None
    if "c" not in env and about(reader, env["n"]) != column:
        return None
    if env["n"] != column:
        checked_name(reader, env["n"])
    return _conditional(reader, env["n"], found)


@slot("LabelsOf")
def labels_of(reader: Reader, at: int) -> Any:
    """Labelled ranges of any one column: the pattern around it says which."""
    for name in reader.view.names:
        if reader.column(name).type in NUMERIC or reader.column(name).type is LogicalType.STRING:
            if not _mentioned(reader, name, at):
                continue
            for end, found, cost in labelled(reader, at, name):
                if set(found.columns) == {name}:
                    yield end, (name, found), cost


def _mentioned(reader: Reader, name: str, at: int) -> bool:
    return any(found == name for step in range(max(0, at - 30), at) for _, found, _ in reader.slot("Col", step))


@slot("LabelsAbout")
def labels_about(reader: Reader, at: int) -> Any:
    """Labelled ranges of the column that the new name is made of."""
    for step in range(max(0, at - 6), at):
        for _, name, _ in reader.slot("Name", step):
            column = about(reader, name)
            if column is not None:
                for end, found, cost in labelled(reader, at, column):
                    if set(found.columns) == {column}:
                        yield end, (column, found), cost + 0.3


# -- parts of dates


@frame(
    "parts of dates",
    f"{_NEW} {_IS} <p:DatePart> (of|in|from|out of) <c:Col>",
    "(@add|extract|get|pull|take|derive|make|put) <p:DatePart> (from|of|out of|in) <c:Col> [,|and|(] (@call|as|into|to|in) [new] [@column] [called|named] <n:Name>",
    "(from|out of|using) <c:Col> [,] (@add|extract|get|derive|make|create|take) [new] [@column] [called|named] <n:Name> (with|for|holding|as|(|=|:|containing|,|that is) [the] <p:DatePart> [RP]",
    "(from|out of|using) <c:Col> [,] (@add|extract|get|derive|make|create|take) [the] <p:DatePart> (as|into|(|called|named|and call it|in) [new] [@column] [called|named] <n:Name> [RP]",
    "(from|out of|using) <c:Col> [,] (@add|make|create|derive|get|extract) [new] [two|three|four|2|3|4] [new] [separate] [@columns] [:|,|called|-|named] <q:NamedParts>",
    "(@add|make|create) [new] [two|three|four|2|3|4] [new] [separate] [@columns] [:|,|called|-|named|for|with] <q:NamedParts> (from|of|out of|taken from|based on|using|extracted from) <c:Col>",
    "(split|break|break up|separate|divide|decompose) <c:Col> [up] (into|to) [three|two|four|3|2|separate|its] [separate] [@columns] [:|called|for|named] <q:NamedParts>",
    "(@add|extract|get) [new] [@columns] [for|with] <q:PlainParts> (from|of|out of|in) <c:Col> [as (new|separate) @columns|into new columns|in new columns|as columns]",
    "(@add|make|create) [new] [@column] (for|with|holding|containing|that shows|showing|of|that holds|that has|which holds) <p:DatePart> (of|in|from) <c:Col> [,|and|(] [@call] [it|column] [<n:Name>]",
)
def date_parts(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns for parts of a date."""
    column = env["c"]
    wanted: tuple[tuple[str, str], ...]
    if "q" in env:
        wanted = env["q"]
    elif "n" in env:
        wanted = ((env["n"], env["p"][0]),)
    else:
        wanted = ((env["p"][1], env["p"][0]),)
    names = tuple(name for name, _ in wanted)
    for name in names:
        if name != column:
            checked_name(reader, name)
    steps: list[Step] = []
    source, moment = _moment(reader, column, steps)
    columns = tuple(Derivation(column=name, expression=template.format(moment)) for name, template in wanted)
    steps.append(Derive(columns=columns))
    if source != column:
        from contracts.recipe import Drop

        steps.append(Drop(columns=(source,)))
    return act(*steps, made=names, used=(column,))


def _moment(reader: Reader, column: str, steps: list[Step]) -> tuple[str, str]:
    """The column of moments to look at; where dates are written as text, a copy of them that is read."""
    type_ = reader.column(column).type
    if type_ in TEMPORAL:
        return column, quoted(column)
    if type_ is not LogicalType.STRING:
        raise ask("unclear", f"'{column}' holds no dates. Which column does?", reader.of_type(TEMPORAL))
    from services.transform.planner.frames.numbers import date_format

    found = date_format(reader, column)
    name = fresh(reader, f"{column}_read")
    steps.append(Derive(columns=(Derivation(column=name, expression=quoted(column)),)))
    to = "timestamp" if any("%H" in one for one in found) else "date"
    steps.append(ParseDate(columns=(name,), formats=found, to=to))  # type: ignore[arg-type]
    return name, quoted(name)


@slot("NamedParts")
def named_parts(reader: Reader, at: int) -> Any:
    """month (the month number) and weekday (full English day name)."""
    yield from _named_parts(reader, at, ())


def _named_parts(reader: Reader, at: int, found: tuple[tuple[str, str], ...]) -> Any:
    for end, env, cost in reader.match(
        "<n:Name> (LP [@column|the|with|for] <p:DatePart> RP|for <p:DatePart>|with <p:DatePart>|= <p:DatePart>|: <p:DatePart>|as <p:DatePart>|holding <p:DatePart>)",
        at,
    ):
        yield from _more_parts(reader, end, (*found, (env["n"], env["p"][0])), cost)
    for end, env, cost in reader.match("<p:DatePart> (as|called|into) <n:Name>", at):
        yield from _more_parts(reader, end, (*found, (env["n"], env["p"][0])), cost)
    for end, env, cost in reader.match("<p:DatePart>", at):
        if end == at + 1:
            yield from _more_parts(reader, end, (*found, (reader.tokens[at].text, env["p"][0])), cost + 0.3)


@slot("PlainParts")
def plain_parts(reader: Reader, at: int) -> Any:
    """year, month and day."""
    for end, found, cost in _named_parts(reader, at, ()):
        yield end, found, cost + 0.2


def _more_parts(reader: Reader, end: int, found: tuple[tuple[str, str], ...], cost: float) -> Any:
    yield end, found, cost
    for follow in {stop for stop, _, _ in reader.match(", and|and|,|&", end)}:
        if len(found) < 6:
            for stop, whole, more in _named_parts(reader, follow, found):
                yield stop, whole, cost + more


@frame(
    "date arithmetic",
    "(add|shift|move) <v:Count> <u:DateUnit> (to|onto) [@all|each|every] <c:Col> [,|and|(] [@call] [new] [@column] [<n:Name>]",
    "(subtract|take) <v:Count> <u:DateUnit> from [@all|each|every] <c:Col> [,|and|(] [@call] [new] [@column] [<n:Name>]",
    f"{_NEW} {_IS} <c:Col> (plus|+) <v:Count> <u:DateUnit>",
    f"{_NEW} {_IS} <c:Col> (minus|-) <v:Count> <u:DateUnit>",
    f"{_NEW} {_IS} <v:Count> <u:DateUnit> after <c:Col>",
    f"{_NEW} {_IS} <v:Count> <u:DateUnit> before <c:Col>",
    "(shift|move|push) [@all] <c:Col> [forward|back|ahead|later|backwards|forwards] by <v:Count> <u:DateUnit> [forward|back|ahead|later|earlier|backwards|forwards]",
)
def date_arithmetic(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Dates moved by days, weeks, months, years."""
    if reader.column(env["c"]).type not in TEMPORAL:
        return None
    low = {reader.low(step) for step in range(start, end)}
    back = (
        bool({"subtract", "minus", "before", "back", "earlier", "backwards", "-"} & low) or reader.low(start) == "take"
    )
    amount = -env["v"] if back else env["v"]
    into = env.get("n")
    if into is not None and into != env["c"]:
        checked_name(reader, into)
    made = DateAdd(column=env["c"], amount=amount, unit=env["u"], into=into)
    return act(made, made=(into,) if into else (), used=(env["c"],), touched=(env["c"],))


@slot("DateUnit")
def date_unit(reader: Reader, at: int) -> Any:
    """A unit of time."""
    low = reader.low(at).rstrip("s")
    if low in ("day", "week", "month", "year", "hour", "minute", "second", "quarter"):
        yield at + 1, low, 0.0


# -- the first value there is

_BLANK_IF = "(if|when|where|whenever|in case|for rows where|for those where)"


@frame(
    "first value there is",
    f"{_NEW} {_IS} [use|take|using|taking|that uses|that takes] <a:Col> (when there is one|if there is one|where there is one|if available|when available|if it is there|if present|when present|where present|when it is there|where it is there|if known|when known|where known|if not @blank|if it is not @blank|when it is not @blank|where available|if it exists|where it is not @blank|where it exists|if it has value|unless it is @blank|when it has value|where it has value|if given|when given|if it is filled in|where filled in|when filled in|, if available|, if there is one|when it exists|, if present|, when available|if there is value|when not @blank|where not @blank|when there is value|where there is value) [,|;|and|or|, and|.] (otherwise|else|or else|or|if not|and otherwise|and if not|else use|otherwise use|fall back to|falling back to|falling back on|and|fall back on|if it is @blank|when it is @blank|where it is @blank|failing that|instead) [use|take|it is|with|using|by|falls back to|is] <b:Col> [instead]",
    f"{_NEW} {_IS} [use|take|using] <a:Col> [,|or|but|;|and] [or|but|falling back to|with] [<b2:Col>] {_BLANK_IF} [that is|it is|<a2:Col> is|<a3:Col>] @blank [,] [use|take|then|it is] [<b:Col>] [instead]",
    f"{_NEW} {_IS} (first non [-] (blank|null|empty|missing) [value] of|first available of|first known of|first value that is not @blank of|first not @blank of|coalesce of|first non [-] (blank|null|empty|missing) [value] among|first filled of|whichever is first not @blank of) <c:Cols>",
    f"{_NEW} {_IS} <a:Col> [,] (falling back to|falling back on|or else|or , failing that ,|backed up by|with fallback|with fallback to|if that is @blank then|or if that is @blank|or if it is @blank ,|or|else|filled from|or , if that is @blank ,|or if that is missing|, or if it is @blank ,|and if it is @blank|, and where it is @blank|and where it is @blank|if it is @blank then|but where it is @blank|or if @blank ,|or if @blank|but if it is @blank|but if that is @blank) [,] [use|take|then] <b:Col> [where it is @blank|if it is @blank|when it is @blank|if that is @blank|where that is @blank|when that is @blank|if @blank|where @blank|when @blank|if not available|instead|if not|if unavailable|otherwise|if first is @blank|where missing|if it has none|when missing]",
    "(coalesce|combine) <c:Cols> (into|as|to) [new] [@column] [called|named] <n:Name> [, taking first non - blank|taking first non - blank value|, using first non - blank]",
)
def first_there(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column with the first value that is there."""
    low = [reader.low(step) for step in range(start, end)]
    if reader.match_any("combine", start) and not {"first", "coalesce"} & set(low):
        return None
    if "c" in env:
        columns = env["c"]
    else:
        second = env.get("b") or env.get("b2")
        if second is None:
            return None
        columns = (env["a"], second)
        for one in ("a2", "a3"):
            if one in env and env[one] != env["a"]:
                return None
        if "or" in low and not {
            "blank",
            "missing",
            "empty",
            "null",
            "available",
            "fallback",
            "falling",
            "unavailable",
            "failing",
            "one",
            "there",
            "present",
            "known",
            "otherwise",
            "else",
        } & set(low):
            return None
    if len(set(columns)) < 2:
        return None
    return act(
        Coalesce(column=checked_name(reader, env["n"], columns), columns=columns), made=(env["n"],), used=columns
    )


@frame(
    "constant",
    "@add [new] [another] [@column] [called|named] <n:Name> [@column] [,] [that is|which is|that|with|and|set to|=|:|filled with|containing|holding|equal to|where|whose|having] [value|values|constant|constant value|text|word|always|it is|is|be|set to|set|says|every value is|every row is|contains|number|fixed value] [of] [always|set to|filled with|to|=|equal to] [text|word|value|number] <v:Constant> [in|for|on|to|throughout] [@all|every] [single] [@rows|row|line|cells|record|of them|everywhere|table|one]",
)
def constant(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column with one value."""
    low = [reader.low(step) for step in range(start, end)]
    marked = {
        "value",
        "every",
        "all",
        "constant",
        "each",
        "set",
        "filled",
        "always",
        "=",
        "containing",
        "text",
        "throughout",
        "word",
        "holding",
        "values",
        "whole",
    } & set(low)
    said = reader.tokens[end - 1]
    if not marked and said.kind != "quoted":
        return None
    return act(
        Derive(columns=(Derivation(column=checked_name(reader, env["n"]), expression=env["v"]),)), made=(env["n"],)
    )


@slot("Constant")
def constant_value(reader: Reader, at: int) -> Any:
    """A quoted text, a number, true or false, one plain word."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, text(token.text), 0.0
    elif token.kind == "number" and token.number is not None:
        yield at + 1, number(token.number), 0.0
    elif token.kind == "date":
        yield at + 1, f"DATE '{token.text}'" if ":" not in token.text else text(token.text), 0.0
    elif token.low in ("true", "false"):
        yield at + 1, token.low.upper(), 0.0
    elif token.kind == "word" and reader.index.column([token]) is None:
        yield at + 1, text(token.text), 0.8


@frame(
    "row numbers",
    "@add [new] [@column] [called|named] [<n:Name>] [@column] (with|holding|containing|that is|for|=|:|, the|that holds|,|numbering) (row number|row numbers|running number|sequence number|consecutive number|line number|serial number|row index|rows) [from|starting|starting at|starting from|beginning at|beginning with|beginning from|counting from|that starts at|starting with|, starting at|, starting from|, starting with|, from] <s:Num> [up|for first row|upwards|on|at top|onwards]",
    "@add [new] [@column] [called|named] <n:Name> [@column] (with|holding|containing|that is|for|=|:|,|that holds|numbering) (row number|row numbers|running number|sequence number|consecutive number|consecutive numbers|line number|serial number|rows|row index) [in file order|of each row|for each row]",
    "(number|enumerate) [@all] (rows|lines|records|<e:Entity>) [consecutively|in order|in their present order|in file order|as they stand] [from|starting|starting at|starting from|beginning at|beginning with|starting with] [<s:Num>] [up|upwards|on|onwards] [,] [in|into|as|with|and] [new] [@call] [@column] [called|named] <n:Name> [from|starting at|starting from|starting with|, starting at|, starting from|, from|beginning at] [<s2:Num>]",
    "@add (row number|row numbers|running number|line number|serial number) [@column] [called|named|as] [<n:Name>] [starting at|starting from|from|starting with|, starting at|, starting from|, from] [<s:Num>]",
    "@add [new] [@column] [called|named] <n:Name> (counting|that counts) [up] [rows] from <s:Num> [up|upwards] [in file order]",
)
def row_numbers(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column that numbers the rows."""
    first = env.get("s", env.get("s2", 1))
    name = checked_name(reader, env.get("n") or "row_number")
    steps: list[Step] = [Window(columns=(WindowColumn(name=name, function="row_number"),))]
    if first != 1:
        steps.append(Derive(columns=(Derivation(column=name, expression=f"{quoted(name)} + {number(first - 1)}"),)))
    return act(*steps, made=(name,))


def boolean_of(reader: Reader, column: str) -> tuple[str, str] | None:
    """How a column writes yes and no."""
    return truth(reader.column(column))


__all__ = ["Cast", "as_text", "frames"]
