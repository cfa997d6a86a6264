"""What a contract says of values is looked at while rows pass: counted, set aside, or the end of the run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.checks import (
    AllowedCheck,
    Check,
    LengthCheck,
    NotNullCheck,
    PatternCheck,
    RangeCheck,
    UniqueCheck,
)
from contracts.commands.transform import ColumnProfile, Profile
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe
from services.transform import runner
from services.transform.dtypes import frame_schema
from services.transform.errors import RecipeInvalid, ValueRefused
from services.transform.inferring import inferred
from services.transform.jobs import Applied, ApplyJob, JobModule

SCHEMA = Schema(
    columns=(
        Column(name="id", type=LogicalType.INTEGER),
        Column(name="carrier", type=LogicalType.STRING),
        Column(name="delay", type=LogicalType.FLOAT),
        Column(name="day", type=LogicalType.DATE),
    )
)
ROWS: list[tuple[Any, ...]] = [
    (1, "UA", 2.0, "2013-01-01"),
    (2, "AA", None, "2013-01-02"),
    (2, "ZZ", 5.0, None),
    (None, None, float("nan"), "2013-02-01"),
    (None, "UAL", 99.0, "2013-01-05"),
]


def run(
    folder: Path, input: Sequence[Check] = (), output: Sequence[Check] = (), steps: Sequence[Any] = (), parts: int = 1
) -> Applied:
    folder.mkdir(exist_ok=True)
    frame = pl.DataFrame(ROWS, schema=["id", "carrier", "delay", "day"], orient="row")
    frame = frame.with_columns(pl.col("day").str.to_date()).select(
        pl.col(name).cast(type) for name, type in frame_schema(SCHEMA).items()
    )
    paths = []
    for at in range(parts):
        size = -(-frame.height // parts)
        paths.append(str(folder / f"in-{at}.parquet"))
        frame.slice(at * size, size).write_parquet(paths[-1])
    out = folder / "out"
    out.mkdir()
    module = JobModule(
        name="m",
        recipe=Recipe.model_validate({"steps": list(steps)}),
        input_contract=SCHEMA,
        input_checks=tuple(input),
        output_checks=tuple(output),
    )
    return runner.apply(ApplyJob(inputs=tuple(paths), table_schema=SCHEMA, modules=(module,), output=str(out)))


CASES: list[tuple[Check, list[int]]] = [
    (NotNullCheck(column="id"), [4, 5]),
    (UniqueCheck(columns=("id",)), [2, 3]),
    (UniqueCheck(columns=("id", "carrier")), []),
    (RangeCheck(column="delay", minimum=2, maximum=5.5), [4, 5]),
    (RangeCheck(column="day", maximum="2013-01-31"), [4]),
    (RangeCheck(column="carrier", minimum="B"), [2]),
    (AllowedCheck(column="carrier", values=("UA", "AA")), [3, 5]),
    (AllowedCheck(column="id", values=(1,)), [2, 3]),
    (PatternCheck(column="carrier", pattern="^[A-Y]+$"), [3]),
    (LengthCheck(column="carrier", minimum=1, maximum=2), [5]),
]


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize(("check", "failing"), CASES, ids=lambda value: getattr(value, "kind", None))
def test_rows_that_do_not_pass(tmp_path: Path, check: Check, failing: list[int], parts: int) -> None:
    def made(name: str, enforcement: str) -> Applied:
        return run(tmp_path / name, [check.model_copy(update={"enforcement": enforcement})], parts=parts)

    warned = made("warn", "warn")
    assert (warned.rows, warned.quarantined) == (len(ROWS), 0)
    assert [(one.rows, one.failed, one.side) for one in warned.checks] == [(len(ROWS), len(failing), "input")]

    aside = made("quarantine", "quarantine")
    assert (aside.rows, aside.quarantined) == (len(ROWS) - len(failing), len(failing))
    assert [(book.kind, book.quarantined) for book in aside.books] == [("check", len(failing))]
    if failing:
        held = pl.read_parquet([tmp_path / "quarantine" / "out" / part for part in aside.quarantine_parts])
        assert held["row"].to_list() == failing
        assert set(held["column"]) == {", ".join(check.named)}

    written = made("documented", "documented")
    assert (written.rows, written.checks, written.books) == (len(ROWS), (), ())

    if failing:
        with pytest.raises(ValueRefused, match="Module m, input check: ") as caught:
            made("fail", "fail")
        assert caught.value.pointer == "/input_checks/0"
    else:
        assert made("fail", "fail").rows == len(ROWS)


def test_a_failure_names_the_row_and_what_was_promised(tmp_path: Path) -> None:
    checks: list[Check] = [
        NotNullCheck(column="day"),
        RangeCheck(column="delay", maximum=90, enforcement="fail"),
    ]
    with pytest.raises(ValueRefused) as caught:
        run(tmp_path, checks)
    assert caught.value.pointer == "/input_checks/1"
    assert "column 'delay' is" in caught.value.message
    assert "a value of at most 90 was promised" in caught.value.message


def test_the_output_is_looked_at_after_the_steps(tmp_path: Path) -> None:
    steps = [{"kind": "filter", "where": "id IS NOT NULL"}]
    checks: list[Check] = [
        NotNullCheck(column="id", enforcement="fail"),
        UniqueCheck(columns=("id",), enforcement="warn"),
    ]
    done = run(tmp_path, output=checks, steps=steps)
    assert done.rows == 3
    assert [(one.side, one.rows, one.failed) for one in done.checks] == [("output", 3, 0), ("output", 3, 2)]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (NotNullCheck(column="carier"), "'carrier'"),
        (PatternCheck(column="id", pattern="a"), "Only texts"),
        (PatternCheck(column="carrier", pattern="("), "pattern"),
        (RangeCheck(column="id", minimum="a"), "'a' is no value of 'id'"),
        (RangeCheck(column="id", minimum=1.5), "1.5 is no value"),
        (RangeCheck(column="day", minimum=3), "3 is no value of 'day'"),
        (RangeCheck(column="day", minimum="2013-02-30"), "is no value of 'day'"),
        (AllowedCheck(column="id", values=(True,)), "True is no value"),
    ],
)
def test_a_check_that_cannot_be_looked_at_is_refused(tmp_path: Path, check: Check, message: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        run(tmp_path, [check])
    assert message in caught.value.message
    assert caught.value.pointer == "/input_checks/0"


def test_checks_that_the_data_suggests() -> None:
    profile = Profile(
        rows=4,
        columns=(
            ColumnProfile(name="id", type="integer", nulls=0, distinct=4, minimum="1", maximum="4"),
            ColumnProfile(name="carrier", type="string", nulls=1, distinct=2, top=(("UA", 2), ("AA", 1))),
            ColumnProfile(name="delay", type="float", nulls=2, distinct=2, minimum="-1.5", maximum="inf"),
        ),
    )
    found = inferred(profile, SCHEMA)
    assert [(check.kind, *check.named) for check in found] == [
        ("not_null", "id"),
        ("unique", "id"),
        ("range", "id"),
        ("allowed", "carrier"),
        ("range", "delay"),
    ]
    assert {(check.enforcement, check.inferred) for check in found} == {("documented", True)}
    assert inferred(profile.model_copy(update={"rows": 1}), SCHEMA) == ()
