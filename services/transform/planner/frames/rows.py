"""Frames about rows: which to keep, which to remove, in which order, how many."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Deduplicate,
    Derivation,
    Derive,
    Drop,
    DropNull,
    Filter,
    Limit,
    Sample,
    Sort,
    SortKey,
    Window,
    WindowColumn,
)
from services.transform.planner.conditions import Cond, measuring
from services.transform.planner.frames.base import Act, Answer, Frames, act, fresh
from services.transform.planner.lexicon import MEASURES, TIMES
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, listed, quoted
from services.transform.planner.slots import which_column
from services.transform.planner.view import ask

frames = Frames("rows")
frame = frames.frame

_ROWS = "[@all] [of] [@rows|<e:Entity>] "


def filtered(condition: Cond, *, remove: bool, reader: Reader) -> Act:
    """The step that keeps or removes the rows of a condition."""
    if condition.sql.startswith("@"):
        return _against_figure(condition, remove, reader)
    where = f"({condition.sql}) IS NOT TRUE" if remove else condition.sql
    return act(Filter(where=where), touched=condition.columns)


def _against_figure(condition: Cond, remove: bool, reader: Reader) -> Act:
    """Above the average of the column: the figure is put beside each row, compared, and taken away again."""
    _, figure, operator = condition.sql.split("@")
    column = condition.columns[0]
    if figure != "average":
        raise ask("unclear", f"Comparing '{column}' with its {figure} cannot be planned; which number is meant?")
    name = fresh(reader, f"average_{column}")
    where = f"{quoted(column)} {operator} {quoted(name)}"
    return act(
        Window(columns=(WindowColumn(name=name, function="mean", column=column),)),
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


@frame("rows that", cost=0.4)
def bare_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A condition by itself is one on the rows to keep."""
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


# -- duplicates



@frame("drop repeated rows")
def distinct_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Each row once."""
    return act(Deduplicate())


_LAST = "(last|final|latest|bottom|most recent) [one|row|record|entry|occurrence|appearance|line|of them|of each|copy|seen|found|instance|<e2:Entity>] [that appears|that occurs|seen|found|encountered|in file|in table|in order|listed|appearing|you find|each time|in the file|of each|only|to appear|in original order|in file order]"


@frame("one row for each key")
def one_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first row for each key."""
    words = [reader.low(step) for step in range(start, end)]
    if not set(words) - {"keep"}:
        return None
    return act(Deduplicate(keys=env["k"]), touched=env["k"])


@frame("which row for each key")
def which_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first, the last or the extreme row for each key."""
    keys = env.get("k", ())
    if "by" in env:
        if env["by"] in keys:
            return None
        order = (SortKey(column=env["by"], descending=env["dir"]),)
        filled = DropNull(columns=(env["by"],))
        del filled
        return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
    if "last" in env and env["last"] == "recent":
        moments = reader.of_type(TEMPORAL)
        if len(moments) == 1:
            order = (SortKey(column=moments[0], descending=True),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Latest by which column?", moments or reader.view.names)
    if "first" in env and env["first"] == "early":
        moments = reader.of_type(TEMPORAL)
        if len(moments) == 1:
            order = (SortKey(column=moments[0]),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Earliest by which column?", moments or reader.view.names)
    return act(Deduplicate(keys=keys, keep="last" if "last" in env else "first"), touched=keys)


@frame("no row that is repeated")
def never_repeated(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only rows that occur once."""
    words = {reader.low(step) for step in range(start, end)}
    if "keep" not in words and not words & {
        "including",
        "none",
        "entirely",
        "completely",
        "originals",
        "included",
        "once",
    }:
        return None
    return act(Deduplicate(keys=env.get("k", ()), keep="none"))


# -- order


def _direction(reader: Reader, column: str, said: str | None) -> bool:
    return said == "down"


@frame("sort")
def sort(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows in order."""
    if not {
        "first",
        "last",
        "ascending",
        "descending",
        "sort",
        "sorted",
        "order",
        "ordered",
        "arrange",
        "arranged",
        "rank",
        "by",
        "alphabetically",
        "top",
    } & {reader.low(step) for step in range(start, end)}:
        return None
    keys, nulls_first = env["by"]
    seen: dict[str, bool] = {}
    for column, descending in keys:
        if column in seen:
            if seen[column] == descending:
                continue
            raise ask(
                "contradictory",
                f"'{column}' cannot be in ascending and in descending order. Which one?",
                ["ascending", "descending"],
            )
        seen[column] = descending
    by = tuple(SortKey(column=column, descending=descending) for column, descending in seen.items())
    columns = tuple(seen)
    if nulls_first:
        first = columns[0]
        name = fresh(reader, "is_blank")
        return act(
            Derive(columns=(Derivation(column=name, expression=f"{quoted(first)} IS NULL"),)),
            Sort(by=(SortKey(column=name, descending=True), *by)),
            Drop(columns=(name,)),
            touched=columns,
        )
    return act(Sort(by=by), touched=columns)


@frame("sort by length")
def sort_by_length(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows by the length of a text."""
    name = fresh(reader, "length")
    return act(
        Derive(columns=(Derivation(column=name, expression=f"LENGTH({quoted(env['c'])})"),)),
        Sort(by=(SortKey(column=name, descending=env.get("d") == "down"),)),
        Drop(columns=(name,)),
    )


@frame("reverse")
def reverse(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last row first."""
    name = fresh(reader, "position")
    return act(
        Window(columns=(WindowColumn(name=name, function="row_number"),)),
        Sort(by=(SortKey(column=name, descending=True),)),
        Drop(columns=(name,)),
    )


@frame("sort without a column", cost=0.7)
def sort_by_nothing(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sort needs a column."""
    words = [reader.low(step) for step in range(start, end)]
    moments = reader.of_type(TEMPORAL)
    late = reader.match_any("@sort [@all] [@rows|@table|<e:Entity>|it|them] [,] @late", start)
    early = reader.match_any("@sort [@all] [@rows|@table|<e:Entity>|it|them] [,] @early", start)
    if (late or early) and len(moments) == 1:
        return act(Sort(by=(SortKey(column=moments[0], descending=late),)), touched=moments)
    raise ask("ambiguous", f"By which column is to be sorted ('{' '.join(words)}')?", reader.view.names)


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
    rows = env.get("n", 1)
    sort_ = Sort(by=(SortKey(column=column, descending=descending),))
    return act(sort_, Limit(rows=rows), touched=(column,))


def _key(reader: Reader, env: dict[str, Any], start: int, end: int) -> tuple[str | None, bool]:
    if "s" in env:
        return env["s"]  # type: ignore[no-any-return]
    words = {reader.low(step) for step in range(start, end)}
    if "x" in env:
        descending = bool(env["x"])
    elif "bottom" in words:
        descending = False
    elif "top" in words:
        descending = True
    else:
        return None, False
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
        moments = reader.of_type(TEMPORAL) or [
            name for name in reader.view.names if name.casefold() == "year" and reader.column(name).type in NUMERIC
        ]
        ages = measuring(reader, word)
        if len(moments) == 1 and not ages:
            return moments[0], TIMES[word]
        if len(ages) == 1 and not moments:
            return ages[0], MEASURES[word][1]
        if moments or ages:
            reader.note(at, which_column(word, (*moments, *ages)), 2.0)
        return None
    if word not in MEASURES:
        return None
    columns = measuring(reader, word)
    if len(columns) == 1:
        return columns[0], MEASURES[word][1]
    if columns:
        reader.note(at, which_column(word, columns), 2.0)
    return None


def unsure(columns: tuple[str, ...]) -> str:
    """Names in a question."""
    return listed(columns)
