"""Frames about how many rows stay: the first, the greatest, some by lot."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Drop,
    Filter,
    Limit,
    Sample,
    Sort,
    SortKey,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.planner import dates
from services.transform.planner.counted import measuring
from services.transform.planner.lexicon import MEASURES, TIMES, better
from services.transform.planner.pace import PACE, only_time
from services.transform.planner.reading import NUMERIC, Reader, listed, quoted
from services.transform.planner.slots import which_column
from services.transform.planner.view import ask
from services.transform.planner.words import parts, stem

frames = Frames("amounts")
frame = frames.frame


# -- how many
@frame("first rows")
def first_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first rows as they stand."""
    words = [reader.low(step) for step in range(start, end)]
    if "e" in env and not {
        "first",
        "top",
        "limit",
        "cap",
        "most",
        "maximum",
        "more",
        "up",
        "restrict",
        "truncate",
        "cut",
        "trim",
    } & set(words):
        return None
    return act(Limit(rows=env["n"]))


@frame("first row")
def first_row(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first row."""
    return act(Limit(rows=1))


@frame("last rows")
def last_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last rows as they stand."""
    number_ = fresh(reader, "row_number")
    total = fresh(reader, "row_count")
    return act(
        Window(columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count"))),
        Filter(where=f"{quoted(number_)} > {quoted(total)} - {env.get('n', 1)}"),
        Drop(columns=(number_, total)),
    )


@frame("without first or last rows")
def skip_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All rows but the first."""
    return act(Limit(rows=10**12, offset=env.get("n", 1)))


@frame("rows after some")
def rows_after(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some rows behind the first ones."""
    return act(Limit(rows=env["b"], offset=env["a"]))


@frame("without last rows")
def skip_last(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All rows but the last."""
    number_, total = fresh(reader, "row_number"), fresh(reader, "row_count")
    return act(
        Window(columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count"))),
        Filter(where=f"{quoted(number_)} <= {quoted(total)} - {env.get('n', 1)}"),
        Drop(columns=(number_, total)),
    )


@frame("rows from to")
def rows_from_to(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows by their numbers, from one on."""
    first, last = env["a"], env["b"]
    if not 0 < first <= last:
        return None
    return act(Limit(rows=last - first + 1, offset=first - 1))


@frame("every nth row")
def every_nth(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Every nth row; from which one on has to be known."""
    said = "starting" in [reader.low(step) for step in range(start, end)]
    step_ = env.get("n", 2)
    if not said:
        raise ask("ambiguous", f"Every {step_}th row, starting with which one?", ["the first row", f"row {step_}"])
    name = fresh(reader, "row_number")
    return act(
        Window(columns=(WindowColumn(name=name, function="row_number"),)),
        Filter(where=f"({quoted(name)} - 1) % {step_} = 0"),
        Drop(columns=(name,)),
    )


@frame("sample")
def sample(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some rows by lot."""
    if env["n"] > reader.view.rows > 0:
        raise ask(
            "contradictory", f"There are only {reader.view.rows} rows, fewer than {env['n']}. How many are wanted?"
        )
    return act(Sample(rows=env["n"]))


@frame("sample share")
def sample_share(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A share of the rows by lot."""
    words = " ".join(reader.low(step) for step in range(start, end))
    if "random" not in words and "sample" not in words:
        return None
    return act(
        Sample(rows=round(reader.view.rows * env["n"] / 100)) if reader.view.rows else Sample(fraction=env["n"] / 100)
    )


@frame("top rows")
def top_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows with the greatest or smallest values."""
    column, descending = _key(reader, env, start, end)
    if column is None or reader.column(column).type is LogicalType.STRING:
        return None
    if "n" not in env and reader.low(start - 1) == "(":
        return None  # in brackets it explains what was said before
    rows = env.get("n", 1)
    sort_ = Sort(by=(SortKey(column=column, descending=descending),))
    if "q" not in env:
        return act(sort_, Limit(rows=rows), touched=(column,))
    if env["q"].sql.startswith("@"):
        return None
    return act(Filter(where=env["q"].sql), sort_, Limit(rows=rows), touched=(column,))


_JUDGED = frozenset("by according based measured judged terms going with having ranked on highest lowest most".split())


def _key(reader: Reader, env: dict[str, Any], start: int, end: int) -> tuple[str | None, bool]:
    if "s" in env:
        return env["s"]  # type: ignore[no-any-return]
    words = {reader.low(step) for step in range(start, end)}
    if words & {"best", "worst"} and not words & _JUDGED:
        good = better(env["c"]) if "c" in env else None
        if good is None or reader.column(env["c"]).type not in NUMERIC or "x" not in env:
            return None, False  # the best by what?
        return env["c"], good == ("best" in words)
    if "x" in env:
        descending = bool(env["x"])
    elif "bottom" in words:
        descending = False
    elif "top" in words:
        descending = True
    else:
        return None, False
    if reader.column(env["c"]).type is LogicalType.STRING:
        return None, False  # the most expensive wine is not the last one of the alphabet
    borne = set(parts(env["c"])) & {"id", "key", "code", "number", "no"}
    if borne and not words & {*borne, env["c"].casefold()} and reader.column(env["c"]).type is not LogicalType.FLOAT:
        return None, False  # `the best employees` are not those with the highest number
    return env["c"], descending


@frame("top rows of each group")
def top_of_each(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows with the greatest or smallest values in each group."""
    column, descending = _key(reader, env, start, end)
    if column is None or column in env["k"]:
        return None
    name = fresh(reader, "rank_in_group")
    return act(
        Window(
            partition_by=env["k"],
            order_by=(SortKey(column=column, descending=descending),),
            columns=(WindowColumn(name=name, function="row_number"),),
        ),
        Filter(where=f"{quoted(name)} <= {env.get('n', 1)} AND {quoted(column)} IS NOT NULL"),
        Drop(columns=(name,)),
        touched=(column, *env["k"]),
    )


@frame("first rows of each group")
def first_of_each(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first or last rows of each group, as they stand."""
    last = "last" in [reader.low(step) for step in range(start, end)]
    number_, total = fresh(reader, "row_number"), fresh(reader, "row_count")
    where = f"{quoted(number_)} > {quoted(total)} - {env['n']}" if last else f"{quoted(number_)} <= {env['n']}"
    return act(
        Window(
            partition_by=env["k"],
            columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count")),
        ),
        Filter(where=where),
        Drop(columns=(number_, total)),
    )


@frame("best of what", cost=0.7)
def best_of_what(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A rank needs a column."""
    words = [reader.low(step) for step in range(start, end)]
    if (
        words[:1] == ["top"]
        and "n" in env
        and "e" not in env
        and any(word in words for word in ("rows", "records", "lines", "entries"))
    ):
        return None
    made = [
        name
        for name in reader.memory.made
        if reader.view.column(name) is not None and reader.column(name).type in NUMERIC
    ]
    if reader.memory.sorted_by and "k" not in env and {"top", "first"} & set(words):
        return act(Limit(rows=env.get("n", 1)))  # the rows are in order already: their first ones
    if (
        len(made) == 1
        and "k" not in env
        and set(words) & {"top", "highest", "largest", "biggest", "greatest", "lowest", "smallest", "bottom", "most"}
    ):
        descending = not set(words) & {"lowest", "smallest", "bottom"}
        return act(
            Sort(by=(SortKey(column=made[0], descending=descending),)), Limit(rows=env.get("n", 1)), made=tuple(made)
        )
    raise ask("ambiguous", f"By which column is '{reader.raw(start, end)}' to be judged?", reader.view.names)


@frame("groups of a size", cost=0.3)
def groups_of_size(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Groups whose figure, which was just made, is so large."""
    made = [
        name
        for name in reader.memory.made
        if reader.view.column(name) is not None and reader.column(name).type in NUMERIC
    ]
    if len(made) != 1 or reader.view.rows:
        return None
    operator, value = env["op"]
    where = f"{quoted(made[0])} {operator} {value}"
    removing = reader.first("@remove", start) is not None
    return act(Filter(where=f"NOT ({where})" if removing else where), made=tuple(made))


@frame("greatest of what column", cost=2.0)
def unclear_extreme(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Too little to go by."""
    raise ask(
        "ambiguous", f"'{reader.raw(start, end)}': the greatest by which column, and how many rows?", reader.view.names
    )


def measured(reader: Reader, word: str, at: int) -> tuple[str, bool] | None:
    """The column and direction of a superlative; the doubt is noted where several columns fit."""
    if word in TIMES:
        moments = dates.moments(reader)
        ages = measuring(reader, word)
        if len(moments) == 1 and not ages:
            return moments[0], TIMES[word]
        if len(ages) == 1 and not moments:
            return ages[0], MEASURES[word][1]
        own = [name for name in moments if stem(reader.low(at)) in map(stem, parts(name))]
        if len(own) == 1:
            return own[0], TIMES[word]  # the latest order, by the date of the order
        if moments or ages:
            reader.note(at, which_column(word, (*moments, *ages)), 2.0)
        return None
    if word not in MEASURES:
        return None
    columns = measuring(reader, word)
    if len(columns) == 1:
        return columns[0], MEASURES[word][1]
    if not columns and word in PACE:
        return only_time(reader, word)
    if columns:
        reader.note(at, which_column(word, columns), 2.0)
    return None


def unsure(columns: tuple[str, ...]) -> str:
    """Names in a question."""
    return listed(columns)
