"""Frames that make columns: labels of ranges, parts of dates, the first value there is, constants, row numbers."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Coalesce,
    DateAdd,
    Derivation,
    Derive,
    ParseDate,
    Step,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import _conditional, checked_name
from services.transform.frames.quarters import quarters
from services.transform.planner.cases import about, labelled
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, number, quoted, slot, text
from services.transform.planner.view import ask
from services.transform.planner.words import parts

frames = Frames("making")
frame = frames.frame


_KINDS = frozenset(
    "fraction fractions percent percentage percentages number numbers decimal date dates text ratio".split()
)


_CLASSES = frozenset("bins groups buckets bands classes ranges categories brackets intervals levels like steps".split())


@frame("ranges with labels")
def labelled_ranges(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of labels for ranges of another one."""
    column, found = env["x"]
    if "n" not in env:
        env["n"] = fresh(reader, f"{column}_group")
    if env["n"].casefold() in _CLASSES:
        return None  # `into bins of 5` names no column `bins`
    if "c" in env and env["c"] != column:
        return None
    if "c" not in env and about(reader, env["n"]) != column:
        return None
    if env["n"].casefold() in _KINDS and reader.low(start) in ("turn", "convert", "make", "change"):
        return None  # `turn it into a fraction (21% becomes 0.21)` is an example
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
    places = [*range(max(0, at - 30), at)]
    places += [step for step in range(at + 1, len(reader.tokens)) if reader.low(step - 1) in _OF_WHAT]
    return any(found == name for step in places for _, found, _ in reader.slot("Col", step))


_OF_WHAT = frozenset("on from by using to at (".split())  # `based on x` may stand behind the labels


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
@slot("ClockSample")
def clock_sample(reader: Reader, at: int) -> Any:
    """An example of a part of a date as it is written: 14:00, 2023-01, Q1."""
    end = at
    while (
        end < len(reader.tokens)
        and end - at < 4
        and reader.raw(at, end + 1).replace(" ", "") == reader.raw(at, end + 1)
    ):
        end += 1
    if re.fullmatch(r"\d{1,2}:\d{2}|\d{4}-\d{2}", reader.raw(at, end)):
        yield end, reader.raw(at, end), 0.0


@frame("parts of dates")
def date_parts(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns for parts of a date."""
    column = env["c"]
    wanted: tuple[tuple[str, str], ...]
    if "q" in env:
        wanted = env["q"]
    elif "ql" in env:
        wanted = quarters(env)
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


@frame("part of a date in place")
def date_part_in_place(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of dates becomes one of years, months or days."""
    column = env["c"]
    steps: list[Step] = []
    source, moment = _moment(reader, column, steps)
    steps.append(Derive(columns=(Derivation(column=column, expression=env["p"][0].format(moment)),)))
    if source != column:
        from contracts.recipe import Drop

        steps.append(Drop(columns=(source,)))
    return act(*steps, touched=(column,))


def _moment(reader: Reader, column: str, steps: list[Step]) -> tuple[str, str]:
    """The column of moments to look at; where dates are written as text, a copy of them that is read."""
    type_ = reader.column(column).type
    if type_ in TEMPORAL:
        return column, quoted(column)
    if type_ is not LogicalType.STRING:
        raise ask("unclear", f"'{column}' holds no dates. Which column does?", reader.of_type(TEMPORAL))
    from services.transform.planner.spellings import date_format

    found = date_format(reader, column)
    name = fresh(reader, f"{column}_read")
    steps.append(Derive(columns=(Derivation(column=name, expression=quoted(column)),)))
    to = "timestamp" if any("%H" in one for one in found) else "date"
    steps.append(ParseDate(columns=(name,), formats=found, to=to))
    return name, quoted(name)


# event_hour says by itself which part of the moment it is.
_BY_NAME: dict[tuple[str, ...], str] = {("date",): "DATE_TRUNC('day', {0})"}
_BY_NAME |= {
    (word,): f"DATE_PART('{word}', {{0}})" for word in ("year", "quarter", "month", "week", "day", "hour", "minute")
}


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
    for end, env, cost in reader.match("<n:Name>", at):
        template = _BY_NAME.get(parts(env["n"])[-1:]) if end == at + 1 else None
        if template is not None and len(parts(env["n"])) > 1:
            yield from _more_parts(reader, end, (*found, (env["n"], template)), cost + 0.2)
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


@frame("date arithmetic")
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
@frame("first value there is")
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


@frame("constant")
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


@frame("row numbers")
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
