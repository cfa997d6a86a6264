"""Readers of figures and of what is grouped by, and the steps that they come to."""

from dataclasses import dataclass
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Derivation,
    Derive,
    Step,
)
from services.transform.planner.conditions import Cond
from services.transform.planner.counted import _numbers_them, measuring
from services.transform.planner.dates import moments
from services.transform.planner.lexicon import OWN_KIND
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.slots import which_column
from services.transform.planner.view import ask
from services.transform.planner.words import key, parts

_FIGURES = (
    ("@avg", "mean"),
    ("@sum|how much", "sum"),
    ("@median", "median"),
    ("@max", "max"),
    ("@min", "min"),
    ("@std", "std"),
    ("variance|variances|variance of", "var"),
    (
        "[number of|count of|how many|count|counts of|no of] @distinct [values of|values in|values for|number of|count of]|distinct count of|unique count of|distinct number of|[the] number of @distinct",
        "count_distinct",
    ),
    ("first|first value of", "first"),
    ("last|last value of|final", "last"),
)


@dataclass(frozen=True)
class Figure:
    """One figure of each group: what, of which column, under which name, with how many decimals."""

    function: str
    column: str | None
    name: str | None = None
    digits: int | None = None
    q: float | None = None
    where: Cond | None = None
    whole: bool = False


@slot("FigureWords")
def figure_words(reader: Reader, at: int) -> Any:
    """Figures by their names: mean; lowest and highest."""
    for words, function in _FIGURES:
        for end, _, cost in reader.match(words, at):
            yield end, (function,), cost
            for stop, _, _ in reader.match("(and|,|, and|&|as well as) [its|the|their]", end):
                for last, rest, more in figure_words(reader, stop):
                    if function not in rest:
                        yield last, (function, *rest), cost + more


@slot("CountWords")
def count_words(reader: Reader, at: int) -> Any:
    """A count of the rows, whatever these are called."""
    for end, _, cost in reader.match(
        "[the] [total|overall] (number|count|no .|amount|numbers|counts) of [@all|total] (@rows|<e:Entity>)|how many [@all] (@rows|<e:Entity>) [there are|are there]|count [up] [of] [@all] (@rows|<e:Entity>)|(row|record) (count|counts)|[@rows|<e:Entity>] (count|counts)|(headcount|headcounts|head count|head counts)|tally [of] [@all] (@rows|<e:Entity>)|how often|number of (times|occurrences)|(count|tally|counts)|how many (there are|of them|are there|times)|how many|count (what is left|what remains|rest|remaining @rows)|frequency|frequencies|frequency of (@rows|<e:Entity>)|total (@rows|<e:Entity>)",
        at,
    ):
        yield end, True, cost + (0.1 if end - at == 1 else 0.0)


@slot("Figure1")
def one_figure(reader: Reader, at: int) -> Any:
    """One or several figures, without names."""
    of = "[of|for|in|across|over] [@all|its|their|their own|column|values of|the] [values of|value of|column]"
    timed = reader.low(at) in ("latest", "newest", "earliest") or reader.low(at + 1) == "recent"
    for end, env, cost in reader.match(f"<f:FigureWords> {of} <c:Cols> [values|value]", at):
        if timed and any(name not in moments(reader) for name in env["c"]):
            continue  # the latest price is not the highest one
        if any(_is_a_kind_of_its_own(reader, at, end, name) for name in env["c"]):
            continue
        yield end, tuple(Figure(function, name) for name in env["c"] for function in env["f"]), cost
    for end, env, cost in reader.match("<c:Cols> ['s] <f:FigureWords>", at):
        if len(env["c"]) == 1:
            yield end, tuple(Figure(function, env["c"][0]) for function in env["f"]), cost + 0.3
    for end, env, cost in reader.match("<c:Cols> (summed|summed up|added up|totalled|totaled|averaged)", at):
        yield (
            end,
            tuple(Figure("mean" if reader.low(end - 1) == "averaged" else "sum", name) for name in env["c"]),
            cost,
        )
    for end, env, cost in reader.match(
        "<c:Col> (sold|made|earned|scored|spent|produced|shipped|ordered|bought|paid|won|lost|lost or made)", at
    ):
        if reader.column(env["c"]).type in NUMERIC:
            yield end, (Figure("sum", env["c"]),), cost + 0.6
    for end, _, cost in reader.match("<w:CountWords>", at):
        if _is_amount(reader, at, end):
            continue
        yield end, (Figure("count", None),), cost
    for end, env, cost in reader.match(
        "(number of|count of|how many|count) (non [-] (blank|null|missing|empty)|known|filled in|recorded) [values of|values in|@values of] <c:Col> [values]",
        at,
    ):
        yield end, (Figure("count", env["c"]),), cost
    for end, env, cost in reader.match(
        "(number of|count of|how many|count) (@blank) [values of|values in] <c:Col> [values]|(number of|count of|how many|count) (@blanks) in <c:Col>",
        at,
    ):
        yield end, (Figure("share", None, where=Cond(f"{quoted(env['c'])} IS NULL", (env["c"],)), whole=True),), cost
    for end, env, cost in reader.match(
        "<n:Num> [th|st|nd|rd] (percentile|quantile) [of|for|in] <c:Col>|<o:Ordinal> (percentile|quantile) [of|for|in] <c:Col>|(upper|third) quartile [of] <c:Col>|(lower|first) quartile [of] <c:Col>",
        at,
    ):
        value = env.get("n", env.get("o"))
        if value is None:
            value = 75 if reader.low(at) in ("upper", "third") else 25
        if 0 < value < 100:
            yield end, (Figure("quantile", env["c"], q=value / 100 if value >= 1 else value),), cost
    for end, env, cost in reader.match(
        "(range|spread) [LP (max|maximum|highest) (minus|-|less) (min|minimum|lowest) RP] of <c:Col>|difference between [highest|maximum|max|largest] and [lowest|minimum|min|smallest] <c:Col>|<c:Col> range",
        at,
    ):
        if reader.column(env["c"]).type in NUMERIC:
            yield end, (Figure("range", env["c"]),), cost + 0.1
    for words, factor in (("(percent|percentage|%|pct)", 100.0), ("(share|fraction|proportion|ratio)", 1.0)):
        for end, env, cost in reader.match(
            f"[the] {words} of [@all] [@rows|<e:Entity>] [that|who|which|with|where|whose] [are|were|is|was|have|had] <w:Cond>|[the] {words} of <w:Who>|{words} <w:Who>",
            at,
        ):
            yield end, (Figure("share", None, where=env["w"], q=factor),), cost + 0.2
    for end, env, cost in reader.match(
        "[what] (percent|percentage|%|pct) of [@rows|<e:Entity>] [that|who|which] <t:Truth>|[the] (survival|success|conversion|churn|default|completion|<v:Word>) rate",
        at,
    ):
        del env
        flags = [
            one for one in reader.view.columns if truth(one) is not None and one.type in (LogicalType.BOOLEAN, *NUMERIC)
        ]
        said = reader.low(end - 2)
        named = [one.name for one in flags if key(said)[:5] == key(one.name)[:5]]
        if len(named) == 1:
            yes = truth(reader.column(named[0]))
            sql = f"{quoted(named[0])} = {yes[0].upper() if yes else 1}"
            yield end, (Figure("share", None, where=Cond(sql, (named[0],)), q=1.0),), cost + 0.6
    for end, env, cost in reader.match("(number of|count of|how many|count) <w:Who>", at):
        if not env["w"].sql.startswith("@"):
            yield end, (Figure("counted", None, where=env["w"]),), cost + 0.4
    # how much money was made
    for end, _, cost in reader.match(
        "how much (money|profit) [we|they|was|did we|you|there was|is|have we] [lost or made|made or lost|lost|made|earned|make|lose|earn|made and lost]",
        at,
    ):
        profits = [
            name
            for name in reader.view.names
            if key(name) in ("profit", "profits", "earnings", "gain", "netprofit", "margin")
        ]
        if len(profits) == 1:
            yield end, (Figure("sum", profits[0]),), cost + 0.6
    for end, env, cost in reader.match(
        "how much <c:Col> [was|is|were|did we have|there was|there is|we had|in total|altogether|was there]", at
    ):
        yield end, (Figure("sum", env["c"]),), cost + 0.2


_IDS = frozenset("id key code ref number no".split())


def _is_a_kind_of_its_own(reader: Reader, at: int, end: int, column: str) -> bool:
    """The youngest employee is not the lowest number of one, and the heaviest of all has no greatest age."""
    said = [reader.low(step) for step in range(at, end)]
    identifies = set(parts(column)) & _IDS
    if identifies and not identifies & {*said, *(one[:-1] for one in said)} and column.casefold() not in said:
        return "number" not in said and "count" not in said and not set(said) & {"distinct", "different", "unique"}
    word = said[0]
    return word in OWN_KIND and column not in measuring(reader, word)


def _is_amount(reader: Reader, at: int, end: int) -> bool:
    """Whether what is counted is a column of numbers: of rooms, that may mean their sum, or how many rows there are."""
    if end - at < 2:
        return False
    link = reader.index.column([reader.tokens[end - 1]])
    if link is not None and not link.sure and link.cost <= 1.0:
        numeric = [name for name in link.columns if reader.column(name).type in NUMERIC]
        if len(numeric) == len(link.columns):  # total goals, of the home team or of the other
            reader.note(end, which_column(reader.raw(end - 1, end), link.columns), 2.5)
            return True
    if link is None or not link.sure or link.cost > 0.15 or reader.column(link.columns[0]).type not in NUMERIC:
        return False
    if _numbers_them(reader, reader.low(end - 1), link.columns[0]) or truth(reader.column(link.columns[0])) is not None:
        return False
    name = link.columns[0]
    ways = [f"the sum of '{name}'", "the number of rows", f"the number of different values of '{name}'"]
    reader.note(end, ask("ambiguous", f"'{reader.raw(at, end)}': is it {ways[0]}, {ways[1]} or {ways[2]}?", ways), 3.0)
    return True


@slot("InPercent")
def in_percent(reader: Reader, at: int) -> Any:
    """In percent."""
    for end, _, cost in reader.match("[,|LP] (in|as) [a] (percent|percentage|%|percentages) [RP]", at):
        yield end, True, cost


@slot("Ordinal")
def ordinal_number(reader: Reader, at: int) -> Any:
    """90 for 90th."""
    low = reader.low(at)
    digits = low[:-2]
    if low[-2:] in ("th", "st", "nd", "rd") and digits.isdigit():
        yield at + 1, int(digits), 0.0


@slot("Truth")
def truth_word(reader: Reader, at: int) -> Any:
    """A flag by its verb: survived."""
    for end, name, cost in reader.slot("Col", at):
        if truth(reader.column(name)) is not None:
            yield end, name, cost


_NAMED = "[,|LP|-|:] [and] (@call) [it|them|the|@column] <n:Name> [RP]"


@slot("Figures")
def figures(reader: Reader, at: int) -> Any:
    """Figures with their names and roundings; one that is rounded may be told behind all of them."""
    for end, found, cost in (*_figures(reader, at, (), 0.0), *reader.slot("FiguresByName", at)):
        yield end, found, cost
        for stop, env, more in reader.match(
            "[,|;|LP|-] [with|and] <f:FigureWords> [figures] (<d:Rounding>|with <d:Digits>|to <d:Digits>) [RP]", end
        ):
            if len(found) > 1 and set(env["f"]) <= {one.function for one in found}:
                rounded = (_with(one, digits=env["d"]) if one.function in env["f"] else one for one in found)
                yield stop, tuple(rounded), cost + more


def _figures(reader: Reader, at: int, found: tuple[Figure, ...], cost: float) -> Any:
    for end, some, more in _named(reader, at):
        every = (*found, *some)
        yield end, every, cost + more
        if len(every) < 12:
            for follow in {
                stop
                for stop, _, _ in reader.match(
                    "(and|,|, and|&|as well as|plus|;|along with|together with|, plus|and also|, as well as|, along with) [also|@lead]",
                    end,
                )
            }:
                yield from _figures(reader, follow, every, cost + more)


_ANNOUNCING = frozenset("column called named field".split())


def _named(reader: Reader, at: int) -> Any:
    for end, env, cost in reader.match(
        "<n:Name> [column] (=|:|as|is|for|with|LP) [the|count of|@lead] <f:Figure1> [RP]", at
    ):
        loose = " " in env["n"] and reader.tokens[at].kind != "quoted"
        signed = any(reader.low(step) in ("=", ":") for step in range(at + 1, end))
        joint = next((reader.low(step) for step in range(at + 1, end) if reader.low(step) in ("with", "for", "is")), "")
        if joint and not signed and env["n"].isalpha() and env["n"].islower() and reader.low(at - 1) not in _ANNOUNCING:
            continue  # `the year with the highest count` is no name for the count
        if len(env["f"]) == 1 and (signed or not (loose or reader.view.column(env["n"]) is not None)):
            yield end, (_with(env["f"][0], name=env["n"]),), cost + 0.2
    for end, some, cost in reader.slot("Figure1", at):
        yield end, some, cost
        for stop, env, more in reader.match(
            f"LP <n:NewName> RP|LP <n:NewName> , (<d:Rounding>|[with|to] <d:Digits>) RP|{_NAMED}|<d:Rounding> {_NAMED}|[,|LP|to] <d:Rounding> [RP]|[,|LP|with] <d:Digits> [RP]|{_NAMED} [,|LP] <d:Rounding> [RP]",
            end,
        ):
            if "n" in env and len(some) != 1:
                continue
            yield stop, tuple(_with(one, name=env.get("n"), digits=env.get("d")) for one in some), cost + more
        for stop, env, more in reader.match("[,|LP] (@call) <n:Names> [RP] [respectively]", end):
            if len(env["n"]) == len(some) > 1:
                yield stop, tuple(_with(one, name=name) for one, name in zip(some, env["n"], strict=True)), cost + more


def _with(one: Figure, name: str | None = None, digits: int | None = None) -> Figure:
    return Figure(
        one.function,
        one.column,
        name or one.name,
        digits if digits is not None else one.digits,
        one.q,
        one.where,
        one.whole,
    )


@dataclass(frozen=True)
class Keys:
    """What is grouped by: columns, and steps that make them."""

    columns: tuple[str, ...]
    steps: tuple[Step, ...] = ()


@slot("GroupKeys")
def group_keys(reader: Reader, at: int) -> Any:
    """Columns to group by; a year or month of the only column of dates."""
    for end, _, cost in reader.match("@eachof", at):
        for stop, columns, more in reader.slot("Cols", end):
            yield stop, Keys(tuple(columns)), cost + more
            for last, _, _ in reader.match(
                "(combination|combinations|pair|value|values|combined|together|group|groups|each|separately)", stop
            ):
                yield last, Keys(tuple(columns)), cost + more
    looked_at = reader.memory.touched
    if len(looked_at) == 1 and reader.low(at - 1) in ("each", "every") and reader.low(at) in ("one", "of", "value"):
        end = at + 2 if reader.low(at + 1) in ("them", "these", "those") else at + 1
        yield end, Keys(looked_at), 0.3
    for keys_end, keys, cost in calendar_keys(reader, at):
        yield keys_end, keys, cost
        for follow, _, _ in reader.match("and|,|&|, and", keys_end):
            for stop, columns, more in reader.slot("Cols", follow):
                yield stop, Keys((*keys.columns, *columns), keys.steps), cost + more
    for end, columns, cost in reader.slot("Cols", at):
        for follow, _, _ in reader.match("and|,|&|, and", end):
            for stop, keys, more in calendar_keys(reader, follow):
                yield stop, Keys((*columns, *keys.columns), keys.steps), cost + more


def calendar_keys(reader: Reader, at: int, said: str = "") -> Any:
    """A year, month or day of a column of dates."""
    of_time = reader.of_type(TEMPORAL)
    for unit in ("year", "month", "quarter", "week", "day", "weekday"):
        if (said or reader.low(at)) not in (
            unit,
            unit + "s",
            "calendar",
            *(("date", "dates") if unit == "day" else ()),
        ):
            continue
        if any(key(name) == unit for name in reader.view.names):
            continue
        if reader.low(at) == "calendar" and reader.low(at + 1) not in (
            unit,
            unit + "s",
            *(("date", "dates") if unit == "day" else ()),
        ):
            continue
        if "date" in (reader.low(at), reader.low(at + 1)) and any(key(name) == "date" for name in reader.view.names):
            continue
        end = at + 1 + (reader.low(at) == "calendar")
        for stop, env, more in [(end, {}, 0.3), *reader.match("[of|in|according to|by] <c:Col>", end)]:
            column = env.get("c") or (of_time[0] if len(of_time) == 1 else None)
            if column is None or reader.column(column).type not in TEMPORAL:
                continue
            part = {"weekday": "isodow"}.get(unit, unit)
            if unit in ("month", "quarter", "week") and _years(reader, column) > 1:
                reader.note(
                    stop,
                    ask(
                        "ambiguous",
                        f"Is each {unit} of each year of '{column}' meant, or each {unit} whatever the year?",
                        [f"{unit} of each year", f"{unit} whatever the year"],
                    ),
                    3.0,
                )
                continue
            if unit == "day" and reader.column(column).type is LogicalType.DATE:
                yield stop, Keys((column,)), 0.4 + more
                continue
            if unit == "day":  # of moments, all of one day are one group
                expression = f"DATE_TRUNC('day', {quoted(column)})"
                yield (
                    stop,
                    Keys((unit,), (Derive(columns=(Derivation(column=unit, expression=expression),)),)),
                    0.4 + more,
                )
                continue
            derived = Derive(columns=(Derivation(column=unit, expression=f"DATE_PART('{part}', {quoted(column)})"),))
            yield stop, Keys((unit,), (derived,)), 0.4 + more


def _years(reader: Reader, column: str) -> int:
    return len({value[:4] for value in reader.column(column).values})
