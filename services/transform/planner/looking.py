"""What a planner may know of a table, read from its files: types, nulls, values, extremes."""

from collections.abc import Sequence

import polars as pl

from contracts.data import Column, LogicalType, Schema
from services.transform.conversions import to_text
from services.transform.planner.reading import NUMERIC
from services.transform.planner.view import ColumnView, TableView

MAX_ROWS = 200_000  # that are looked at; of longer tables, the first ones
MAX_VALUES = 5_000  # different values of a column that are kept, the most frequent
MAX_LENGTH = 200  # of a value; a column with longer ones is prose, and none of its values is kept


def look(paths: Sequence[str], schema: Schema) -> TableView:
    """The table as a planner sees it."""
    if not paths:
        return TableView(tuple(ColumnView(column.name, column.type) for column in schema.columns), 0)
    lazy = pl.scan_parquet(list(paths), glob=False, hive_partitioning=False, cache=False)
    rows = int(lazy.select(pl.len()).collect(engine="streaming").item())
    part = rows > MAX_ROWS
    columns = tuple(
        _seen(lazy.select(pl.nth(at).alias("c")).head(MAX_ROWS).collect(engine="streaming")["c"], column, part)
        for at, column in enumerate(schema.columns)
    )
    return TableView(columns, rows)


def _seen(values: pl.Series, column: Column, part: bool) -> ColumnView:
    nulls = values.null_count()
    if column.type is LogicalType.BINARY:
        return ColumnView(column.name, column.type, nulls)
    known = values.drop_nulls()
    counted = (
        pl.DataFrame({"c": known})
        .group_by("c", maintain_order=True)
        .agg(pl.len().alias("n"))
        .sort("n", descending=True, maintain_order=True)
    )
    texts = counted.head(MAX_VALUES).select(to_text(pl.col("c"), column.type)).to_series().to_list()
    prose = any(len(one) > MAX_LENGTH for one in texts)
    least = greatest = None
    if column.type in NUMERIC and known.len():
        numbers = known.cast(pl.Float64)
        least, greatest = numbers.min(), numbers.max()
    return ColumnView(
        column.name,
        column.type,
        nulls,
        counted.height,
        () if prose else tuple(texts),
        not prose and not part and counted.height <= MAX_VALUES,
        float(least) if isinstance(least, int | float) else None,
        float(greatest) if isinstance(greatest, int | float) else None,
    )
