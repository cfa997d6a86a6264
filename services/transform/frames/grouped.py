"""Frames about groups, said in any order: the figures, of what rows, for each what, under which names, in which order."""

import re
from typing import Any

from contracts.recipe import Derivation, Derive, Drop, Filter, Limit, Sort, SortKey
from services.transform.frames.base import Act, Answer, Frames, act, fresh
from services.transform.frames.grouping import of_groups
from services.transform.frames.measures import Figure, Keys, _with, calendar_keys
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, listed, quoted, slot
from services.transform.planner.roles import bag
from services.transform.planner.view import ask
from services.transform.planner.words import parts

frames = Frames("grouped")
frame = frames.frame

_NO_VERBS = frozenset("not no without except never nor neither excluding minus than".split())


_ONLY = frozenset("only just or counting considering".split())
_DUE = frozenset({"figures", "keys"})


_PERIODS = {"monthly": "month", "quarterly": "quarter", "weekly": "week"}


@slot("Yearly")
def yearly(reader: Reader, at: int) -> Any:
    """Yearly, annual: for each of the one column of years, or of the years of the one column of dates; monthly too."""
    unit = _PERIODS.get(reader.low(at))
    if unit is not None:
        yield from ((at + 1, keys, cost) for _, keys, cost in calendar_keys(reader, at, unit))
    if reader.low(at) not in ("yearly", "annual", "annually"):
        return
    years = [name for name in reader.view.names if "year" in parts(name) and reader.column(name).type in NUMERIC]
    moments = reader.of_type(TEMPORAL)
    if len(years) == 1:
        yield at + 1, Keys((years[0],)), 0.2
    elif not years and len(moments) == 1 and reader.view.column("year") is None:
        year = Derivation(column="year", expression=f"DATE_PART('year', {quoted(moments[0])})")
        yield at + 1, Keys(("year",), (Derive(columns=(year,)),)), 0.3


@slot("PlainVerb")
def plain_verb(reader: Reader, at: int) -> Any:
    """What the groups do to be counted: bought, sold, play. It selects nothing."""
    if at >= len(reader.tokens) or reader.tokens[at].kind != "word" or reader.low(at) in _NO_VERBS:
        return
    token = reader.tokens[at]
    if reader.index.column([token]) is None and not reader.index.cells([token])[0] and token.low.isalpha():
        yield at + 1, token.low, 0.5


@slot("Commonness")
def commonness(reader: Reader, at: int) -> Any:
    """Whether the groups with many rows come first."""
    for words, many in (("commonest|most common|most frequent", True), ("rarest|least common|least frequent", False)):
        for end, _, cost in reader.match(f"({words}) [ones|values|<e:Entity>] (first|on top|at top)", at):
            yield end, many, cost


@slot("GroupRoles")
def group_roles(reader: Reader, at: int) -> Any:
    """Figures for each of something, with their names, rows, order and decimals."""
    grouping = "(group|grouped|grouping|broken down|break down|split|summarised|summarized|aggregated|summarise|summarize|aggregate|split up|tallied|separately)"
    roles = {
        "figures": "[@lead] [@lead] [the] <f:Figures>",
        "more": "[and|plus|with|,] [also|@lead] [the|its|their] <f2:Figures> (too|also|as well)|(together with|along with|as well as|next to|beside|besides) [the|its|their] <f2:Figures>",
        "whole": "(in total|in all|altogether|overall)",
        "keys": f"(of|in|from|at|on|for|per) (each|every) <k:GroupKeys> [<v:PlainVerb>] (on|in|at|of|from|for|per) (each|every) <k2:GroupKeys>|@per <k:GroupKeys>|(for|in|within|of|from|at|on) (each|every) <k:GroupKeys>|{grouping} [it|@table|@rows|<e:Entity>] (by|per|for each) <k:GroupKeys>|(did|does|do|has|have|had|is|are|were|was) (each|every) <k:GroupKeys> [<v:PlainVerb>]|<v:PlainVerb> [by|at|in|on|for] (each|every|per) <k:GroupKeys>",
        "period": "<k9:Yearly>",
        "names": "(@call|as|in|into|with|under|using|to be called|giving) [it|them|the|that|these] [new|result|resulting] [@columns|@column|names|column names|headers|count|total|average|result] [called|named] <nn:Names> [@columns|@column] [respectively]|@columns [:|called|named] <nn:Names> [respectively]",
        "rows": "(for|of|among|amongst|counting only|considering only|only counting|based on|using only|@only for|but only|@only|looking at|taking|over|across) [the] <w:Who>",
        "having": "[and|but] [@keep|show|list|leave|keeping|showing] [@only|just|those|for] [the|those] <s:GroupSize>",
        "less": "(ignoring|excluding|leaving out|not counting|disregarding|without|skipping|except|apart from|ignore|exclude|leave out|do not count|skip|disregard) [the|those|ones] [@rows|<e8:Entity>] [where|whose|with|for which|that have] <w:Cond>|(ignoring|excluding|leaving out|not counting|disregarding|without|skipping|ignore|exclude|leave out|do not count|skip|disregard) [the|those] <w:Who>",
        "order": "[the] <x:Commonness> [ones|values|first] [first|on top|at top]|[with|the] (<x:Superlative>) [ones|values|value|number|numbers|figure|figures|<e:Entity>|@rows|<w:FigureWords>|<w:CountWords>|<f3:Figure1>] (first|on top|at top|coming first|at start|leading)|[in] <dir:Direction> [order] (of|by|on) [that|it|this|count|total|average|number|figure|value|result|<w:FigureWords>|<f3:Figure1>]|[then] (sorted|ordered|sort|order|arranged|ranked) [it|them|@rows|result] [by] [that|it|this|count|total|average|number|the figure|value|result] [,] [in|from] [<dir:Direction>]|[in|from] <dir:Direction>",
        "top": "[@keep|show|list|but|then] [@only|just] [the] (top|first|<x:Superlative>) <n:Count> [of them|of these|ones|<e4:Entity>|@rows|groups|<kk:Cols>] [@only] [(with|having|by) [the] <x:Superlative> [<w:FigureWords>|<w:CountWords>|value|values|figure]]|[@keep|show|list|but|then] [@only|just] [the] <n:Count> (<e5:Entity>|<kk:Cols>|ones|groups) (with|having|that have) [the] <x:Superlative> [<w:FigureWords>|<w:CountWords>|value|values|figure|<f3:Figure1>]|[@keep|show|list|but] [@only|just] [the] <n:Count> (<x:Superlative>) [of them|ones|<e4:Entity>|@rows|groups]",
        "round": "<d:Rounding>|(to|with) <d:Digits>|<d:Digits>",
        "percent": "<pc:InPercent>",
        "lead": "[@lead|calculate] (for|in) [all|the] (@table|@rows)",
    }
    yield from bag(reader, at, {name: one for name, one in roles.items() if name != "period"}, _DUE)
    whose = {
        **roles,
        "figures": "[@lead] [@lead] [the] (<z:PartOf>|rate) of [@all|the] (@rows|<e2:Entity>) [that|who|which]",
        "are": "(are|is|were|was|have|had|has) <w2:Who>|(that|who|which) <w2:Who>",
    }
    for end, found, cost in bag(reader, at, whose, frozenset({"figures", "are", "keys"})):
        condition = found["are"]["w2"]
        if not condition.sql.startswith("@"):
            percent = 100.0 if found["figures"].get("z") else 1.0
            figure = Figure("share", None, where=condition, q=percent)
            yield end, {**found, "figures": {"f": (figure,)}}, cost
    tally = {
        **{name: one for name, one in roles.items() if name not in ("keys", "period", "more")},
        "figures": "[@lead] [@lead] [the] <k:GroupKeys> (counts|frequencies|frequency|tallies|tally|distribution)|[@lead] [@lead] [the] (counts|frequencies|distribution|tally) of [each|every|@all|the] <k:GroupKeys> [values]",
    }
    for end, found, cost in bag(reader, at, tally, frozenset({"figures"})):
        given = {**found, "figures": {"f": (Figure("count", None),)}, "keys": {"k": found["figures"]["k"]}}
        yield end, given, cost + 0.3
    if reader.first("[@lead] [@lead] <k9:Yearly>", at) is not None:
        roles["period"] = "[@lead] [@lead] <k9:Yearly>"
        for end, found, cost in bag(reader, at, roles, frozenset({"figures", "period"})):
            if "keys" not in found:
                yield end, {**found, "keys": {"k": found["period"]["k9"]}}, cost


@frame("groups in roles", cost=0.6)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """One row for each group, with its figures."""
    found = env["b"]
    if found["keys"].get("v") in ("first", "last"):
        return None
    given: dict[str, Any] = {"f": found["figures"]["f"], "k": found["keys"]["k"]}
    if "more" in found:
        given["f"] = (*given["f"], *found["more"]["f2"])
    if "k2" in found["keys"]:
        one, other = given["k"], found["keys"]["k2"]
        given["k"] = Keys((*one.columns, *other.columns), (*one.steps, *other.steps))
    if "names" in found:
        names = found["names"]["nn"]
        if len(names) != len(given["f"]) or any(one.name for one in given["f"]):
            return None
        given["nn"] = names
    if "round" in found:
        given["d0"] = found["round"]["d"]
    if "percent" in found:
        given["pc"] = True
    helper = None
    if "having" in found:
        column = found["having"]["s"][0]
        if given["k"].columns != (column or given["k"].columns[0],):
            return None
        helper = fresh(reader, "rows_in_group")
        names = given.pop("nn", None)
        if names is not None:
            given["f"] = tuple(_with(one, name=name) for one, name in zip(given["f"], names, strict=True))
        given["f"] = (*given["f"], Figure("count", None, helper))
    done = of_groups(reader, given, start, end)
    if not isinstance(done, Act):
        return None
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    if helper is not None:
        _, operator, value = found["having"]["s"]
        made = tuple(name for name in done.made if name != helper)
        having = (Filter(where=f"{quoted(helper)} {operator} {value}"), Drop(columns=(helper,)))
        done = act(*done.steps, *having, made=made, used=done.used)
    if "less" in found:
        condition = found["less"]["w"]
        if condition.sql.startswith("@"):
            return None
        before = (Filter(where=f"({condition.sql}) IS NOT TRUE"),)
    if "rows" in found:
        condition = found["rows"]["w"]
        if condition.sql.startswith("@") or set(condition.columns) & set(given["k"].columns) == set(condition.columns):
            return None
        low = {reader.low(step) for step in range(start, end)}
        values = re.findall(r"'((?:[^']|'')*)'", condition.sql)
        several = len(set(condition.columns)) == 1 and len(values) > 1 and not condition.negated
        if several and "and" in low and not low & _ONLY:
            raise ask(  # the average age of men and women: of each of them, or of both together?
                "ambiguous",
                f"Is each of {listed(values)} to have a figure of its own, or all of them one?",
                ["a figure for each", "one figure for all of them"],
            )
        before = (*before, Filter(where=condition.sql))
    if "order" in found or "top" in found:
        said = found["order"] if "order" in found else found["top"]
        column = _meant(done.made, given["f"], said)
        if column is None:
            return None
        descending = said["x"] if "x" in said else said.get("dir", "down") in ("down", "late")
        after = (Sort(by=(SortKey(column=column, descending=bool(descending)),)),)
    if "top" in found:
        if "x" in found["top"] and bool(found["top"]["x"]) != descending:
            return None
        after = (*after, Limit(rows=found["top"]["n"]))
    return act(*before, *done.steps, *after, made=done.made, used=done.used)


def _meant(made: tuple[str, ...], figures: tuple[Figure, ...], said: dict[str, Any]) -> str | None:
    """The figure that the groups are put in order by: the only one, or the one that was named."""
    wanted = said.get("f3")
    counted = said.get("w") is True
    functions = {one.function for one in wanted or ()} or ({"count"} if counted else set(said.get("w") or ()))
    columns = {one.column for one in wanted or () if one.column is not None}
    fitting = [
        name
        for name, one in zip(made, figures, strict=False)
        if (not functions or one.function in functions) and (not columns or one.column in columns)
    ]
    return fitting[0] if len(fitting) == 1 else None
