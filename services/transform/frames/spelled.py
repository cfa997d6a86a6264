"""Frames about numbers and dates that are written as texts."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Cast,
    Derivation,
    Derive,
    Step,
)
from services.transform.frames.base import Act, Answer, Frames, act
from services.transform.planner.months import month_only
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.spellings import (
    as_written,
    date_format,
    date_steps,
    dated_columns,
    number_steps,
    written_style,
)

frames = Frames("spelled")
frame = frames.frame


_HOW = frozenset(
    """
    european formatting format formatted style styles us uk german american continental english british french dollar dollars euro euros
    pound pounds sign signs currency currencies symbol symbols thousand thousands separator separators separated comma commas decimal decimals point points dot
    dots percent percentage percentages text texts string strings written like losses loss brackets bracket parentheses negative negatives
    minus means mean number numbers amount amounts in with and a as several different mixed ways sorts kinds spelled spelling spellings all date dates day
    days month months year years first dd mm yyyy yy mmm d m y then order various e g i quoted letters letter upper lower case uppercase lowercase
    stored typed entered given is are was were come comes came has have had uses use used contains contain containing holds hold using
    looks look notation by of some others other sometimes both for no not or but it its they them so currently now e.g. eg such ie i.e which that
    things thing stuff something bn mn mio million millions billion billions reads read look unit units suffix suffixes
    entries entry inconsistent inconsistently messy messed mess capitalised capitalized capitals small big extra leading trailing spaces space stray whitespace around
    scale keep keeps stays stay staying becomes become values value column named name names short abbreviated full long two three four digit digits slash slashes dashes dash hyphen hyphens one
    kr usd eur gbp euro's mark marks front behind before after character characters places really quite rather instead plus prefixed at end start shown same thing
    should become will result to into fraction fractions share shares ratio untidy dirty unclean chaotic irregular uneven odd weird wrong broken kind sort way jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october november december
    """.split()
)


@slot("How")
def how_written(reader: Reader, at: int) -> Any:
    """What is said of how values are written: it is looked up in the values themselves."""
    end = at
    while end < len(reader.tokens) and end - at < 40:
        token = reader.tokens[end]
        sentence = token.kind == "break" or (
            token.kind == "sign"
            and token.text in (".", ";", "!", "?")
            and reader.low(end - 1) not in ("g", "e", "i")
            and _ends(reader, end)
        )
        if sentence or (token.kind == "word" and token.low not in _HOW and not re.fullmatch(r"[dmy]{1,4}", token.low)):
            break
        if token.low != "thousands" and next(iter(reader.slot("Digits", end)), None) is not None:
            break  # how many decimals there are to be is more than how it is written
        end += 1
        yield end, "how", 0.05
    return


def _ends(reader: Reader, at: int) -> bool:
    return at + 1 >= len(reader.tokens) or reader.tokens[at + 1].start > reader.tokens[at].end


@frame("remark on how a column is written", cost=0.6)
def remark(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sentence that asks for nothing, but says what the next is about."""
    columns = env.get("c") or (env["d"],)
    said = {reader.low(step) for step in range(start, end)}
    if said & {"remove", "drop", "keep"} or any(
        reader.tokens[step].low in ("equal", "over", "under", "than") for step in range(start, end)
    ):
        return None
    plain = {"written", "format", "formatting", "formatted", "style", "styles", "ways", "sorts", "kinds", "spelled", "signs", "sign", "messy", "inconsistent",
             "inconsistently", "mixed", "text", "string", "strings", "symbol", "symbols", "separator", "separators", "brackets", "parentheses", "commas", "percent",
             "percentages", "spaces", "stored", "typed", "entered", "dd", "mm", "month", "months", "case", "currency", "dollars", "fraction", "fractions", "euros", "mess", "notation", "like", "whitespace",
             "untidy", "dirty", "unclean", "chaotic", "irregular", "uneven", "comma", "uppercase", "lowercase", "percentage", "decimal", "thousands", "texts", "d", "m", "space", "odd", "weird", "wrong", "broken", "spellings"}  # fmt: skip
    held = {value for name in columns for value in reader.column(name).values}
    if not said & plain and not any(
        (reader.tokens[step].kind == "quoted" and reader.tokens[step].text in held)
        or "%" in reader.tokens[step].text
        or "$" in reader.tokens[step].text
        for step in range(start, end)
    ):
        return None
    described = any(
        reader.low(step) in ("reads", "read", "looks", "look", "comes", "come") for step in range(start, end)
    )
    return act(touched=columns, cost=-0.5 if described else 0.0)  # `reads January 2006` picks no rows


_ASKING = frozenset(
    """
    should must need needs ought shall please want wants only not never missing blank empty null unknown invalid wrong ignore
    exclude except without remove drop delete keep sort order add rename change replace fill convert make turn put set group
    count calculate compute split join combine show give take extract round filter select mask write use strip if when where
    """.split()
)


@slot("Told")
def told(reader: Reader, at: int) -> Any:
    """The rest of a sentence that tells and asks for nothing; another one follows it."""
    end = at
    while end < len(reader.tokens) and end - at < 30:
        token = reader.tokens[end]
        stops = token.kind == "break" or (
            token.text in (".", ";") and _ends(reader, end) and reader.low(end + 1) != ")"
        )
        if stops or token.text == "!":
            if end > at and end + 2 < len(reader.tokens):
                yield end, reader.raw(at, end), 0.0
            return
        if token.kind != "quoted" and token.low in _ASKING:
            return
        end += 1


@frame("what a column holds", cost=1.6)
def description(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sentence in the indicative about a column says what the next one is about, and is told with the plan."""
    return Act((), touched=(env["c"],), notes=(f"Taken as a description: {reader.raw(start, end)}",))


# -- numbers
@frame("numbers out of texts", cost=0.1)
def numbers_from_text(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers as people write them become numbers."""
    columns = env.get("c") or tuple(name for name in reader.memory.touched if reader.view.column(name) is not None)
    if not columns or ("c2" in env and env["c2"] != columns):
        return None
    low = {reader.low(step) for step in range(start, end)}
    if low & {"date", "dates", "yyyy"}:
        return None
    if any(reader.column(name).type not in (LogicalType.STRING, *NUMERIC) for name in columns):
        return None
    if all(reader.column(name).type in NUMERIC for name in columns):
        return None if "s" not in env else act(touched=columns)
    whole = True if low & {"integer", "integers", "whole", "int"} else None
    steps: list[Step] = []
    for name in columns:
        values = reader.column(name).values
        if not values or not sum(bool(re.search(r"\d", value)) for value in values) > len(values) / 2:
            return None
        steps += number_steps(reader, name, whole=whole)
    return act(*steps, touched=columns)


@slot("NumberSigns")
def number_signs(reader: Reader, at: int) -> Any:
    """Signs that stand in numbers as people write them."""
    one = (
        "([thousand|thousands|dollar|euro|pound|currency|percent|percentage|grouping|decimal|unit|%|$|€|£|leading|trailing|quoted] "
        "(comma|commas|sign|signs|symbol|symbols|separator|separators|dot|dots|mark|marks|space|spaces|units|character|characters|code|codes|apostrophes|points)|$|€|£|%|quoted comma|percents|unit|currency|quote|thousands|dollars|,)"
    )
    for end, _, cost in reader.match(
        f"{one} [(and|or|, and|,|/|&) [@all|any] {one}] [(and|or|, and|,|/|&) [@all|any] {one}]", at
    ):
        if {
            "sign",
            "signs",
            "comma",
            "commas",
            "symbol",
            "symbols",
            "separator",
            "separators",
            "dot",
            "dots",
            "currency",
            "$",
            "%",
            "€",
            "£",
            "unit",
            "units",
            "thousands",
            "percents",
            "dollars",
        } & {reader.low(step) for step in range(at, end)}:
            yield end, True, cost


# -- dates
@slot("DateCols")
def date_cols(reader: Reader, at: int) -> Any:
    """The one column of dates, by what it holds."""
    for end, _, cost in reader.match(
        "[@all] (dates|date|date column|date values|date field|day|days|date strings|timestamps)", at
    ):
        found = dated_columns(reader)
        if len(found) == 1:
            yield end, found[0], cost + 0.4
    for end, name, cost in reader.slot("Col", at):
        yield end, name, cost


@slot("DateStyle")
def date_style(reader: Reader, at: int) -> Any:
    """How dates are to be written; None for dates as such."""
    for end, _, cost in reader.match(
        "[@all] [proper|real|standard|plain|same|one|single|consistent|uniform|actual|valid|usual|true] [iso|iso - 8601|iso 8601|international|standard] (date|dates|date format|date type|iso|iso format|iso 8601|iso - 8601|iso dates|date values|iso date|iso style|format|iso notation|date column|date style|style|iso 8601 format|iso 8601 dates|form)",
        at,
    ):
        yield end, None, cost
    end = at
    if reader.tokens[at : at + 1] and reader.tokens[at].kind == "date" and len(reader.tokens[at].text) == 10:
        yield at + 1, "%Y-%m-%d", 0.1  # by an example
        return
    if reader.tokens[at : at + 1] and reader.tokens[at].kind == "quoted":
        style = written_style(reader.tokens[at].text)
        if style is not None:
            yield at + 1, style, 0.0
        return
    while (
        end < len(reader.tokens)
        and end - at < 5
        and (
            re.fullmatch(r"y{2,4}|m{2,4}|d{1,2}", reader.low(end))
            or (end > at and reader.low(end) in ("-", "/", ".", ","))
        )
    ):
        end += 1
    if end - at in (3, 5):
        style = written_style(reader.raw(at, end))
        if style is not None:
            yield end, style, 0.0
            for stop, _, cost in reader.match("(format|style|form|dates|date|strings)", end):
                yield stop, style, cost
            for stop, _, cost in reader.match("LP <h:How> RP", end):
                yield stop, style, cost


@frame("dates in a style", cost=0.05)
def dates_in_style(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Dates written in one way."""
    column = env.get("d")
    if column is None:
        there = [name for name in reader.memory.touched if reader.view.column(name) is not None]
        if len(there) != 1:
            return None
        column = there[0]
    low = {reader.low(step) for step in range(start, end)}
    if "s" not in env and not low & {"date", "dates"}:
        return None
    if low & {"number", "numbers", "integer", "fraction", "text"}:
        return None
    if "f" in env and not month_only(reader.column(column).values):
        return None
    if reader.column(column).type not in (LogicalType.STRING, *TEMPORAL):
        return None
    if reader.column(column).type is LogicalType.STRING and not re.search(
        r"\d", "".join(reader.column(column).values[:5])
    ):
        return None
    style = env.get("s") or env.get("s2")
    day_only = style is not None and "%H" not in style
    steps = date_steps(reader, column, to="date" if day_only and _no_clock(reader, column) else None)
    type_ = reader.column(column).type
    if style == "%Y-%m-%d":
        if type_ in (LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ):
            steps.append(Cast(columns={column: LogicalType.DATE}))
        elif steps and not _no_clock(reader, column):
            steps.append(
                Derive(columns=(Derivation(column=column, expression=f"DATE_TRUNC('day', {quoted(column)})"),))
            )
            steps.append(Cast(columns={column: LogicalType.DATE}))
    elif style is not None:
        steps.append(as_written(column, style))
    return act(*steps, touched=(column,))


def _no_clock(reader: Reader, column: str) -> bool:
    if reader.column(column).type is not LogicalType.STRING or month_only(reader.column(column).values):
        return True
    return not any("%H" in one or "%I" in one for one in date_format(reader, column))


@frame("time of day away")
def time_away(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Moments cut back to their days."""
    column = env["c"]
    steps = date_steps(reader, column)
    if reader.column(column).type is LogicalType.DATE:
        return act(touched=(column,))
    day = Derivation(column=column, expression=f"DATE_TRUNC('day', {quoted(column)})")
    return act(*steps, Derive(columns=(day,)), Cast(columns={column: LogicalType.DATE}), touched=(column,))
