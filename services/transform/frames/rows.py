"""Frames about rows that stay or go: by nulls, by conditions."""

from typing import Any

from contracts.recipe import (
    Drop,
    DropNull,
    Filter,
    Select,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Act, Answer, Frames, act, fresh
from services.transform.planner.conditions import Against, Cond
from services.transform.planner.reading import Reader, quoted
from services.transform.planner.view import ask

frames = Frames("rows")
frame = frames.frame


_ROWS = "[@all] [of] [@rows|<e:Entity>] "


def filtered(condition: Cond, *, remove: bool, reader: Reader) -> Act:
    """The step that keeps or removes the rows of a condition."""
    if condition.against is not None:
        return _against_figure(condition.against, condition.columns[0], remove, reader)
    where = f"({condition.sql}) IS NOT TRUE" if remove else condition.sql
    return act(Filter(where=where), touched=condition.columns)


def _against_figure(against: Against, column: str, remove: bool, reader: Reader) -> Act:
    """The figure is put beside each row, compared, and taken away again."""
    name = fresh(reader, f"{against.function}_{against.column}")
    factor = "" if against.factor == "1" else f" * {against.factor}"
    where = f"{quoted(column)} {against.operator} {quoted(name)}{factor}"
    made = WindowColumn(name=name, function=against.function, column=against.column)
    return act(
        Window(partition_by=against.keys, columns=(made,)),
        Filter(where=f"({where}) IS NOT TRUE" if remove else where),
        Drop(columns=(name,)),
        touched=(column,),
    )


# -- nulls
@frame("drop rows with nulls anywhere")
def drop_null_anywhere(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with any null."""
    return act(DropNull())


@frame("drop rows empty all over")
def drop_null_all(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with nothing but nulls."""
    return act(DropNull(how="all"))


@frame("drop rows with nulls in columns")
def drop_null_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with a null in one of some columns, or in all of them."""
    words = [reader.low(step) for step in range(start, end)]
    columns: tuple[str, ...] = env["c"]
    missing = {
        "blank",
        "blanks",
        "empty",
        "missing",
        "null",
        "nulls",
        "no",
        "not",
        "without",
        "lacking",
        "lack",
        "lacks",
        "nothing",
        "nan",
        "na",
        "unknown",
        "none",
        "unfilled",
        "absent",
        "unrecorded",
        "known",
        "present",
        "given",
        "recorded",
        "filled",
        "value",
        "values",
        "valid",
        "actual",
        "complete",
        "exists",
        "there",
        "available",
        "gaps",
        "holes",
        "set",
        "something",
        "data",
        "entry",
        "unspecified",
        "undefined",
    }
    if not missing & set(words):
        return None
    keeping = words[0] not in ("remove",) and reader.first("@remove", start) is None
    either = "either" in words or "any" in words or "or" in words
    if len(columns) > 1 and not keeping and "or" in words and {"no", "without"} & set(words) and "either" not in words:
        return act(DropNull(columns=columns, how="all"), touched=columns, cost=0.2)  # without X or Y: neither
    together = len(columns) > 1 and not keeping and not either and ("and" in words or "both" in words)
    if keeping and len(columns) > 1 and "or" in words:
        where = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
        return act(Filter(where=where), touched=columns)
    return act(DropNull(columns=columns, how="all" if together else "any"), touched=columns)


@frame("drop rows with so many nulls")
def drop_null_many(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with at least, or more than, so many nulls."""
    operator, value = env["op"]
    total = " + ".join(f"IF({quoted(name)} IS NULL, 1, 0)" for name in reader.view.names)
    return act(Filter(where=f"NOT ({total} {operator} {value})"))


@frame("drop columns by nulls")
def drop_columns_by_nulls(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns that lack so much."""
    words = [reader.low(step) for step in range(start, end)]
    total = max(1, reader.view.rows)
    if reader.view.rows <= 0:
        return None
    if "share" in env:
        operator, share = env["share"]
        gone = [c.name for c in reader.view.columns if _holds(c.nulls / total, operator, share)]
    elif (
        {"any", "some"} & set(words)
        or ("one" in words)
        or words[:1] in (["keep"], ["only"])
        or reader.first("@remove", start) is None
    ):
        gone = [c.name for c in reader.view.columns if c.nulls > 0]
    else:
        gone = [c.name for c in reader.view.columns if c.nulls >= total]
        if (
            not {"completely", "entirely", "fully", "totally", "wholly", "all", "only", "nothing", "no"} & set(words)
            and gone == []
        ):
            raise ask(
                "ambiguous",
                "No column is wholly empty. Are columns with any missing value to go, or rows?",
                ["columns with any missing value", "rows with any missing value"],
            )
    if len(gone) == len(reader.view.columns):
        raise ask("contradictory", "That would remove every column. Which ones are meant?", reader.view.names)
    return act(Drop(columns=tuple(gone))) if gone else act()


def _holds(value: float, operator: str, bound: float) -> bool:
    return {">": value > bound, ">=": value >= bound, "<": value < bound, "<=": value <= bound}[operator]


# -- filter
@frame("keep rows")
def keep_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition stay."""
    return filtered(env["w"], remove=False, reader=reader)


@frame("columns of some rows", cost=0.3)
def columns_of_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some rows, and of these some columns."""
    done = filtered(env["w"], remove=False, reader=reader)
    return act(*done.steps, Select(columns=env["p"]), touched=env["p"])


@frame("those rows")
def those_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows that the clause before has kept: there is nothing left to do."""
    return act() if reader.memory.last in ("filter", "drop_null") else None


@frame("rows that", cost=0.4)
def bare_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A condition by itself is one on the rows to keep."""
    if {"says", "reads"} & {reader.low(step) for step in range(start + 1, start + 4)} and len(env["w"].columns) == 1:
        return None  # `size says '12 cm'` tells how it is written
    if reader.memory.last == "aggregate":
        return None  # `the mean for remote and non-remote people`: no figure is to go
    return filtered(env["w"], remove=False, reader=reader)


@frame("keep rows where", cost=0.05)
def keep_rows_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition stay."""
    return filtered(env["w"], remove=False, reader=reader)


@frame("remove rows")
def remove_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition go."""
    return filtered(env["w"], remove=True, reader=reader)


@frame("remove rows where", cost=0.05)
def remove_rows_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition go."""
    return filtered(env["w"], remove=True, reader=reader)
