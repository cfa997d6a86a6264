"""The difference between two tables of a million rows, beside the same by hand in Polars: a full join by key."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from contracts.data import Column, LogicalType, Schema
from services.transform.differing.differ import Side, differ
from services.transform.dtypes import frame_schema
from tests.bench import flights
from tests.bench.figures import Figure, compared

ROWS = 1_000_000
RUNS = 5
LIMIT = 1.5
_TYPES = {pl.Int64(): LogicalType.INTEGER, pl.Float64(): LogicalType.FLOAT, pl.String(): LogicalType.STRING}


def figures() -> list[Figure]:
    """Medians of interleaved runs; the two must find the same rows."""
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        folder = Path(name)
        left, right = _tables(folder)
        ours: list[float] = []
        reference: list[float] = []
        for _ in range(RUNS):
            seconds, found = _timed(lambda: _ours(left, right, folder))
            ours.append(seconds)
            seconds, wanted = _timed(lambda: _by_hand(left, right, folder))
            reference.append(seconds)
            if found != wanted:
                raise AssertionError(f"the two differ: {found} and {wanted}")
    return [compared("data difference, 1,000,000 rows × 20", ours, reference, "Polars by hand", limit=LIMIT)]


def _timed(run: Callable[[], tuple[int, int, int]]) -> tuple[float, tuple[int, int, int]]:
    began = time.perf_counter()
    found = run()
    return time.perf_counter() - began, found


def _tables(folder: Path) -> tuple[Side, Side]:
    """Flights thrice over with a number of their own; on the right some are gone, new or changed."""
    whole = pl.concat([flights.table()] * 3).head(ROWS).with_row_index("id").with_columns(pl.col("id").cast(pl.Int64))
    number = pl.col("id")
    right = (
        whole.filter(number % 200 != 7)
        .with_columns(
            pl.when(number % 100 == 3).then(pl.col("dep_delay") + 1).otherwise(pl.col("dep_delay")).alias("dep_delay"),
            pl.when(number % 500 == 1).then(pl.lit("??")).otherwise(pl.col("carrier")).alias("carrier"),
            (number + pl.when(number % 1000 == 9).then(ROWS).otherwise(0)).alias("id"),
        )
        .sample(fraction=1.0, shuffle=True, seed=1)
    )
    return _side(whole, folder / "left.parquet"), _side(right, folder / "right.parquet")


def _side(table: pl.DataFrame, path: Path) -> Side:
    schema = Schema(
        columns=tuple(
            Column(name=name, type=_TYPES.get(type, LogicalType.STRING)) for name, type in table.schema.items()
        )
    )
    table.select(pl.col(name).cast(type) for name, type in frame_schema(schema).items()).write_parquet(
        path, compression="zstd", compression_level=1
    )
    return Side([path], schema, table.height)


def _ours(left: Side, right: Side, folder: Path) -> tuple[int, int, int]:
    target = folder / "ours"
    target.mkdir(exist_ok=True)
    found, _ = differ(left, right, target, keys=["id"])
    return found.only_left, found.only_right, found.changed


def _by_hand(left: Side, right: Side, folder: Path) -> tuple[int, int, int]:
    """What somebody would write who needs it once: join, three filters, figures of both sides."""
    target = folder / "hand"
    target.mkdir(exist_ok=True)
    here, there = (pl.scan_parquet(side.parts) for side in (left, right))
    values = [name for name in left.schema.names if name != "id"]
    joined = here.join(there, on="id", how="full", suffix="_right", coalesce=False)
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in values]
    alone = pl.col("id").is_null() | pl.col("id_right").is_null()
    rows = joined.filter(alone | pl.any_horizontal(differs)).collect(engine="streaming")
    only_left = rows.filter(pl.col("id_right").is_null()).select(left.schema.names)
    only_right = rows.filter(pl.col("id").is_null()).select(f"{name}_right" for name in right.schema.names)
    changed = rows.filter(~alone)
    changed.select(one.sum() for one in differs)
    for name, table in (("left", only_left), ("right", only_right), ("changed", changed)):
        table.sort(pl.first()).write_parquet(target / f"{name}.parquet", compression="zstd", compression_level=1)
    numbers = pl.selectors.numeric()
    for side in (here, there):
        side.select(
            pl.all().null_count().name.suffix("_nulls"),
            pl.all().min().name.suffix("_min"),
            pl.all().max().name.suffix("_max"),
            numbers.sum().name.suffix("_sum"),
            numbers.mean().name.suffix("_mean"),
        ).collect(engine="streaming")
    return only_left.height, only_right.height, changed.height
