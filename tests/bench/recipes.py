"""Ten recipes on five million rows, each beside the same by hand in Polars: time, and the peak of memory.

Each run is a process of its own in the environment of a job's child, so that its peak is its own. Both read the same
parts and write Parquet of the same kind; what differs is what we add: the books, the checks, the row numbers. The runs
take turns, and the best of both are compared, by the clock and by what the processors worked.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from services.chassis.isolation.sandbox import environment
from tests.bench import flights
from tests.bench.effort import Effort
from tests.bench.figures import ROOT, Figure, best

ROWS = 5_000_000
PART_ROWS = 500_000
ROUNDS = 5
TIME, FLAT, WHOLE = 1.15, 1.2, 1.2
Lazy = pl.LazyFrame


@dataclass(frozen=True)
class Recipe:
    """A recipe, and the same by hand."""

    steps: tuple[dict[str, Any], ...]
    by_hand: Callable[[Lazy], Lazy]
    whole: bool = False  # whether it needs the whole table


def _speed() -> pl.Expr:
    return pl.col("distance") / pl.when(pl.col("air_time") != 0).then(pl.col("air_time")) * 60


RECIPES: dict[str, Recipe] = {
    "choose columns": Recipe(
        (
            {"kind": "select", "columns": ["year", "month", "day", "carrier", "flight", "dep_delay"]},
            {"kind": "rename", "columns": {"flight": "number", "dep_delay": "delay"}},
        ),
        lambda t: t.select(
            "year", "month", "day", "carrier", pl.col("flight").alias("number"), pl.col("dep_delay").alias("delay")
        ),
    ),
    "filter": Recipe(
        ({"kind": "filter", "where": "dep_delay > 15 AND origin <> 'LGA'"},),
        lambda t: t.filter((pl.col("dep_delay") > 15) & (pl.col("origin") != "LGA")),
    ),
    "clean": Recipe(
        (
            {"kind": "drop_null", "columns": ["dep_time", "tailnum"]},
            {"kind": "fill_null", "columns": ["arr_delay", "air_time"], "value": 0},
            {"kind": "replace", "column": "origin", "values": [{"old": "EWR", "new": "Newark"}]},
            {"kind": "cast", "columns": {"flight": "string"}},
        ),
        lambda t: t.drop_nulls(["dep_time", "tailnum"]).with_columns(
            pl.col("arr_delay", "air_time").fill_null(0),
            pl.col("origin").replace({"EWR": "Newark"}),
            pl.col("flight").cast(pl.String),
        ),
    ),
    "compute": Recipe(
        (
            {
                "kind": "derive",
                "columns": [
                    {"column": "speed", "expression": "distance / air_time * 60"},
                    {"column": "late", "expression": "COALESCE(dep_delay, 0) > 15"},
                    {"column": "route", "expression": "origin || '-' || dest"},
                ],
            },
            {"kind": "round", "columns": ["speed"], "digits": 1},
        ),
        lambda t: t.with_columns(
            _speed().round(1, mode="half_away_from_zero").alias("speed"),
            (pl.col("dep_delay").fill_null(0) > 15).alias("late"),
            (pl.col("origin") + "-" + pl.col("dest")).alias("route"),
        ),
    ),
    "text": Recipe(
        (
            {"kind": "text", "columns": ["tailnum", "dest"], "operations": [{"kind": "trim"}, {"kind": "lower"}]},
            {"kind": "extract", "column": "tailnum", "pattern": "n([0-9]+)", "into": ["digits"]},
            {"kind": "join_columns", "columns": ["carrier", "digits"], "column": "plane", "separator": "-"},
        ),
        lambda t: (
            t.with_columns(pl.col("tailnum", "dest").str.strip_chars().str.to_lowercase())
            .with_columns(pl.col("tailnum").str.extract("n([0-9]+)").alias("digits"))
            .with_columns(pl.concat_str("carrier", "digits", separator="-", ignore_nulls=True).alias("plane"))
        ),
    ),
    "dates": Recipe(
        (
            {"kind": "derive", "columns": [{"column": "date", "expression": "MAKE_DATE(year, month, day)"}]},
            {"kind": "date_parts", "column": "date", "parts": ["week", "weekday", "is_weekend"]},
            {"kind": "date_add", "column": "date", "amount": 30, "unit": "day", "into": "due"},
        ),
        lambda t: t.with_columns(pl.date("year", "month", "day").alias("date")).with_columns(
            pl.col("date").dt.week().cast(pl.Int64).alias("date_week"),
            pl.col("date").dt.weekday().cast(pl.Int64).alias("date_weekday"),
            (pl.col("date").dt.weekday() > 5).alias("date_is_weekend"),
            pl.col("date").dt.offset_by("30d").alias("due"),
        ),
    ),
    "aggregate": Recipe(
        (
            {
                "kind": "aggregate",
                "keys": ["carrier", "origin", "month"],
                "measures": [
                    {"function": "count", "name": "flights"},
                    {"function": "sum", "column": "distance", "name": "miles"},
                    {"function": "mean", "column": "dep_delay", "name": "delay"},
                    {"function": "max", "column": "arr_delay", "name": "worst"},
                ],
            },
        ),
        lambda t: t.group_by("carrier", "origin", "month", maintain_order=True).agg(
            pl.len().alias("flights"),
            pl.col("distance").sum().alias("miles"),
            pl.col("dep_delay").mean().alias("delay"),
            pl.col("arr_delay").max().alias("worst"),
        ),
        whole=True,
    ),
    "deduplicate": Recipe(
        ({"kind": "deduplicate", "keys": ["id"], "keep": "first"},),
        lambda t: t.unique("id", keep="first", maintain_order=True),
        whole=True,
    ),
    "sort": Recipe(
        ({"kind": "sort", "by": [{"column": "dep_delay", "descending": True}, {"column": "id"}]},),
        lambda t: t.sort("dep_delay", "id", descending=[True, False], nulls_last=True, maintain_order=True),
        whole=True,
    ),
    "window": Recipe(
        (
            {
                "kind": "window",
                "partition_by": ["carrier"],
                "columns": [
                    {"name": "number", "function": "row_number"},
                    {"name": "before", "function": "lag", "column": "dep_delay"},
                    {"name": "miles", "function": "running_sum", "column": "distance"},
                ],
            },
        ),
        lambda t: t.with_columns(
            pl.int_range(1, pl.len() + 1).over("carrier").alias("number"),
            pl.col("dep_delay").shift(1).over("carrier").alias("before"),
            pl.col("distance").fill_null(0).cum_sum().over("carrier").alias("miles"),
        ),
        whole=True,
    ),
}


def figures() -> list[Figure]:
    """Times and peaks of all recipes."""
    found = []
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        folder = Path(name)
        full, tenth = table(folder / "full", ROWS), table(folder / "tenth", ROWS // 10)
        for title, recipe in RECIPES.items():
            pairs = [(_run(folder, "ours", title, full), _run(folder, "by-hand", title, full)) for _ in range(ROUNDS)]
            ours, hand = ([pair[side] for pair in pairs] for side in (0, 1))
            if ours[0]["rows"] != hand[0]["rows"]:
                raise AssertionError(f"{title}: {ours[0]['rows']} rows and {hand[0]['rows']} by hand")
            mine, other = ([Effort(run["seconds"], run["computing"]) for run in side] for side in (ours, hand))
            found += best(f"{title}, 5 M rows", mine, other, "Polars by hand", limit=TIME)
            peak = max(run["megabytes"] for run in ours)
            if recipe.whole:
                least, beside, limit = max(run["megabytes"] for run in hand), "by hand", WHOLE
            else:
                least, beside, limit = _run(folder, "ours", title, tenth)["megabytes"], "a tenth of the rows", FLAT
            found.append(Figure(f"{title}, peak of memory", "MB", limit, peak, least, beside))
    return found


def table(folder: Path, rows: int) -> list[Path]:
    """Flights again and again, with a number of their own, in parts as a pull writes them."""
    folder.mkdir()
    source, parts = flights.table(), []
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    for start in range(0, rows, PART_ROWS):
        part = pl.concat([source] * (PART_ROWS // source.height + 1)).head(min(PART_ROWS, rows - start))
        parts.append(folder / f"{start:09}.parquet")
        part.with_columns((number + start).alias("id")).write_parquet(parts[-1], compression="zstd")
    return parts


def _run(folder: Path, way: str, title: str, parts: list[Path]) -> dict[str, float]:
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as output:
        command = [sys.executable, "-m", "tests.bench.recipe_run", way, title, output, *map(str, parts)]
        around = environment(None) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=output, env=around)
    said: dict[str, float] = json.loads(done.stdout)
    return said
