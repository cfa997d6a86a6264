"""Columns that a step makes of another one: they stand where it stood, or behind it if it stays."""

from collections.abc import Sequence

import polars as pl

from contracts.data import Column, Schema
from services.transform.steps.kind import MAX_COLUMNS, Report
from services.transform.table import Table


def after_placing(
    schema: Schema, new: Sequence[Column], gone: Sequence[str], report: Report, where: str = ""
) -> Schema:
    """The columns behind the step; a problem where two would have one name.

    A new column may bear the name of one that goes, and of none that stays.
    """
    taken = {column.name for column in schema.columns if column.name not in gone}
    for at, column in enumerate(new):
        if column.name in taken:
            place = f"{where}/{at}" if where else ""
            report.add(place, "name_taken", f"There would be two columns named {column.name!r}.")
        taken.add(column.name)
    if len(taken) > MAX_COLUMNS:
        report.add(where, "too_many", f"A table has at most {MAX_COLUMNS} columns.")
    if report.problems:
        return schema
    return Schema(columns=tuple(_order(schema, new, gone)))


def place(table: Table, values: Sequence[tuple[Column, pl.Expr]], gone: Sequence[str]) -> Table:
    """The table with the new columns, without those that go."""
    names = {column.name: table.fresh() for column, _ in values}
    lazy = table.lazy.with_columns(value.alias(names[column.name]) for column, value in values)
    after = Schema(columns=tuple(_order(table.schema, [column for column, _ in values], gone)))
    inner = {name: names.get(name) or table.inner[name] for name in after.names}
    return table.then(lazy.select([*table.hidden, *inner.values()]), after, inner)


def _order(schema: Schema, new: Sequence[Column], gone: Sequence[str]) -> list[Column]:
    columns: list[Column] = []
    for column in schema.columns:
        if column.name not in gone:
            columns.append(column)
        elif column.name == gone[0]:
            columns += new
    return columns if gone else [*columns, *new]
