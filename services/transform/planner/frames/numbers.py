"""Frames about numbers and dates that are written as texts, about rounding, units, bounds and outliers."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Bin,
    Case,
    Cast,
    Conditional,
    ConvertUnit,
    Derivation,
    Derive,
    Drop,
    Filter,
    Outliers,
    Round,
    Step,
    Window,
    WindowColumn,
)
from services.transform.planner.frames.base import Answer, Frames, act, fresh
from services.transform.planner.frames.deriving import checked_name
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, number, quoted, slot, text
from services.transform.planner.spellings import (
    as_written,
    date_format,
    date_steps,
    dated_columns,
    number_steps,
    written_style,
)
from services.transform.planner.view import ask
from services.transform.steps.units import find as unit_of

frames = Frames("numbers")
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
    things thing stuff something entries entry inconsistent inconsistently messy messed mess capitalised capitalized capitals small big extra leading trailing spaces space stray whitespace around
    values value column named name names short abbreviated full long two three four digit digits slash slashes dashes dash hyphen hyphens one
    kr usd eur gbp euro's mark marks front behind before after character characters places really quite rather instead plus prefixed at end start shown same thing
    odd weird wrong broken kind sort way jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october november december
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
             "percentages", "spaces", "stored", "typed", "entered", "dd", "mm", "month", "months", "case", "currency", "dollars", "euros", "mess", "notation", "like", "whitespace",
             "comma", "uppercase", "lowercase", "percentage", "decimal", "thousands", "texts", "d", "m", "space", "odd", "weird", "wrong", "broken", "spellings"}  # fmt: skip
    if not said & plain and not any(
        "%" in reader.tokens[step].text or "$" in reader.tokens[step].text for step in range(start, end)
    ):
        return None
    return act(touched=columns)


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


def parsed_numbers(reader: Reader, column: str) -> Step:
    """The last of the steps that make numbers of a column."""
    return number_steps(reader, column)[-1]


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
    if reader.column(column).type is not LogicalType.STRING:
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


# -- rounding and bounds


@frame("round")
def rounded(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers rounded where they stand."""
    columns = tuple(name for name in env["c"] if reader.column(name).type in NUMERIC)
    if not columns or (len(columns) < len(env["c"]) and len(env["c"]) < len(reader.view.names)):
        return None
    low = [reader.low(step) for step in range(start, end)]
    mode = "floor" if "down" in low else "ceil" if "up" in low else "half_up"
    if "n" in env:
        unit = env["n"]
        if unit <= 0:
            return None
        return act(
            Derive(
                columns=tuple(
                    Derivation(column=name, expression=f"ROUND({quoted(name)} / {number(unit)}) * {number(unit)}")
                    for name in columns
                )
            ),
            touched=columns,
        )
    if "d" not in env and mode == "half_up" and "whole" not in low:
        raise ask("ambiguous", f"To how many decimals is {', '.join(columns)} to be rounded?", ["0", "1", "2"])
    return act(Round(columns=columns, digits=env.get("d", 0), mode=mode), touched=columns)  # type: ignore[arg-type]


@frame("bounds")
def bounds(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers brought back to a bound."""
    column = env["c"]
    if reader.column(column).type not in NUMERIC:
        return None
    name = quoted(column)
    sql = name
    high, low = env.get("m"), env.get("l")
    if high is not None:
        to = env.get("m2", high)[0]
        sql = f"CASE WHEN {name} > {number(high[0])} THEN {number(to)} ELSE {name} END"
    if low is not None:
        to = env.get("l2", low)[0]
        sql = f"CASE WHEN {name} < {number(low[0])} THEN {number(to)} ELSE {sql} END"
    return act(Derive(columns=(Derivation(column=column, expression=sql),)), touched=(column,))


# -- outliers



@frame("outliers")
def outliers(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows far from the others."""
    if "c" not in env:
        return None
    columns = (env["c"],) if isinstance(env["c"], str) else env["c"]
    if any(reader.column(name).type not in NUMERIC for name in columns):
        return None
    verb = reader.low(start)
    low = {reader.low(step) for step in range(start, end)}
    if "z" not in env and not low & {
        "iqr",
        "interquartile",
        "inter",
        "quartile",
        "quartiles",
        "tukey",
        "tukey's",
        "boxplot",
        "box",
        "q1",
    }:
        return None
    action = (
        "clip"
        if verb in ("cap", "clip", "winsorise", "winsorize", "pull", "limit")
        else "flag"
        if verb in ("flag", "mark", "tag")
        else "null"
        if verb in ("set", "replace", "change", "turn", "make", "blank", "clear", "empty")
        else "drop"
    )
    if action == "null" and not {"blank", "empty", "nothing", "null", "missing", "clear", "nan", "na"} & {
        reader.low(step) for step in range(start, end)
    }:
        return None
    if "z" in env:
        return _by_sigma(reader, columns[0], float(env["z"]))
    factor = float(env.get("f", 1.5))
    return act(Outliers(columns=columns, method="iqr", factor=factor, action=action), touched=columns)  # type: ignore[arg-type]


@slot("IqrTail")
def iqr_tail(reader: Reader, at: int) -> Any:
    """An explanation that speaks of quartiles."""
    for end, _, cost in reader.slot("OutlierTail", at):
        if {"iqr", "interquartile", "quartiles", "quartile", "q1"} & {reader.low(step) for step in range(at, end)}:
            yield end, True, cost


@slot("OutlierTail")
def outlier_tail(reader: Reader, at: int) -> Any:
    """What is often added: below Q1 - 1.5 IQR or above Q3 + 1.5 IQR; nulls stay."""
    words = frozenset(
        "everything anything values value lying lies lie that are is all rows far further i e rule method below above or and q1 q3 iqr times quartile quartiles first third lower upper fence fences outside beyond more than away from outliers 1 . 5 * + - – x × ( ) : , the 1.5 left range interquartile standard usual with of".split()
    )
    end = at
    while (
        end < len(reader.tokens) and (reader.low(end) in words or reader.tokens[end].kind == "number") and end - at < 40
    ):
        end += 1
        yield end, True, 0.02


def _by_sigma(reader: Reader, column: str, factor: float) -> Answer:
    return act(Outliers(columns=(column,), method="zscore", factor=factor, action="drop"), touched=(column,))


@frame("outliers by which rule", cost=0.7)
def outliers_how(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What counts as far from the others has to be said."""
    raise ask(
        "ambiguous",
        "What counts as an outlier, and in which column?",
        ["beyond 1.5 interquartile ranges", "beyond 3 standard deviations"],
    )


# -- classes


@slot("SelfLabels")
def self_labels(reader: Reader, at: int) -> Any:
    """Ranges that are their own labels: 0-17, 18-64 and 65+."""
    yield from _self_labels(reader, at, ())


def _self_labels(reader: Reader, at: int, found: tuple[tuple[str, str], ...]) -> Any:
    for pattern, test in (
        ("<a:Num> (-|–|to) <b:Num>", "{0} BETWEEN {a} AND {b}"),
        (
            "<a:Num> +|<a:Num> (and over|and up|or more|and above|and older|or older|plus)|(over|above) <a:Num>",
            "{0} >= {a}",
        ),
        ("(under|below|less than|<) <b:Num>|<b:Num> (and under|and below|or less|or younger)", "{0} < {b}"),
    ):
        for end, env, cost in reader.match(pattern, at):
            said = [reader.low(step) for step in range(at, end)]
            shape = test
            if said[0] in ("over", "above"):
                shape = "{0} > {a}"
            if said[-1] in ("under", "below", "less", "younger") and "b" in env and said[0] not in ("under", "below"):
                shape = "{0} <= {b}"
            filled = shape.replace("{a}", number(env.get("a", 0))).replace("{b}", number(env.get("b", 0)))
            every = (*found, (reader.raw(at, end), filled))
            if len(every) > 1:
                yield end, every, cost
            if len(every) < 12:
                for follow in {stop for stop, _, _ in reader.match(", and|and|,|;|/|& |or|, or", end)}:
                    for stop, rest, more in _self_labels(reader, follow, every):
                        yield stop, rest, cost + more


@frame("ranges that are labels")
def ranges_as_labels(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column with the range that a number falls into."""
    if "c" not in env or reader.column(env["c"]).type not in NUMERIC:
        return None
    name = checked_name(reader, env["n"])
    cases = tuple(Case(when=test.replace("{0}", quoted(env["c"])), then=text(label)) for label, test in env["x"])
    return act(Conditional(column=name, cases=cases), made=(name,), used=(env["c"],))


@frame("classes of numbers")
def classes(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers in so many classes."""
    if reader.column(env["c"]).type not in NUMERIC:
        return None
    low = {reader.low(step) for step in range(start, end)}
    quantile = bool(low & {"quartiles", "terciles", "tertiles", "quintiles", "deciles", "quantiles", "sized", "size"})
    labels = env.get("l") or tuple(str(one) for one in range(1, env["n"] + 1))
    if len(labels) != env["n"]:
        raise ask("contradictory", f"There are {env['n']} classes and {len(labels)} labels. Which are meant?")
    into = checked_name(reader, env.get("into") or fresh(reader, f"{env['c']}_class"))
    return act(
        Bin(column=env["c"], into=into, count=env["n"], method="quantile" if quantile else "width", labels=labels),
        made=(into,),
        used=(env["c"],),
    )


@slot("Quantiles")
def quantiles(reader: Reader, at: int) -> Any:
    """Quartiles, quintiles, four groups of equal size."""
    for word, count in (("quartiles", 4), ("terciles", 3), ("tertiles", 3), ("quintiles", 5), ("deciles", 10)):
        if reader.low(at) == word:
            yield at + 1, count, 0.0
    for end, env, cost in reader.match(
        "<n:Count> (quantiles|quantile groups|groups of equal size|equal sized groups)", at
    ):
        yield end, env["n"], cost


# -- units


@frame("units")
def units(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers in another unit."""
    columns: tuple[str, ...] = env["c"]
    if any(reader.column(name).type not in NUMERIC for name in columns):
        return None
    before = env.get("a") or _borne(columns)
    if before is None:
        raise ask("ambiguous", f"In which unit is '{columns[0]}' now?")
    steps: list[Step] = []
    named_new = env.get("n")
    if named_new is not None:
        if len(columns) != 1:
            return None
        steps.append(
            Derive(columns=(Derivation(column=checked_name(reader, named_new), expression=quoted(columns[0])),))
        )
        target: tuple[str, ...] = (named_new,)
    else:
        target = columns
    if "x" in env:
        whole, part = env["x"]
        if whole[0] == env["b"]:
            whole, part = part, whole
        if (whole[0], part[0]) != (before, env["b"]) or not whole[1]:
            return None
        factor = number(part[1] / whole[1])
        steps.append(
            Derive(columns=tuple(Derivation(column=name, expression=f"{quoted(name)} * {factor}") for name in target))
        )
    else:
        steps.append(ConvertUnit.model_validate({"columns": target, "from": before, "to": env["b"]}))
    digits = env.get("d", env.get("r"))
    if digits is not None:
        steps.append(Round(columns=target, digits=digits))
    return act(*steps, made=(named_new,) if named_new else (), used=columns, touched=target)


def _borne(columns: tuple[str, ...]) -> str | None:
    """The unit that a column's name bears."""
    for part in reversed(re.findall(r"[A-Za-z°/]+", columns[0])):
        if len(part) > 1 and unit_of(part.casefold()) is not None:
            return part.casefold()
    return None


@slot("Factor")
def factor_of(reader: Reader, at: int) -> Any:
    """1 lb = 0.4536 kg."""
    for end, env, cost in reader.match("<a:Num> <u:Unit> (=|is|are|equals) <b:Num> <v:Unit>", at):
        yield end, ((env["u"], env["a"]), (env["v"], env["b"])), cost


@slot("Unit")
def unit(reader: Reader, at: int) -> Any:
    """A unit of measure that is known."""
    for size in (2, 1):
        words = [reader.low(step) for step in range(at, at + size)]
        if not all(words) or (size == 1 and words[0] == "degrees"):
            continue
        joined = "_".join(words)
        for said in (joined, joined.rstrip("s"), words[-1] if words[0] == "degrees" else joined):
            if unit_of(said) is not None:
                yield at + size, said, 0.0
                break


@frame("outliers to the mean")
def times_the_mean(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows above so many times the mean."""
    name = fresh(reader, "mean")
    return act(
        Window(columns=(WindowColumn(name=name, function="mean", column=env["c"]),)),
        Filter(where=f"({quoted(env['c'])} > {number(env['z'])} * {quoted(name)}) IS NOT TRUE"),
        Drop(columns=(name,)),
    )
