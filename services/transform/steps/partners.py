"""What joins and lookups share: keys that can be compared, and the columns of another table that come along."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import JoinKey
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid, node
from services.transform.expressions.unify import unify
from services.transform.steps.kind import MAX_COLUMNS, Report
from services.transform.table import Table


@dataclass(frozen=True)
class Brought:
    """A column of the other table and what it is called here."""

    source: Column
    name: str


def check_on(schema: Schema, other: Schema, on: Sequence[JoinKey], report: Report) -> None:
    """Problems for keys that are not there, or that cannot be compared."""
    for at, key in enumerate(on):
        left = report.column(schema, key.left, f"/on/{at}/left")
        right = report.column(other, key.right, f"/on/{at}/right")
        if left is None or right is None:
            continue
        try:
            unify([node("column", left.type, value=key.left), node("column", right.type, value=key.right)], "be joined")
        except ExpressionInvalid as error:
            report.add(f"/on/{at}", error.code, error.message)


def brought(
    schema: Schema, other: Schema, names: Sequence[str] | None, on: Sequence[JoinKey], suffix: str, report: Report
) -> list[Brought]:
    """The columns that come along, with names that are not taken."""
    if names is None:
        keys = {key.right for key in on}
        columns = [column for column in other.columns if column.name not in keys]
    else:
        columns = report.columns(other, names, "/columns")
    taken, found = set(schema.names), []
    for at, column in enumerate(columns):
        name = column.name if column.name not in taken else f"{column.name}{suffix}"
        if name in taken:
            place = f"/columns/{at}" if names is not None else "/suffix"
            report.add(place, "name_taken", f"There would be two columns named {name!r}.")
        taken.add(name)
        found.append(Brought(column, name))
    if len(taken) > MAX_COLUMNS:
        report.add("/columns", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
    return found


def comparable(table: Table, other: Table, on: Sequence[JoinKey]) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """The keys of both sides in one type."""
    left, right = [], []
    for key in on:
        one, two = table.schema.column(key.left), other.schema.column(key.right)
        if one is None or two is None:
            raise KeyError(key.left)
        type, _ = unify([node("column", one.type, value=key.left), node("column", two.type, value=key.right)], "")
        dtype = DTYPES[type or one.type]
        left.append(table.column(key.left) if one.type is type else table.column(key.left).cast(dtype, strict=False))
        right.append(other.column(key.right) if two.type is type else other.column(key.right).cast(dtype, strict=False))
    return left, right


def said_keys(on: Sequence[JoinKey]) -> str:
    """Keys as people say them."""
    return " and ".join(key.left if key.left == key.right else f"{key.left} = {key.right}" for key in on)
