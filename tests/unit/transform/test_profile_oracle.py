"""Profiles against DuckDB: the same figures for generated tables, whole or in pieces; estimates close to them."""

import contextlib
import math
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.data import LogicalType, Schema
from contracts.profile import Profile
from services.transform.jobs import ProfileJob
from services.transform.profiling.across import EqualRows, Keys, Spread
from services.transform.profiling.distinct import Distinct
from services.transform.profiling.scan import pieces
from services.transform.profiling.shape import QUANTILES, histogram, quantiles
from services.transform.profiling.sketch import Sketch
from services.transform.profiling.table import profile
from services.transform.profiling.together import together
from services.transform.profiling.values import Values
from tests.unit.transform.evaluating import frame, schema

TABLE = schema(i="integer", f="float", d="decimal", s="string", day="date", t="timestamp", b="boolean")
VALUES = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.sampled_from([0.0, 1.5]),
    st.none() | st.decimals(-1_000, 1_000, places=2),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(["a", "b"]),
    st.none() | st.dates(),
    st.none() | st.datetimes(),
    st.none() | st.booleans(),
)


ORACLE = duckdb.connect()  # one, because each takes its time to start


def described(folder: Path, table: Schema, *parts: pl.DataFrame) -> Profile:
    paths = []
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"{number}.parquet", row_group_size=max(1, part.height // 2))
        paths.append(str(folder / f"{number}.parquet"))
    return profile(ProfileJob(inputs=tuple(paths), table_schema=table)).profile


def asked(query: str, given: pl.DataFrame) -> list[tuple[Any, ...]]:
    ORACLE.register("given", given.to_arrow())
    return ORACLE.execute(query).fetchall()


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=st.lists(VALUES, max_size=40), cut=st.integers(0, 40))
def test_figures_are_those_of_another_engine(tmp_path_factory: pytest.TempPathFactory, rows: Any, cut: int) -> None:
    whole = frame(TABLE, rows)
    found = described(tmp_path_factory.mktemp("p"), TABLE, frame(TABLE, rows[:cut]), frame(TABLE, rows[cut:]))
    assert found.rows == len(rows)
    ((distinct,),) = asked("SELECT count(*) FROM (SELECT DISTINCT * FROM given)", whole)
    assert found.duplicates == len(rows) - distinct
    for column in found.columns:
        query = (
            f"SELECT count(*) - count({column.name}), count(DISTINCT {column.name}), min({column.name})::text,"
            f" max({column.name})::text FROM given"
        )
        ((nulls, distinct, low, high),) = asked(query, whole)
        assert (column.nulls, column.distinct, column.estimated) == (nulls, distinct, ())
        if column.type in ("integer", "string", "date"):
            assert (column.minimum, column.maximum) == (low, high)
        top = asked(
            f"SELECT n FROM (SELECT count(*) n FROM given WHERE {column.name} IS NOT NULL GROUP BY {column.name})"
            " ORDER BY n DESC LIMIT 10",
            whole,
        )
        assert [many for _, many in column.top] == [many for (many,) in top]
        if column.histogram is not None:
            assert sum(column.histogram.counts) == len(rows) - nulls
    for name in ("i", "f", "d"):
        column = next(one for one in found.columns if one.name == name)
        ((mean, deviation),) = asked(f"SELECT avg({name}::double), stddev_samp({name}::double) FROM given", whole)
        # Both engines add up floats, which loses digits of the largest.
        scale = abs(float(column.maximum or 0)) + abs(float(column.minimum or 0))
        near = 1e-9 + 1e-12 * scale
        assert column.mean == (None if mean is None else pytest.approx(mean, rel=1e-6, abs=near))
        if deviation is not None and math.isfinite(deviation):
            assert column.deviation == pytest.approx(deviation, rel=1e-6, abs=1e-6 * scale + 1e-9)
    for name in ("i", "day"):
        column = next(one for one in found.columns if one.name == name)
        for share, text in column.quantiles:
            ((value,),) = asked(f"SELECT quantile_disc({name}, {share})::text FROM given", whole)
            assert text == value
        assert len(column.quantiles) in (0, len(QUANTILES))


@settings(max_examples=40, deadline=None)
@given(numbers=st.lists(st.integers(-500, 500), min_size=1, max_size=80))
def test_histograms_count_what_lies_between_their_edges(numbers: list[int]) -> None:
    counts = pl.DataFrame({"v": numbers}, schema={"v": pl.Int64}).group_by("v").len("n").sort("v").lazy()
    (found,) = together([histogram(counts, LogicalType.INTEGER)])
    assert found is not None
    edges = [int(edge) for edge in found.edges]
    for at, many in enumerate(found.counts):
        assert many == sum(edges[at] <= number < edges[at + 1] for number in numbers)
    halves = counts.with_columns(v=pl.col("v") / 2)
    (fractions,) = together([histogram(halves, LogicalType.FLOAT)])
    assert fractions is not None
    borders = [float(edge) for edge in fractions.edges]
    assert (borders[0], borders[-1]) == (min(numbers) / 2, max(numbers) / 2)
    assert sum(fractions.counts) == len(numbers)


def test_numbers_at_the_ends_of_their_type() -> None:
    ends = pl.LazyFrame({"v": [-(2**63), 0, 2**63 - 1], "n": [1, 2, 1]}, schema={"v": pl.Int64, "n": pl.UInt32})
    (found,) = together([histogram(ends, LogicalType.INTEGER)])
    assert found is not None
    assert (sum(found.counts), found.counts[0], found.counts[-1]) == (4, 1, 1)
    assert quantiles(ends, LogicalType.INTEGER).collect().item(0, 0) == -(2**63)
    huge = pl.LazyFrame({"v": [-1.7e308, 1.7e308, math.inf, math.nan], "n": [1, 1, 1, 1]})
    assert together([histogram(huge, LogicalType.FLOAT)]) == [None]
    assert quantiles(huge, LogicalType.FLOAT).collect().item(-1, 0) == 1.7e308


@pytest.mark.parametrize("distinct", [10, 5_000, 300_000])
def test_a_sketch_is_close(distinct: int) -> None:
    sketch = Sketch()
    values = pl.Series(range(distinct))
    for start in range(0, distinct, 70_000):
        sketch.add(values.slice(start, 100_000).hash(0))
    assert sketch.estimate() == pytest.approx(distinct, rel=0.02)


def counted(values: list[Any], dtype: Any = None) -> pl.DataFrame:
    return pl.DataFrame({"v": values}, schema=None if dtype is None else {"v": dtype}).group_by("v").len("n")


def test_beyond_the_bound_figures_are_estimates_and_the_exact_ones_stay_exact() -> None:
    values = Values(LogicalType.INTEGER, exact_values=1_000)
    piece = 30_000
    for start in range(0, 10 * piece, piece):
        values.add(counted([7] * 500 + list(range(start, start + piece)) + [None]))
    together([values.finish()])
    assert not values.exact
    assert (values.nulls, values.present) == (10, 10 * (piece + 500))
    assert values.distinct == pytest.approx(10 * piece, rel=0.02)
    assert (values.minimum is not None and values.minimum[0], values.maximum is not None and values.maximum[0]) == (
        0,
        10 * piece - 1,
    )
    every = [*([7] * 5_000), *range(10 * piece)]
    assert values.moments.mean == pytest.approx(sum(every) / len(every))
    assert values.moments.deviation == pytest.approx(pl.Series(every).std())
    # What is frequent is found again, with no more than the count it has.
    first = values.counts.sort("n", descending=True).row(0)
    assert first == (7, 5_001)


def test_many_values_are_added_up_share_by_share() -> None:
    every, exact, estimated = 600_000, Values(LogicalType.INTEGER), Values(LogicalType.INTEGER, exact_values=300_000)
    numbers = pl.Series(range(every))
    for piece in (numbers, numbers.shuffle(seed=1), numbers.tail(40_000)):
        for values in (exact, estimated):
            values.add(pl.DataFrame({"v": piece, "n": pl.repeat(1, len(piece), dtype=pl.UInt32, eager=True)}))
    together([exact.finish(), estimated.finish()])
    times = pl.Series([2] * (every - 40_000) + [3] * 40_000, dtype=pl.UInt32)
    assert exact.exact
    assert exact.counts.equals(pl.DataFrame({"v": numbers, "n": times}))
    assert not estimated.exact
    assert estimated.moments.mean == pytest.approx((numbers * times.cast(pl.Int64)).sum() / times.cast(pl.Int64).sum())
    assert estimated.distinct == pytest.approx(every, rel=0.02)
    assert estimated.counts.height == 20_000


def test_texts_that_are_too_large_to_keep_are_estimated() -> None:
    values = Values(LogicalType.STRING)
    for start in range(3):
        values.add(counted([f"{start}-{number}" + "x" * 2_000 for number in range(15_000)]))
    together([values.finish()])
    assert not values.exact
    assert values.counts.height <= 20_000
    assert values.lengths is not None
    assert (values.lengths.shortest, values.lengths.longest) == (2_003, 2_007)


def test_equal_rows_are_estimated_beyond_the_bound() -> None:
    exact, estimated = EqualRows(), EqualRows(counted=1_000)
    rows = pl.DataFrame({"a": [*range(20_000), *range(10_000)]})
    for start in range(0, rows.height, 7_000):
        exact.add(rows.slice(start, 7_000))
        estimated.add(rows.slice(start, 7_000))
    assert (exact.count(), exact.exact) == (10_000, True)
    assert estimated.count() == pytest.approx(10_000, rel=0.1)
    assert not estimated.exact


def test_every_so_many_rows_are_kept_evenly() -> None:
    spread = Spread([0], rows=100)
    for start in range(0, 10_000, 300):
        spread.add(pl.DataFrame({"c0": range(start, min(10_000, start + 300))}))
    kept = spread.rows()["c0"].to_list()
    assert 50 <= len(kept) <= 100
    assert {b - a for a, b in pairwise(kept)} == {kept[1] - kept[0]}
    assert not spread.whole


def test_correlations_are_those_of_another_engine(tmp_path: Path) -> None:
    table = schema(a="integer", b="float", c="decimal", d="integer", text="string")
    rows = [(n, None if n % 7 == 0 else math.sin(n) * 10, Decimal(n * n) / 100, 5, f"{n}") for n in range(500)]
    given = frame(table, rows)
    found = described(tmp_path, table, given)
    pairs = {(one.left, one.right): one.value for one in found.correlations}
    for (left, right), value in pairs.items():
        ((wanted,),) = asked(f"SELECT corr({left}::double, {right}::double) FROM given", given)
        assert value == pytest.approx(wanted, abs=1e-5)
    assert ("a", "b") in pairs
    assert ("a", "d") not in pairs, "a column that is always the same goes with nothing"
    assert found.estimated == ()
    strengths = [abs(one.value) for one in found.correlations]
    assert strengths == sorted(strengths, reverse=True)


def test_keys_are_found(tmp_path: Path) -> None:
    table = schema(id="integer", region="string", number="integer", day="integer")
    rows = [(n, f"r{n % 5}", n // 5, n % 3) for n in range(300)]
    assert described(tmp_path, table, frame(table, rows)).key_candidates == (("id",),)
    pair = schema(region="string", number="integer", day="integer")
    without = [row[1:] for row in rows]
    assert described(tmp_path, pair, frame(pair, without[:150]), frame(pair, without[150:])).key_candidates == (
        ("region", "number"),
    )
    assert described(tmp_path, pair, frame(pair, [*without, without[0]])).key_candidates == ()
    gaps = [(None, *without[0][1:]), *without[1:]]
    assert ("region", "number") not in described(tmp_path, pair, frame(pair, gaps)).key_candidates


def test_a_table_is_read_in_pieces_that_fit(tmp_path: Path) -> None:
    table = schema(text="string")
    part = pl.DataFrame({"text": ["x" * 4_000 + str(number) for number in range(150_000)]})
    part.write_parquet(tmp_path / "0.parquet", row_group_size=8_192)
    sizes = [piece.height for piece in pieces([str(tmp_path / "0.parquet")], table)]
    assert sum(sizes) == 150_000
    assert len(sizes) > 1


def test_hashes_beyond_what_is_held_are_counted_from_disk(tmp_path: Path) -> None:
    numbers = [number * 7_919 % 30_011 for number in range(50_000)]
    held, put_down, estimated = Distinct(), Distinct(held=3_000), Distinct(counted=20_000, held=3_000)
    with contextlib.chdir(tmp_path):
        for start in range(0, len(numbers), 1_700):
            hashes = pl.Series(numbers[start : start + 1_700]).hash(0)
            for one in (held, put_down, estimated):
                one.add(hashes)
        wanted = len(set(numbers))
        assert (held.count(), held.exact) == (wanted, True)
        assert (put_down.count(), put_down.exact) == (wanted, True)
        assert put_down.count() == wanted, "counting changes nothing"
        assert estimated.count() == pytest.approx(wanted, rel=0.03)
        assert not estimated.exact
        for one in (held, put_down, estimated):
            one.close()
        assert list(tmp_path.iterdir()) == [], "nothing is left on disk"


def test_a_column_with_more_values_than_are_counted_is_still_seen_to_be_a_key() -> None:
    alone, pairs = Keys(), Keys(counted=2_000)
    values = [Values(LogicalType.INTEGER, exact_values=100) for _ in range(3)]
    rows = pl.DataFrame({"c0": range(60_000), "c1": [n % 300 for n in range(60_000)], "c2": [7] * 60_000})
    for start in range(0, rows.height, 20_000):
        piece = rows.slice(start, 20_000)
        for name, one in zip(piece.columns, values, strict=True):
            one.add(piece.group_by(pl.col(name).alias("v")).agg(pl.len().alias("n")))
        for keys in (alone, pairs):
            keys.add(piece, piece.hash_rows(seed=0), values)
    together([one.finish() for one in values])
    assert not values[0].exact
    assert alone.found(values, rows.height) == [(0,)]
    assert pairs.found(values, rows.height) == [(0,)], "where it is an estimate, nothing speaks against it"
    again = rows.slice(59_999, 1)
    for keys in (alone, pairs):
        keys.add(pl.concat([again, again]), pl.concat([again, again]).hash_rows(seed=0), values)
        assert keys.found(values, rows.height + 2) == []
