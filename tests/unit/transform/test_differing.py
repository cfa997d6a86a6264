"""The difference between two tables against one made row by row in plain Python."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.data import Column, LogicalType, Schema
from contracts.differences import DataDifference
from contracts.recipe import Recipe
from services.transform.differing.differ import Stored, Written, differ
from services.transform.differing.job import run
from services.transform.dtypes import frame_schema
from services.transform.errors import RecipeInvalid
from services.transform.jobs import DifferJob, JobModule
from tests.unit.transform import evaluating

Rows = list[tuple[Any, ...]]
SCHEMA = Schema(
    columns=(
        Column(name="k", type=LogicalType.INTEGER),
        Column(name="*", type=LogicalType.STRING),
        Column(name="^x.*$", type=LogicalType.FLOAT),
    )
)
cells = st.tuples(
    st.sampled_from([None, 0, 1, 2, 3, 2**62]),
    st.sampled_from([None, "", "a", "é\u2028", "ab"]),
    st.sampled_from([None, 0.0, -0.0, 1.5, math.nan, math.inf]),
)
tables = st.lists(cells, max_size=8)


def side(folder: Path, name: str, rows: Rows, schema: Schema = SCHEMA) -> Stored:
    """The rows in two files."""
    folder.mkdir(exist_ok=True)
    middle, parts = len(rows) // 2, []
    for at, some in enumerate((rows[:middle], rows[middle:])):
        if some:
            parts.append(folder / f"{name}-{at}.parquet")
            pl.DataFrame(some, schema=frame_schema(schema), orient="row").write_parquet(parts[-1])
    return Stored(parts, schema, len(rows))


def told(
    folder: Path, left: Rows, right: Rows, keys: Sequence[str] | None, schemas: tuple[Schema, Schema] = (SCHEMA, SCHEMA)
) -> tuple[DataDifference, Written]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return differ(side(folder, "left", left, schemas[0]), side(folder, "right", right, schemas[1]), out, keys=keys)


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """NaN is like NaN here, and zero has no sign."""
    return tuple("NaN" if isinstance(v, float) and math.isnan(v) else v + 0 if isinstance(v, float) else v for v in row)


def rows_of(path: Path | None) -> list[tuple[Any, ...]]:
    return [] if path is None else [plain(row) for row in pl.read_parquet(path).rows()]


def by_hand(left: Rows, right: Rows) -> tuple[Counter[Any], Counter[Any], list[tuple[Any, Any]]]:
    """Rows with the same key are paired in their order."""
    sides: list[dict[Any, list[Any]]] = []
    for rows in (left, right):
        grouped = defaultdict(list)
        for row in map(plain, rows):
            grouped[row[0]].append(row)
        sides.append(grouped)
    only: tuple[Counter[Any], Counter[Any]] = (Counter(), Counter())
    changed = []
    for key in sides[0].keys() | sides[1].keys():
        here, there = sides[0].get(key, []), sides[1].get(key, [])
        for one, other in zip(here, there, strict=False):
            if one != other:
                changed.append((one, other))
        only[0].update(here[len(there) :])
        only[1].update(there[len(here) :])
    return *only, changed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=tables, right=tables)
def test_by_key(tmp_path_factory: pytest.TempPathFactory, left: Rows, right: Rows) -> None:
    found, written = told(tmp_path_factory.mktemp("t"), left, right, ["k"])
    only_left, only_right, changed = by_hand(left, right)
    assert Counter(rows_of(written.only_left)) == only_left
    assert Counter(rows_of(written.only_right)) == only_right
    assert (found.only_left, found.only_right, found.changed) == (only_left.total(), only_right.total(), len(changed))
    assert found.equal == len(left) - found.only_left - found.changed
    shown = [
        ((row[1], row[3], row[5]), (row[2], row[4], row[6]), json.loads(row[0])) for row in rows_of(written.changed)
    ]
    assert Counter((one, other) for one, other, _ in shown) == Counter(changed)
    names = SCHEMA.names
    for one, other, which in shown:
        assert which == [name for name, a, b in zip(names, one, other, strict=True) if a != b]
    assert {column.column: column.changed for column in found.columns} == {
        name: sum(one[at] != other[at] for one, other in changed) for at, name in enumerate(names)
    }
    assert found.same == (not (only_left or only_right or changed))


@settings(max_examples=40, deadline=None)
@given(left=tables, right=tables)
def test_by_counting(tmp_path_factory: pytest.TempPathFactory, left: Rows, right: Rows) -> None:
    found, written = told(tmp_path_factory.mktemp("t"), left, right, [])
    here, there = Counter(map(plain, left)), Counter(map(plain, right))
    assert found.keys_from == "none"
    assert Counter(rows_of(written.only_left)) == here - there
    assert Counter(rows_of(written.only_right)) == there - here
    assert (found.only_left, found.only_right) == ((here - there).total(), (there - here).total())


@settings(max_examples=30, deadline=None)
@given(rows=tables, order=st.randoms(use_true_random=False))
def test_the_same_rows_in_another_order_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: Rows, order: Any
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert told(tmp_path_factory.mktemp("t"), rows, shuffled, [])[0].same


def test_a_key_is_found_where_none_is_given(tmp_path: Path) -> None:
    left: Rows = [(1, "a", 1.0), (2, "b", 1.0)]
    found, written = told(tmp_path, left, [(2, "b", 2.0), (3, "c", 1.0)], None)
    assert (found.keys, found.keys_from, found.repeated_keys) == (("k",), "found", False)
    assert rows_of(written.only_left) == [(1, "a", 1.0)]
    assert [(one.column, one.left and one.left.sum, one.right and one.right.sum) for one in found.aggregates] == [
        ("k", "3", "5"),
        ("*", None, None),
        ("^x.*$", "2.0", "3.0"),
    ]


def test_columns_of_one_side_and_columns_of_other_types(tmp_path: Path) -> None:
    other = Schema(
        columns=(
            Column(name="k", type=LogicalType.INTEGER),
            Column(name="^x.*$", type=LogicalType.INTEGER),
            Column(name="*", type=LogicalType.BOOLEAN),
            Column(name="new", type=LogicalType.DATE),
        )
    )
    left: Rows = [(1, "true", 2.0), (2, "no", 2.5)]
    found, _ = told(tmp_path, left, [(1, 2, True, None), (2, 2, False, None)], ["k"], (SCHEMA, other))
    assert (found.columns_only_left, found.columns_only_right) == ((), ("new",))
    assert [(one.column, one.compared, one.changed) for one in found.columns] == [
        ("k", "key", 0),
        ("*", "text", 1),
        ("^x.*$", "value", 1),
    ]
    counted, _ = told(tmp_path, left, [(1, 2, True, None), (2, 2, False, None)], [], (SCHEMA, other))
    assert (counted.equal, counted.only_left, counted.only_right) == (1, 1, 1)


def test_whole_numbers_and_floats_beyond_what_floats_can_tell(tmp_path: Path) -> None:
    here = Schema(columns=(Column(name="k", type=LogicalType.INTEGER), Column(name="v", type=LogicalType.INTEGER)))
    there = Schema(columns=(Column(name="k", type=LogicalType.INTEGER), Column(name="v", type=LogicalType.FLOAT)))
    found, _ = told(
        tmp_path, [(1, 2**53 + 1), (2, 7), (3, None)], [(1, 2.0**53), (2, 7.0), (3, None)], ["k"], (here, there)
    )
    assert (found.equal, found.changed) == (2, 1)


@pytest.mark.parametrize(
    ("keys", "pointer", "code"),
    [(["K"], "/keys/0", "column_unknown"), (["k", "k"], "/keys/1", "repeated")],
)
def test_keys_that_cannot_pair(tmp_path: Path, keys: list[str], pointer: str, code: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        told(tmp_path, [], [], keys)
    assert [(one.pointer, one.code) for one in caught.value.problems] == [(pointer, code)]


def test_a_key_that_stands_in_every_row_does_not_explode(tmp_path: Path) -> None:
    left: Rows = [(1, str(n), 0.0) for n in range(20_000)]
    found, _ = told(tmp_path, left, [*left[1:], (1, "new", 0.0)], ["k"])
    assert (found.repeated_keys, found.only_left, found.only_right, found.changed) == (True, 0, 0, 20_000)


def test_rows_set_aside_by_versions_that_are_compared_keep_their_order(tmp_path: Path) -> None:
    # More of them than are held in memory, and of each part.
    table, parts, each = evaluating.schema(k="integer", s="string"), [], 25_000
    for number in range(2):
        parts.append(tmp_path / f"{number}.parquet")
        rows = pl.DataFrame({"k": range(number * each, (number + 1) * each)})
        text = pl.when(pl.col("k") % 10 == 0).then(pl.lit("7")).otherwise(pl.format("no {}", "k"))
        rows.with_columns(text.alias("s")).write_parquet(parts[-1], row_group_size=4_096)
    recipe = Recipe.model_validate(
        {"steps": [{"kind": "cast", "columns": {"s": "integer"}, "on_failure": "quarantine"}]}
    )
    side = (JobModule(name="", recipe=recipe),)
    out = tmp_path / "out"
    out.mkdir()
    job = DifferJob(
        inputs=tuple(map(str, parts)), table_schema=table, left=side, right=side, keys=("k",), output=str(out)
    )
    told = run(job)
    assert (told.difference.equal, told.left.quarantined, told.right.quarantined) == (5_000, 45_000, 45_000)
    wanted = [number + 1 for number in range(2 * each) if number % 10]
    for name, applied in (("left", told.left), ("right", told.right)):
        files = [out / name / part for part in applied.quarantine_parts]
        assert pl.read_parquet(files)["row"].to_list() == wanted
