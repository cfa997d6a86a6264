"""What somebody who knows Polars writes by hand, run in a child of the same kind as a job's: no slower, no faster."""

import json
import math
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from services.transform.profiling.countries import ALPHA_3, CURRENCIES, NAMES
from services.transform.profiling.semantics import PHONE, TEXTS
from services.transform.profiling.shape import BINS, QUANTILES

TOP, OFTEN = 10, 2_000
SPREAD = 16  # of so many rows one is looked at for how numbers go together
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
    """The same figures as the profile's, all of them, by somebody who knows how: a column's values are counted once."""
    frame = pl.read_parquet(paths, glob=False)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    plans = [frame.lazy().group_by(pl.col(name).alias("v")).agg(pl.len().alias("n")) for name in frame.columns]
    found: dict[str, Any] = {
        name: _column(name, counts, frame.height, number=name in numbers)
        for name, counts in zip(frame.columns, pl.collect_all(plans), strict=True)
    }
    few = frame.select(numbers).gather_every(SPREAD)
    pairs = list(combinations(numbers, 2))
    together = few.select(pl.corr(a, b).alias(f"{a} {b}") for a, b in pairs).row(0)
    found["correlations"] = {
        f"{a} {b}": value for (a, b), value in zip(pairs, together, strict=True) if value is not None and value == value
    }
    found["duplicates"] = frame.height - frame.hash_rows().n_unique()
    found["keys"] = [] if found["duplicates"] else _keys(frame, found)
    return found


def _column(name: str, counts: pl.DataFrame, rows: int, *, number: bool) -> dict[str, Any]:
    known = counts.drop_nulls("v").sort("v").with_columns(pl.col("n").cast(pl.Int64))
    values, many = known["v"], known["n"]
    total = int(many.sum())
    found: dict[str, Any] = {"nulls": rows - total, "distinct": known.height, "ends": (values[0], values[-1])}
    often = known.top_k(TOP if number else OFTEN, by=["n", "v"], reverse=[False, True])
    often = often.sort(["n", "v"], descending=[True, False])
    found["top"] = list(often.head(TOP).iter_rows())
    if number:
        mean = (values * many).sum() / total
        found["mean"] = mean
        found["deviation"] = math.sqrt(((values - mean) ** 2 * many).sum() / (total - 1))
        places = many.cum_sum().search_sorted(pl.Series([math.ceil(share * total) for share in QUANTILES]))
        found["quantiles"] = values.gather(places).to_list()
        width = -(-(values[-1] - values[0] + 1) // BINS)
        bins = known.group_by(((pl.col("v") - values[0]) // width).alias("bin")).agg(pl.col("n").sum())
        found["histogram"] = sorted(bins.iter_rows())
        found["about"] = "year" if "year" in name and 1000 <= values[0] <= values[-1] <= 2999 else None
    else:
        letters = values.str.len_chars()
        found["lengths"] = (letters.min(), letters.max(), (letters * many).sum() / total)
        found["shapes"] = _shapes(often)
        found["about"] = _about(often, known.height, total)
    return found


def _shapes(often: pl.DataFrame) -> list[tuple[str, float]]:
    """Letters and digits as what they are: the shapes that many of the frequent texts have."""
    shape = pl.col("v")
    for letters, sign in ((r"\p{Lu}", "A"), (r"\p{Nd}", "9"), (r"[\p{L}--A]", "a")):
        shape = shape.str.replace_all(letters, sign)
    for sign in "Aa9":
        shape = shape.str.replace_all(f"{sign}{{5,}}", f"{sign}+")
    found = often.group_by(shape.alias("shape")).agg(pl.col("n").sum()).sort(["n", "shape"], descending=[True, False])
    shares = ((text, round(many / often["n"].sum(), 4)) for text, many in found.head(3).iter_rows())
    return [(text, share) for text, share in shares if share >= 0.05]


def _about(often: pl.DataFrame, distinct: int, total: int) -> str | None:
    """What texts are about: what most of the frequent ones look like, or are."""
    text = pl.col("v").str.strip_chars()
    tests = {kind: text.str.contains(pattern) for kind, pattern in TEXTS}
    tests["phone"] = text.str.contains(PHONE) & text.str.count_matches(r"\d").is_between(7, 15)
    tests["iban"] = text.str.contains(r"^[A-Z]{2}\d{2}[A-Z0-9 ]{11,30}$")
    tests["card_number"] = text.str.contains(r"^\d(?:[ -]?\d){12,18}$")
    tests["country"] = text.str.to_lowercase().is_in(list(NAMES)) | text.is_in(list(ALPHA_3))
    tests["currency"] = text.str.to_uppercase().is_in(list(CURRENCIES))
    many = often.select(pl.col("n").filter(test).sum().alias(kind) for kind, test in tests.items()).row(0, named=True)
    enough = (kind for kind in tests if many[kind] >= 0.8 * often["n"].sum())
    return next(enough, "category" if 2 <= distinct <= 50 and total >= 20 * distinct else None)


def _keys(frame: pl.DataFrame, found: dict[str, Any]) -> list[list[str]]:
    """The columns, or else the pairs and triples, in which no two rows are the same."""
    likely = sorted(frame.columns, key=lambda name: -found[name]["distinct"])[:8]
    for size in (1, 2, 3):
        groups = [list(group) for group in combinations(likely, size)]
        keys = [group for group in groups if frame.select(group).hash_rows().n_unique() == frame.height]
        if keys:
            return keys
    return []


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
