"""The profile of flights beside the same figures written by hand in Polars, and its memory at ten times the rows."""

import asyncio
from typing import Any

import polars as pl

from contracts.profile import Profile
from tests.bench.children import TENANT, Children, children
from tests.bench.figures import Figure, best
from tests.bench.flights import repeated

ROWS = 500_000
ROUNDS = 5
LIMIT, FLAT = 1.5, 1.2
# ydata-profiling is no part of the environment. Its minimal mode took 17 s of this table where the figures of an
# average script in Polars took 1.2 s: what it would take here is told by how long that script takes here.
YDATA_TO_SCRIPT, YDATA_SECONDS, FASTER = 17 / 1.2, 17.0, 20


def copies(times: int) -> list[pl.DataFrame]:
    """The flights, so many times, each copy of a year of its own."""
    return [repeated(ROWS).with_columns(pl.col("year") + number) for number in range(times)]


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """With two more columns, in which no value occurs twice."""
    number = pl.int_range(pl.len(), dtype=pl.Int64) + (pl.col("year") - 2013) * ROWS
    return frame.with_columns(number.alias("id"), (number / 7).alias("fraction"))


def same(ours: Profile, hand: dict[str, Any]) -> None:
    """The two say the same, or the comparison was of two different jobs."""
    if ours.duplicates != hand["duplicates"]:
        raise AssertionError(f"equal rows: {ours.duplicates} and {hand['duplicates']}")
    if list(map(list, ours.key_candidates)) != hand["keys"]:
        raise AssertionError(f"keys: {ours.key_candidates} and {hand['keys']}")
    related = {f"{one.left} {one.right}": one.value for one in ours.correlations}
    if related != {pair: round(value, 6) for pair, value in hand["correlations"].items()}:
        raise AssertionError(f"numbers that go together: {related} and {hand['correlations']}")
    for column in ours.columns:
        wanted = hand[column.name]
        said: dict[str, Any] = {"nulls": column.nulls, "distinct": column.distinct}
        said["ends"] = (column.minimum, column.maximum)
        said["top"] = list(column.top)
        told = {name: wanted[name] for name in ("nulls", "distinct")} | {"ends": tuple(map(str, wanted["ends"]))}
        told["top"] = [(str(value), many) for value, many in wanted["top"]]
        if "mean" in wanted:
            assert column.histogram is not None
            said["quantiles"] = [int(text) for _, text in column.quantiles]
            told["quantiles"] = wanted["quantiles"]
            said["histogram"] = [[at, many] for at, many in enumerate(column.histogram.counts) if many]
            told["histogram"] = wanted["histogram"]
            said["moments"] = [round(figure or 0.0, 6) for figure in (column.mean, column.deviation)]
            told["moments"] = [round(wanted["mean"], 6), round(wanted["deviation"], 6)]
        else:
            assert column.lengths is not None
            said["lengths"], told["lengths"] = list(column.lengths[:2]), wanted["lengths"][:2]
            said["shapes"], told["shapes"] = list(map(list, column.patterns)), wanted["shapes"]
        said["about"], told["about"] = column.semantic and column.semantic.kind, wanted["about"]
        if said != told:
            raise AssertionError(f"{column.name}: {said} and {told}")


async def _times(places: Children) -> list[Figure]:
    dataset = places.stored(copies(1))
    ours, hand, scripted = [], [], []
    for number in range(ROUNDS + 1):
        effort, _, found = await places.ours(lambda computing: computing.profile(TENANT, dataset, 100))
        beside, _, figures = await places.by_hand("profile", dataset)
        of_script, _, _ = await places.by_hand("script", dataset)
        same(found, figures)
        if number:  # before the first one nothing is loaded
            ours.append(effort)
            hand.append(beside)
            scripted.append(of_script)
    least = min(effort.seconds for effort in ours)
    ydata = min(effort.seconds for effort in scripted) * YDATA_TO_SCRIPT
    name = f"profile of {ROWS:,} × 19"
    return [
        *best(f"{name}, by hand", ours, hand, "Polars", limit=LIMIT),
        Figure(f"{name}, a 20th of what ydata took", "s", YDATA_SECONDS / FASTER, least),
        Figure(f"{name}, ydata by the script beside it", "s", 1 / FASTER, least, ydata, "script × 17 / 1.2"),
    ]


async def _memory(places: Children) -> list[Figure]:
    """The peak of the child, which is all that reads the rows; with values that repeat and with some that do not."""
    figures = []
    for name, made in (("19", lambda frame: frame), ("21, two without a value twice", numbered)):
        peaks = []
        for times in (1, 10):
            dataset = places.stored([made(frame) for frame in copies(times)])
            _, megabytes, _ = await places.ours(lambda computing: computing.profile(TENANT, dataset, 300))  # noqa: B023
            peaks.append(megabytes)
        title = f"profile of {ROWS * 10:,} × {name}: peak of memory"
        figures.append(Figure(title, "MB", FLAT, peaks[1], peaks[0], "a tenth of the rows"))
    return figures


async def _figures() -> list[Figure]:
    async with children() as places:
        return [*await _times(places), *await _memory(places)]


def figures() -> list[Figure]:
    """Times and peaks."""
    return asyncio.run(_figures())
