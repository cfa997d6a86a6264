"""Sessions on large tables: the profile against the same figures by hand, and previews of five million rows."""

import random
import tempfile
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from contracts.data import DatasetRef
from contracts.recipe import Recipe
from services.chassis.arrow import from_arrow
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.chassis.storage import Storage
from services.transform.computing import Computing
from services.transform.jobs import JobModule
from services.transform.looking import Looking
from services.transform.settings import TransformSettings
from tests.bench.figures import Figure, compared, percentile
from tests.bench.flights import table

TENANT = uuid.UUID(int=1)
YDATA_SECONDS = 17.0  # its minimal mode on the same table, measured beside 1.2 s of Polars
NODES: tuple[list[dict[str, Any]], ...] = (
    [{"kind": "filter", "where": "distance > 500"}],
    [{"kind": "derive", "columns": [{"column": "speed", "expression": "distance / air_time * 60"}]}],
    [{"kind": "sort", "by": [{"column": "dep_delay", "descending": True}]}],
)
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def flights(rows: int) -> pl.DataFrame:
    """The flights, repeated to so many rows."""
    once = table()
    return pl.concat([once] * (rows // once.height + 1)).head(rows)


def stored(storage: Storage, frame: pl.DataFrame, times: int = 1) -> DatasetRef:
    """A dataset of the frame, so many times, each part different from the others."""
    with storage.writer(TENANT, from_arrow(frame.to_arrow().schema)) as writer:
        for number in range(times):
            writer.write(frame.with_columns(pl.col("year") + number))
        return writer.finish()


async def node(computing: Computing, dataset: DatasetRef, steps: list[dict[str, Any]]) -> DatasetRef:
    """What steps make of a dataset."""
    recipe = Recipe.model_validate({"steps": steps})
    return (await computing.apply(TENANT, dataset, [JobModule(name="", recipe=recipe)], 600)).dataset


def by_hand(paths: list[Path]) -> None:
    """The same figures as one would write them down in Polars; shapes and kinds of texts are left out."""
    frame = pl.read_parquet(paths, glob=False)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    frame.lazy().select(
        *(pl.col(name).null_count().alias(f"{name} nulls") for name in frame.columns),
        *(pl.col(name).n_unique().alias(f"{name} distinct") for name in frame.columns),
        *(pl.col(name).min().alias(f"{name} least") for name in frame.columns),
        *(pl.col(name).max().alias(f"{name} most") for name in frame.columns),
        *(pl.col(name).mean().alias(f"{name} mean") for name in numbers),
        *(pl.col(name).std().alias(f"{name} deviation") for name in numbers),
        *(pl.col(name).quantile(share).alias(f"{name} {share}") for name in numbers for share in SHARES),
    ).collect()
    for name in frame.columns:
        frame[name].value_counts(sort=True).head(10)
    for name in numbers:
        frame[name].hist(bin_count=20)
    frame.select(pl.struct(pl.all()).hash().n_unique())
    few = frame.gather_every(max(1, frame.height // 50_000))
    few.select(pl.corr(a, b).alias(f"{a} {b}") for i, a in enumerate(numbers) for b in numbers[:i])


async def profile_figures(computing: Computing, storage: Storage, rounds: int) -> list[Figure]:
    """Our profile, child and all, beside the one by hand in this process."""
    dataset = stored(storage, flights(500_000))
    ours, hand = [], []
    await computing.profile(TENANT, dataset, 60)
    for _ in range(rounds):
        began = time.perf_counter()
        await computing.profile(TENANT, dataset, 60)
        ours.append(time.perf_counter() - began)
        with storage.local_parts(dataset, tenant=TENANT) as paths:
            began = time.perf_counter()
            by_hand(paths)
            hand.append(time.perf_counter() - began)
    return [
        compared("profile of 500,000 × 19, by hand", ours, hand, "Polars", limit=1.5),
        Figure("profile of 500,000 × 19, ydata / 20", "s", YDATA_SECONDS / 20, sorted(ours)[len(ours) // 2]),
    ]


async def preview_figures(computing: Computing, looking: Looking, storage: Storage, looks: int) -> list[Figure]:
    """Pages and filtered samples of the nodes of a session of five million rows."""
    root = stored(storage, flights(500_000), times=10)
    nodes = [root, *[await node(computing, root, steps) for steps in NODES]]
    chance = random.Random(7)
    pages, found = [], []
    wheres = ["carrier = 'UA'", "dep_delay > 60", "distance > 2000 AND origin = 'JFK'", "year = 2022"]
    await looking.matching(TENANT, root, "true", 0, 50)
    for number in range(looks):
        dataset = nodes[number % len(nodes)]
        began = time.perf_counter()
        await looking.page(TENANT, dataset, chance.randrange(dataset.rows) if number >= len(nodes) else 0, 50)
        pages.append(time.perf_counter() - began)
        began = time.perf_counter()
        await looking.matching(TENANT, dataset, chance.choice(wheres), 0, 50)
        found.append(time.perf_counter() - began)
    return [
        Figure("preview of 5,000,000 rows: a page, p95", "ms", 150, percentile(pages, 0.95) * 1e3),
        Figure("preview of 5,000,000 rows: by expression, p95", "ms", 150, percentile(found, 0.95) * 1e3),
    ]


async def figures(rounds: int = 5, looks: int = 60) -> list[Figure]:
    """All figures of sessions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = SimpleNamespace(storage=f"file://{folder}/store", storage_s3_endpoint=None)
        storage = Storage(place, scratch=folder / "scratch")
        sandbox = Sandbox(Limits(), work="services.transform.worker")
        computing = Computing(storage, sandbox)
        try:
            made = await profile_figures(computing, storage, rounds)
            return made + await preview_figures(
                computing, Looking(computing, storage, TransformSettings()), storage, looks
            )
        finally:
            await sandbox.close()
