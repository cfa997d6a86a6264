"""Frames about tables with rows of one column and columns of another, said in any order: rows, columns, cells."""

from typing import Any

from services.transform.frames.base import Answer, Frames
from services.transform.frames.shaping import wide
from services.transform.planner.reading import Reader, slot
from services.transform.planner.roles import bag
from services.transform.planner.valued import cell_lists

frames = Frames("tabled")
frame = frames.frame

_ROWS = "(rows|row|row labels|row headers|side|left|left side|index|rows down|left hand side)"
_COLUMNS = "(columns|column|column headers|column headings|headers|top|across|column names|header)"
_CELLS = "(each cell|every cell|cells|cell|values|body|middle|inside|cell values|table body|cells of it)"


@slot("PivotRoles")
def pivot_roles(reader: Reader, at: int) -> Any:
    """What stands down the side, across the top and in the cells, and with what figure."""
    roles = {
        "verb": "[a|an] wide (table|form|format) [with|:]|(as|in) [a|an] [two - way|2d|cross] (table|matrix|grid|crosstab|pivot table|pivot|cross table) [with|where|so that]|[@lead] (@wide|cross table|cross tab|crosstab|cross tabulate|cross - tabulate|pivot table|matrix|grid|two - way table|table) [@table] [so that|so|such that] [of|with|showing|that shows|for]|[i want|make|build|give me] [@table] (with|having)",
        "rows": f"<k:Cols> (as|in|on|down|for|forms|form|become|becoming|make up) [the|its own|their own|separate] {_ROWS}|<k:Cols> (LP {_ROWS} RP|LP (down|downwards) RP|down|downwards)|[one|a|each] [separate] (row|line) (per|for each|for every|of each|for) <k:Cols>|{_ROWS} (are|is|=|:|by|for|from|of|being|hold|show|should be|with|as) [the] <k:Cols>|(each|every) <k:Cols> (in|on|gets|as|has|becomes|being|is) [its|a|one] [own] row|down {_ROWS} <k:Cols>",
        "columns": f"(@turn|spread|make|pivot) [@all] [@values of] <n:Col> [values] (into|to|over|across|as|out over) [the|separate|its own|their own|several] {_COLUMNS}|<n:Col> [values] (as|in|on|across|along|for|form|forms|become|becoming|spread over|over) [the|its own|their own|separate] {_COLUMNS}|<n:Col> [values] (LP {_COLUMNS} RP|LP across RP|across)|[one|a|each] [separate] column (per|for each|for every|of each|for) <n:Col> [value]|{_COLUMNS} (are|is|=|:|by|for|from|of|being|hold|show|should be|with|as) [the] <n:Col>|(each|every) <n:Col> [value] (in|on|gets|as|has|becomes|being|is) [its|a|one] [own] column|across [the] {_COLUMNS} <n:Col>|<n:ValueList> (are|become|as|in|on|form|across) [the|separate|their own|own] {_COLUMNS}|{_COLUMNS} [for|:] <n:ValueList>|[one|a|with|own|separate] [separate|own] (column|columns) (for|of|with) <n:ValueList>",
        "cells": f"<v:CellFigure> (as|in|inside|for|fills|filling|within|into|at) [the] {_CELLS}|<v:CellFigure> (LP {_CELLS} RP|inside)|[with] [the] {_CELLS} (hold|holding|show|showing|contain|containing|are|is|=|:|being|filled with|filled by|of|should be|should hold|should show|with|by|from) [the] <v:CellFigure>|(fill|fill in) [with] [the] <v:CellFigure>|[@lead] (showing|with|holding|using|of|and|taking|counting|show|shows|giving) [the] <v:CellFigure>|[@lead] [the] <v:CellFigure> (by|per|for each|for|against|of each)|[adding up|summing|summing up|totalling|averaging|counting] <v:CellFigure>|<v:CellFigure> (in|for) [each|every] (cell|field)",
        "by": "[by|per|for each|against|for] <k3:Cols>",
        "again": "(by|per|for each|of each|for) <k5:Cols>",
        "empty": "<e:EmptyCells>",
        "round": "<d:Rounding>",
    }
    for needed in (
        frozenset({"rows", "columns", "cells"}),
        frozenset({"by", "columns", "cells"}),
        frozenset({"rows", "by", "cells"}),
    ):
        for end, found, cost in bag(reader, at, roles, needed):
            if {"rows", "columns"} <= found.keys() and {"by", "again"} & found.keys():
                said = {*found["rows"]["k"], found["columns"]["n"]}
                again = {*found.get("by", {}).get("k3", ()), *found.get("again", {}).get("k5", ())}
                if again == said:  # per plant and status, as a table with plants as rows and status as columns
                    yield end, {name: one for name, one in found.items() if name not in ("by", "again")}, cost
            elif "again" not in found and not ({"rows", "by"} <= found.keys() and "columns" in found):
                yield end, found, cost


@frame("table in roles", cost=0.3)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The values of a column become columns."""
    found = env["b"]
    keys = found["rows"]["k"] if "rows" in found else found["by"]["k3"]
    if "columns" in found:
        names_from = found["columns"]["n"]
        keys = tuple(name for name in keys if name != names_from)
    else:  # `quantity by product (rows) and country`: the other one is across
        others = [name for name in found["by"]["k3"] if name not in keys]
        if len(others) != 1:
            return None
        names_from = others[0]
    if not keys:
        return None
    given: dict[str, Any] = {"k": keys, "n": names_from, "v": found["cells"]["v"]}
    if "empty" in found:
        given["e"] = found["empty"]["e"]
    if "round" in found:
        given["d"] = found["round"]["d"]
    return wide(reader, given, start, end)


@slot("ValueList")
def value_list(reader: Reader, at: int) -> Any:
    """A column by all of its values: men and women; a column for 1984 and a column for 2000."""
    yield from _column_for_each(reader, at)
    for end, options, cost in cell_lists(reader, at, ""):
        for column, values in options:
            if reader.column(column).complete and set(values) == set(reader.column(column).values) and len(values) > 1:
                yield end, column, cost + 0.2


def _column_for_each(reader: Reader, at: int) -> Any:
    """The column all of whose values are told, with `a column for` before each."""
    again = "(and|,|, and|& ) [one|a|another] [column] [for]"
    for column in reader.view.columns:
        if not column.complete or not 2 <= column.distinct <= 12:
            continue
        wanted, end = {value.casefold() for value in column.values}, at
        found: set[str] = set()
        while True:
            stop = next(
                (n for n in (4, 3, 2, 1) if end + n <= len(reader.tokens) and _raw(reader, end, end + n) in wanted),
                None,
            )
            if stop is None:
                break
            found.add(_raw(reader, end, end + stop))
            end += stop
            if found == wanted:
                yield end, column.name, 0.15
                break
            follow = reader.first(again, end)
            if follow is None:
                break
            end = follow


def _raw(reader: Reader, start: int, end: int) -> str:
    return reader.raw(start, end).strip("'\"").casefold()
