"""Profiles: figures of every type, of nothing, of odd names; the same whenever they are asked for."""

import math
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.profile import ColumnProfile, Histogram, Profile
from services.transform.errors import DatasetUnreadable
from services.transform.jobs import ProfileJob
from services.transform.profiling.summary import summary
from services.transform.profiling.table import profile
from tests.unit.transform.evaluating import frame, schema

TABLE = schema(i="integer", f="float", d="decimal", s="string", b="boolean", day="date", t="time", raw="binary")
ROWS: list[tuple[Any, ...]] = [
    (1, 1.5, Decimal("0.10"), "b", True, date(2013, 1, 1), time(1, 2), b"x"),
    (2, float("nan"), Decimal("-5"), "a", None, None, None, None),
    (2, None, None, "a", False, date(2012, 2, 29), time(1, 2), b"x"),
    (None, -3.0, Decimal("7"), "", True, None, None, b""),
]


def profiled(folder: Path, table: Any, *parts: list[tuple[Any, ...]]) -> Profile:
    paths = []
    for number, rows in enumerate(parts):
        path = folder / f"{number}.parquet"
        frame(table, rows).write_parquet(path)
        paths.append(str(path))
    return profile(ProfileJob(inputs=tuple(paths), table_schema=table)).profile


def column(found: Profile, name: str) -> ColumnProfile:
    return next(one for one in found.columns if one.name == name)


def test_every_type_is_described(tmp_path: Path) -> None:
    found = profiled(tmp_path, TABLE, ROWS[:1], ROWS[1:])
    assert found.rows == 4
    assert column(found, "i") == ColumnProfile(
        name="i",
        type="integer",
        nulls=1,
        distinct=2,
        minimum="1",
        maximum="2",
        mean=5 / 3,
        top=(("2", 2), ("1", 1)),
        deviation=math.sqrt(1 / 3),
        quantiles=((0.01, "1"), (0.05, "1"), (0.25, "1"), (0.5, "2"), (0.75, "2"), (0.95, "2"), (0.99, "2")),
        histogram=Histogram(edges=("1", "2", "3"), counts=(1, 2)),
    )
    assert (column(found, "f").minimum, column(found, "f").maximum) == ("-3.0", "1.5")
    assert column(found, "d").mean == pytest.approx(0.7)
    assert (column(found, "d").minimum, column(found, "d").maximum) == ("-5", "7")
    assert column(found, "s").top == (("a", 2), ("", 1), ("b", 1))
    assert column(found, "b").top == (("true", 2), ("false", 1))
    assert (column(found, "day").minimum, column(found, "day").maximum) == ("2012-02-29", "2013-01-01")
    assert column(found, "t").top == (("01:02:00", 2),)
    assert column(found, "raw") == ColumnProfile(name="raw", type="binary", nulls=1, distinct=2)


def test_nothing_is_described(tmp_path: Path) -> None:
    for found in (profiled(tmp_path, TABLE, []), profiled(tmp_path, TABLE)):
        assert found.rows == 0
        assert {(one.nulls, one.distinct, one.minimum, one.top) for one in found.columns} == {(0, 0, None, ())}


def test_names_that_the_engine_would_read_as_patterns(tmp_path: Path) -> None:
    table = schema(**{"*": "integer", "^.*$": "string", "a": "integer"})
    found = profiled(tmp_path, table, [(1, "x", 3)])
    assert [(one.name, one.maximum) for one in found.columns] == [("*", "1"), ("^.*$", "x"), ("a", "3")]


def test_long_values_are_cut(tmp_path: Path) -> None:
    found = profiled(tmp_path, schema(s="string"), [("é" * 10_000,)])
    assert column(found, "s").top == (("é" * 200 + "…", 1),)
    assert column(found, "s").maximum == "é" * 200 + "…"


def test_a_column_of_nulls(tmp_path: Path) -> None:
    found = profiled(tmp_path, schema(a="integer", s="string"), [(None, None), (None, None)])
    assert {(one.nulls, one.distinct, one.minimum, one.maximum, one.mean) for one in found.columns} == {
        (2, 0, None, None, None)
    }


def test_the_mean_of_one_value_is_that_value_and_is_not_told(tmp_path: Path) -> None:
    found = profiled(tmp_path, schema(salary="integer", debt="float"), [(48_213, -0.0617)] * 3)
    told = summary(found)
    assert "48213" in summary(found, values=True)
    assert "4.821e+04" in summary(found, values=True)
    assert not {"4821", "4.82", "617", "6.17"} & {told[at : at + size] for size in (3, 4) for at in range(len(told))}
    assert "mean about 10^4" in told
    assert "mean about -10^-2" in told


def test_files_of_another_shape_are_refused(tmp_path: Path) -> None:
    frame(schema(a="integer"), [(1,)]).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DatasetUnreadable):
        profile(ProfileJob(inputs=(str(tmp_path / "x.parquet"),), table_schema=schema(a="string")))
