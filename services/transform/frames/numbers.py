"""Frames about numbers: rounding, bounds, outliers, classes, units."""

import re
from typing import Any

from contracts.recipe import (
    Bin,
    Case,
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
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.planner.reading import NUMERIC, Reader, number, quoted, slot, text
from services.transform.planner.view import ask
from services.transform.steps.units import find as unit_of

frames = Frames("numbers")
frame = frames.frame


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
    return act(Round(columns=columns, digits=env.get("d", 0), mode=mode), touched=columns)


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
    return act(Outliers(columns=columns, method="iqr", factor=factor, action=action), touched=columns)


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
    warm = re.search(r"(?i)temp.*[ _(°](c|f)\)?$", columns[0])
    if warm is not None:
        return {"c": "celsius", "f": "fahrenheit"}[warm[1].casefold()]
    single = re.search(r"(?<=[^\W_])[ _(](g|m|l)\)?$", columns[0])
    if single is not None:
        return single[1]  # body_mass_g
    for part in reversed(re.findall(r"[A-Za-z°/]+", columns[0])):
        name: str = part.casefold()
        if len(part) > 1 and unit_of(name) is not None:
            return name
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
