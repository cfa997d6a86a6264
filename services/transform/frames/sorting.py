"""Frames about the order of rows."""

from collections.abc import Sequence
from typing import Any

from contracts.recipe import (
    Derivation,
    Derive,
    Drop,
    Sort,
    SortKey,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted
from services.transform.planner.view import ask
from services.transform.planner.words import key

frames = Frames("sorting")
frame = frames.frame


# -- order
def _direction(reader: Reader, column: str, said: str | None) -> bool:
    return said == "down"


_ORDERING = frozenset("sort sorted order ordered arrange arranged rank by within inside".split())
_TIMES = frozenset("newest oldest latest earliest recent".split())
_SMALL = frozenset("month quarter week day hour minute mon qtr".split())


def _asks_for_years(reader: Reader, keys: Sequence[tuple[str, bool]], said: set[str]) -> None:
    """Raises Doubt for the newest month where there are years: is the year to count?"""
    if len(keys) != 1 or not said & _TIMES:
        return
    column = reader.column(keys[0][0])
    years = [name for name in reader.view.names if key(name) in ("year", "yr") and name != column.name]
    if years and key(column.name) in _SMALL and column.type in NUMERIC:
        raise ask(
            "ambiguous",
            f"Is to be sorted by '{years[0]}' and then '{column.name}', or by '{column.name}' alone?",
            [f"{years[0]}, then {column.name}", column.name],
        )


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
    said = {reader.low(step) for step in range(start, end)}
    if len(keys) > 1 and not said & _ORDERING:
        return None  # `show a, b and c, best first` names what to show
    _asks_for_years(reader, keys, said)
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
