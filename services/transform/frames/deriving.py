"""Frames that make columns of others: calculations, cases, yes and no."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Case,
    Conditional,
    DateDiff,
    Derivation,
    Derive,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.planner.arithmetic import Formula
from services.transform.planner.cases import Cases
from services.transform.planner.conditions import Cond
from services.transform.planner.reading import NUMERIC, Reader, number, quoted, slot
from services.transform.planner.view import ask

frames = Frames("deriving")
frame = frames.frame


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


@frame("calculation")
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
        sign = (
            "*"
            if {"multiply", "multiplying", "multiplies"} & set(low)
            else "/"
            if {"divide", "dividing", "divides"} & set(low)
            else "-"
        )
        formula = Formula(f"({a.sql}) {sign} ({b.sql})", (*a.columns, *b.columns))
    if not formula.columns:
        return None
    if "d" in env:
        formula = Formula(f"ROUND({formula.sql}, {env['d']})", formula.columns)
    if (
        formula.simple
        and formula.sql == quoted(formula.columns[0])
        and "copy" not in low
        and not {"=", "as", "equal", "equals"} & set(low)
    ):
        return None
    if low[:1] != ["add"] and "as" in low and low[-1] not in ("percent", "%") and formula.simple:
        return None
    if "pc" in env:
        formula = Formula(f"({formula.sql}) * 100", formula.columns)
    if (
        reader.view.column(name) is not None
        and name not in formula.columns
        and reader.index.column(reader.tokens[start:start]) is None
    ):
        checked_name(reader, name)
    return derived(reader, name, formula)


@frame("calculation without a name", cost=0.5)
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


@frame("copy of a column")
def copy(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column once more."""
    return derived(reader, checked_name(reader, env["n"]), Formula(quoted(env["c"]), (env["c"],), True))


# -- a column changed in place
@frame("calculation in place")
def in_place(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers changed where they stand."""
    said = {reader.low(step) for step in range(start, end)}
    verb = "divide" if "dividing" in said else "multiply" if "multiplying" in said else reader.low(start)
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


@frame("fraction in percent", cost=0.2)
def in_hundreds(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """0.05 becomes 5."""
    column = reader.column(env["c"])
    if column.type not in NUMERIC:
        return None
    if column.greatest is None or column.least is None or not (column.least >= 0 and column.greatest <= 1):
        raise ask("unclear", f"'{column.name}' holds numbers beyond 0 and 1. What are they a part of?")
    sql = f"{quoted(column.name)} * 100"
    return act(Derive(columns=(Derivation(column=column.name, expression=sql),)), touched=(column.name,))


@slot("Percent")
def percent_sign(reader: Reader, at: int) -> Any:
    """The word or sign of percent."""
    if reader.low(at) in ("%", "percent", "pct"):
        yield at + 1, True, 0.0


# -- cases
@frame("cases")
def cases(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column whose values follow from conditions."""
    found: Cases = env["x"]
    return _conditional(reader, env["n"], found)


def _conditional(reader: Reader, name: str, found: Cases) -> Answer:
    said_all = [said for _, said in found.cases] + ([found.otherwise] if found.otherwise else [])
    kinds = {_kind(reader, said) for said in said_all}
    kinds.discard("null")
    if len(kinds) > 1:
        if kinds <= {"text", "number"}:
            return None
        return None
    otherwise = found.otherwise
    if otherwise is None and kinds == {"truth"} and len(found.cases) == 1:
        otherwise = "FALSE" if found.cases[0][1] == "TRUE" else "TRUE"
    old = reader.view.column(name)
    if otherwise is None and old is not None and _kind(reader, quoted(name)) in kinds:
        otherwise = quoted(name)  # the other values stay as they are
    made = Conditional(
        column=name, cases=tuple(Case(when=when, then=then) for when, then in found.cases), otherwise=otherwise
    )
    return act(made, made=(name,), used=found.columns)


def _kind(reader: Reader, said: str) -> str:
    if said == "NULL":
        return "null"
    if said in ("TRUE", "FALSE"):
        return "truth"
    if said.startswith('"'):
        type_ = reader.column(said[1:-1].replace('""', '"')).type
        return "text" if type_ is LogicalType.STRING else "number" if type_ in NUMERIC else type_.value
    return "text" if said.startswith("'") else "number"


@frame("yes or no")
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
