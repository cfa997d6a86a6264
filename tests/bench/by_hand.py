"""What somebody who knows Polars writes by hand, run in a child of the same kind as a job's: no slower, no faster."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from services.transform.profiling.shape import BINS, QUANTILES

TOP = 10
ROWS = 1_000_000
KEEP = pl.col("id") % 200 != 7
MOVED = (pl.col("id") + pl.when(pl.col("id") % 1000 == 9).then(ROWS).otherwise(0)).alias("id")
LATER = pl.when(pl.col("id") % 100 == 3).then(pl.col("dep_delay") + 1).otherwise(pl.col("dep_delay")).alias("dep_delay")
OTHER = pl.when(pl.col("id") % 500 == 1).then(pl.lit("??")).otherwise(pl.col("carrier")).alias("carrier")


def handle(job: bytes) -> bytes:
    """The answer to a job: which work, its inputs, its folder."""
    wanted = json.loads(job)
    return json.dumps(WORK[wanted["work"]](list(map(Path, wanted["inputs"])), Path(wanted["output"]))).encode()


def script(paths: list[Path], _: Path) -> dict[str, Any]:
    """Figures of a table as most would write them down."""
    frame = pl.read_parquet(paths, glob=False)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    frame.lazy().select(
        *(pl.col(name).null_count().alias(f"{name} nulls") for name in frame.columns),
        *(pl.col(name).n_unique().alias(f"{name} distinct") for name in frame.columns),
        *(pl.col(name).min().alias(f"{name} least") for name in frame.columns),
        *(pl.col(name).max().alias(f"{name} most") for name in frame.columns),
        *(pl.col(name).mean().alias(f"{name} mean") for name in numbers),
        *(pl.col(name).std().alias(f"{name} deviation") for name in numbers),
        *(pl.col(name).quantile(share).alias(f"{name} {share}") for name in numbers for share in QUANTILES),
    ).collect()
    for name in frame.columns:
        frame[name].value_counts(sort=True).head(TOP)
    for name in numbers:
        frame[name].hist(bin_count=BINS)
    frame.select(pl.struct(pl.all()).hash().n_unique())
    return {}


def profile(paths: list[Path], _: Path) -> dict[str, Any]:
    """The same figures as the profile's, by somebody who knows how: each column's values are counted once.

    What the profile has beyond them is left out: shapes of texts, what a column is about, keys.
    """
    frame = pl.read_parquet(paths, glob=False)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    plans = [frame.lazy().group_by(pl.col(name).alias("v")).agg(pl.len().alias("n")) for name in frame.columns]
    found: dict[str, Any] = {
        name: _column(counts, frame.height, number=name in numbers)
        for name, counts in zip(frame.columns, pl.collect_all(plans), strict=True)
    }
    few = frame.select(numbers).gather_every(frame.height // 50_000)
    few.select(pl.corr(a, b).alias(f"{a} {b}") for at, a in enumerate(numbers) for b in numbers[:at])
    return found | {"duplicates": frame.height - frame.hash_rows().n_unique()}


def _column(counts: pl.DataFrame, rows: int, *, number: bool) -> dict[str, Any]:
    known = counts.drop_nulls("v").sort("v").with_columns(pl.col("n").cast(pl.Int64))
    values, many = known["v"], known["n"]
    total = int(many.sum())
    found: dict[str, Any] = {"nulls": rows - total, "distinct": known.height, "ends": (values[0], values[-1])}
    often = known.top_k(TOP, by=["n", "v"], reverse=[False, True]).sort(["n", "v"], descending=[True, False])
    found["top"] = list(often.iter_rows())
    if number:
        mean = (values * many).sum() / total
        found["mean"] = mean
        found["deviation"] = math.sqrt(((values - mean) ** 2 * many).sum() / (total - 1))
        places = many.cum_sum().search_sorted(pl.Series([math.ceil(share * total) for share in QUANTILES]))
        found["quantiles"] = values.gather(places).to_list()
        width = -(-(values[-1] - values[0] + 1) // BINS)
        bins = known.group_by(((pl.col("v") - values[0]) // width).alias("bin")).agg(pl.col("n").sum())
        found["histogram"] = sorted(bins.iter_rows())
    else:
        letters = values.str.len_chars()
        found["lengths"] = (letters.min(), letters.max(), (letters * many).sum() / total)
    return found


def difference(paths: list[Path], folder: Path) -> dict[str, Any]:
    """Two versions over the same rows and what differs: a full join by key, three files, figures of both."""
    table = pl.scan_parquet(paths)
    left = table.filter(pl.col("dep_time").is_not_null())
    right = left.filter(KEEP).with_columns(LATER, OTHER, MOVED)
    return differing(left, right, folder)


def differing(here: pl.LazyFrame, there: pl.LazyFrame, folder: Path) -> dict[str, Any]:
    """What somebody would write who needs it once: join, three filters, figures of both sides."""
    names = here.collect_schema().names()
    values = [name for name in names if name != "id"]
    joined = here.join(there, on="id", how="full", suffix="_right", coalesce=False)
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in values]
    alone = pl.col("id").is_null() | pl.col("id_right").is_null()
    rows = joined.filter(alone | pl.any_horizontal(differs)).collect(engine="streaming")
    only_left = rows.filter(pl.col("id_right").is_null()).select(names)
    only_right = rows.filter(pl.col("id").is_null()).select(f"{name}_right" for name in names)
    changed = rows.filter(~alone)
    columns = changed.select(one.sum() for one in differs).row(0)
    for name, table in (("left", only_left), ("right", only_right), ("changed", changed)):
        table.sort(pl.first()).write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=1)
    numbers = pl.selectors.numeric()
    sides = [
        side.select(
            pl.all().null_count().name.suffix("_nulls"),
            pl.all().min().name.suffix("_min"),
            pl.all().max().name.suffix("_max"),
            numbers.sum().name.suffix("_sum"),
            numbers.mean().name.suffix("_mean"),
        )
        for side in (here, there)
    ]
    pl.collect_all(sides, engine="streaming")
    found = {"only_left": only_left.height, "only_right": only_right.height, "changed": changed.height}
    return found | {"columns": dict(zip(values, columns, strict=True))}


WORK: dict[str, Callable[[list[Path], Path], dict[str, Any]]] = {
    "script": script,
    "profile": profile,
    "difference": difference,
}
