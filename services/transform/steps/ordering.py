"""Orders by columns: stable, nulls last."""

from collections.abc import Sequence

import polars as pl

from contracts.data import Schema
from contracts.recipe import SortKey
from services.transform.steps.kind import Report
from services.transform.table import Table


def check_keys(schema: Schema, by: Sequence[SortKey], place: str, report: Report) -> None:
    """Problems for columns that are not there or stand there twice."""
    seen: set[str] = set()
    for at, key in enumerate(by):
        found = report.column(schema, key.column, f"{place}/{at}/column")
        if found is not None and key.column in seen:
            report.add(f"{place}/{at}/column", "repeated", f"The column {key.column!r} stands here twice.")
        seen.add(key.column)


def sorting(lazy: pl.LazyFrame, table: Table, by: Sequence[SortKey], before: Sequence[str] = ()) -> pl.LazyFrame:
    """The rows in order; `before` are inner columns to sort by first, upwards."""
    columns = [*before, *table.columns([key.column for key in by])]
    descending = [*(False for _ in before), *(key.descending for key in by)]
    return lazy.sort(columns, descending=descending, nulls_last=True, maintain_order=True)


def in_order(by: Sequence[SortKey]) -> str:
    """An order as people say it."""
    return ", ".join(f"{key.column}, descending" if key.descending else key.column for key in by)
