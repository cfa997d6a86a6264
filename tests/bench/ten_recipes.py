"""The ten recipes that are measured, each beside the same by hand in Polars."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

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
