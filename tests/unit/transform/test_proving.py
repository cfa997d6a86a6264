"""What a replay says in figures: equal or not, what was lost, what the books do not name, and why nothing came out."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.checks import RangeCheck
from services.transform.proving.figures import column_figures
from services.transform.proving.proving import some_of
from tests.unit.transform.evaluating import frame, schema
from tests.unit.transform.replaying import Rows, Trial

OLD = schema(id="integer", name="string", amount="decimal")
NEW = schema(id="integer", full_name="string", amount="string")
ROWS: Rows = [(n, f"n{n}", None if n % 10 == 0 else n) for n in range(200)]
CAME: Rows = [(n, f"n{n}", None if n % 10 == 0 else f"{n}.5") for n in range(200)]
INVERSE = [
    {"kind": "rename", "columns": {"name": "full_name"}},
    {"kind": "cast", "columns": {"amount": "string"}},
]
CAST = {"kind": "cast", "columns": {"amount": "decimal"}, "on_failure": "null"}
RENAME = {"kind": "rename", "columns": {"full_name": "name"}}
ONE = {"column": "amount", "expression": "CAST(1 AS DECIMAL)"}
STEPS = [{"kind": "filter", "where": "id < 150"}]


def trial(*prelude: dict[str, Any], **others: Any) -> Trial:
    given: dict[str, Any] = {"old": OLD, "new": NEW, "output": OLD, "steps": STEPS, "inverse": INVERSE, "keys": ("id",)}
    return Trial(**(given | others), prelude=list(prelude))


def test_a_fitting_candidate_gives_the_past_as_it_was(tmp_path: Path) -> None:
    found = trial(RENAME, CAST).evidence(tmp_path, [("2026-01-01T00:00:00Z", ROWS)], CAME)
    (replay,) = found.replays
    assert (replay.difference.same, replay.difference.equal) == (True, 150)
    assert (replay.before.rows_in, replay.before.rows_out, replay.after.rows_out) == (200, 150, 150)
    assert replay.before.columns == replay.after.columns
    for one in (replay.before, replay.after, found.incoming):
        assert (one.refused, one.unaccounted, one.repeated_keys, one.lost_values) == ("", 0, 0, {})
    amount = found.incoming.columns[2]
    assert (amount.column, amount.rows, amount.nulls, amount.distinct) == ("amount", 150, 15, 135)
    assert (amount.quantiles[0], amount.quantiles[-1]) == (1.5, 149.5)


def test_rows_in_other_bytes_are_paired(tmp_path: Path) -> None:
    backwards = [*STEPS, {"kind": "sort", "by": [{"column": "id", "descending": True}]}]
    found = trial(RENAME, CAST, candidate_steps=backwards).evidence(tmp_path, [("", ROWS)], CAME)
    assert (found.replays[0].difference.same, found.replays[0].difference.keys) == (True, ("id",))
    doubled = {"kind": "derive", "columns": [{"column": "amount", "expression": "amount * 2"}]}
    found = trial(RENAME, CAST, doubled).evidence(tmp_path / "doubled", [("", ROWS)], CAME)
    assert (found.replays[0].difference.changed, found.replays[0].difference.equal) == (135, 15)
    shown = pl.read_parquet(tmp_path / "doubled" / "past-0" / "out" / "first-changed.parquet")
    assert (shown.height, shown["left:amount"][0] * 2) == (20, shown["right:amount"][0])


@pytest.mark.parametrize(
    ("behind", "lost"),
    [
        ([], 3),
        ([{"kind": "fill_null", "columns": ["amount"], "value": 0}], 3),
        ([{"kind": "drop", "columns": ["amount"]}, {"kind": "derive", "columns": [ONE]}], 3),
    ],
    ids=["null", "filled", "made anew"],
)
def test_lost_values_are_counted_where_they_get_lost(tmp_path: Path, behind: list[dict[str, Any]], lost: int) -> None:
    came = [(n, "x", "n/a" if n < 3 else "   " if n == 4 else "5") for n in range(20)]
    found = trial(RENAME, CAST, *behind).evidence(tmp_path, [], came)
    assert found.incoming.lost_values == {"amount": lost}


def test_a_value_that_went_elsewhere_is_not_lost(tmp_path: Path) -> None:
    old = schema(first="string", last="string")
    new = schema(name="string")
    split = {"kind": "split", "column": "name", "separator": " ", "into": ["first", "last"], "keep": False}
    found = Trial(old, new, old, prelude=[split]).evidence(tmp_path, [], [("Ada L",), ("Cher",), (None,)])
    assert (found.incoming.rows_out, found.incoming.lost_values) == (3, {})


def test_a_row_that_is_set_aside_is_not_lost(tmp_path: Path) -> None:
    aside = CAST | {"on_failure": "quarantine"}
    found = trial(RENAME, aside).evidence(tmp_path, [], [(1, "x", "n/a"), (2, "x", "5")])
    assert (found.incoming.quarantined, found.incoming.lost_values, found.incoming.unaccounted) == (1, {}, 0)


def test_a_value_that_is_said_to_stand_for_nothing_is_not_lost(tmp_path: Path) -> None:
    nothing = {"kind": "replace", "column": "amount", "values": [{"old": "-999", "new": None}]}
    found = trial(RENAME, nothing, CAST).evidence(tmp_path, [], [(1, "x", "-999"), (2, "x", "5"), (3, "x", "?")])
    assert found.incoming.lost_values == {"amount": 1}


def test_what_adapts_may_leave_no_row_out(tmp_path: Path) -> None:
    found = trial(RENAME, CAST, {"kind": "filter", "where": "id > 4"}).evidence(tmp_path, [], CAME)
    assert found.incoming.unaccounted == 5


def test_repeated_keys_and_failed_checks_are_counted(tmp_path: Path) -> None:
    checks = (RangeCheck(column="amount", minimum="2", enforcement="warn"),)
    found = trial(RENAME, CAST, output_checks=checks).evidence(
        tmp_path, [], [(1, "a", "1"), (1, "b", "5"), (2, "c", "5")]
    )
    assert found.incoming.repeated_keys == 2
    assert found.incoming.failed_checks == ("output: range amount: 1 rows",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prelude": [RENAME]}, "must be"),
        ({"prelude": [RENAME, {"kind": "cast", "columns": {"amount": "decimal"}}]}, "'n/a' is not a decimal"),
        ({"prelude": [RENAME, CAST, {"kind": "deduplicate", "keys": ["name"]}]}, "row by row"),
    ],
)
def test_steps_that_cannot_be_run_are_said(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    found = trial(*change["prelude"]).evidence(tmp_path, [], [(1, "x", "n/a")])
    assert said in found.incoming.refused


def test_an_inverse_that_does_not_fit_is_said(tmp_path: Path) -> None:
    wrong = [{"kind": "rename", "columns": {"nobody": "full_name"}}]
    (replay,) = trial(RENAME, CAST, inverse=wrong).evidence(tmp_path, [("", ROWS)], CAME).replays
    assert "brought into the shape of what came" in replay.after.refused
    assert (replay.difference.only_left, replay.difference.equal) == (150, 0)


def test_columns_in_figures(tmp_path: Path) -> None:
    table = schema(t="string", b="boolean", d="date", x="binary", f="float")
    rows = frame(
        table, [("aa", True, None, b"x", float("nan")), ("b", False, None, b"y", 1.0), ("b", True, None, None, 3.0)]
    )
    rows.write_parquet(tmp_path / "a.parquet")
    text, flag, day, blob, real = column_figures([str(tmp_path / "a.parquet")], table, 3)
    assert (text.quantiles[3], text.shares, text.distinct) == (1.0, {"b": round(2 / 3, 6)}, 2)
    assert (flag.mean, flag.shares) == (2 / 3, {"true": round(2 / 3, 6)})
    assert (day.nulls, day.mean, day.quantiles, blob.nulls, blob.mean) == (3, None, (), 1, None)
    assert (real.mean, real.quantiles[-1]) == (2.0, 3.0)
    assert all(one.rows == 0 for one in column_figures([], table, 0))


def test_of_much_whole_parts_are_taken_evenly(tmp_path: Path) -> None:
    parts = [tmp_path / f"{number}" for number in range(10)]
    for path in parts:
        path.write_bytes(bytes(100))
    assert some_of(parts, 1_000) == (parts, 1.0)
    chosen, share = some_of(parts, 350)
    assert ([path.name for path in chosen], share) == (["0", "3", "6"], 0.3)
    assert some_of(parts, 1)[0] == parts[:1]
