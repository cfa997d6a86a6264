"""How far a version is from the one before it."""

from typing import Any

import pytest

from contracts.checks import AllowedCheck, Check, LengthCheck, NotNullCheck, PatternCheck, RangeCheck, UniqueCheck
from contracts.data import Column, LogicalType, Schema
from services.module_registry.levels import Contracts, changes, level, next_version


def schema(**columns: str) -> Schema:
    """`integer!` may not be null."""
    return Schema(
        columns=tuple(
            Column(name=name, type=LogicalType(kind.rstrip("!")), nullable=not kind.endswith("!"))
            for name, kind in columns.items()
        )
    )


BASE = schema(a="integer", b="string")


def reach(**changed: Any) -> str:
    return level(changes(Contracts(BASE, BASE), Contracts(**({"input": BASE, "output": BASE} | changed))))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "patch"),
        ({"input": schema(a="integer", b="string", c="date")}, "major"),
        ({"input": schema(a="integer")}, "minor"),
        ({"input": schema(a="float", b="string")}, "minor"),
        ({"input": schema(a="integer", b="date")}, "major"),
        ({"input": schema(a="integer!", b="string")}, "major"),
        ({"input": schema(b="string", a="integer")}, "patch"),
        ({"output": schema(a="integer", b="string", c="date")}, "minor"),
        ({"output": schema(a="integer")}, "major"),
        ({"output": schema(a="float", b="string")}, "major"),
        ({"output": schema(a="integer!", b="string")}, "minor"),
        ({"output": schema(b="string", a="integer")}, "minor"),
        ({"input": schema(a="float", b="string"), "output": schema(a="integer")}, "major"),
        ({"input_checks": (NotNullCheck(column="a"),)}, "patch"),
        ({"input_checks": (NotNullCheck(column="a", enforcement="fail"),)}, "major"),
        ({"input_checks": (NotNullCheck(column="a", enforcement="warn"),)}, "patch"),
        ({"output_checks": (UniqueCheck(columns=("a",), enforcement="quarantine"),)}, "minor"),
    ],
)
def test_reach(changed: dict[str, Any], expected: str) -> None:
    assert reach(**changed) == expected


def altered(side: str, old: Check | None, new: Check | None) -> str:
    def with_checks(check: Check | None) -> Contracts:
        return Contracts(BASE, BASE, **{f"{side}_checks": () if check is None else (check,)})

    return level(changes(with_checks(old), with_checks(new)))


def range_of(low: int | None, high: int | None, enforcement: Any = "fail") -> Check:
    return RangeCheck(column="a", minimum=low, maximum=high, enforcement=enforcement)


def allowed(*values: str) -> Check:
    return AllowedCheck(column="b", values=values, enforcement="fail")


@pytest.mark.parametrize(
    ("old", "new", "input", "output"),
    [
        (range_of(0, 9), range_of(1, 9), "major", "minor"),
        (range_of(0, 9), range_of(0, 10), "minor", "major"),
        (range_of(0, None), range_of(0, 9), "major", "minor"),
        (range_of(0, 9), range_of(1, 10), "major", "major"),
        (range_of(0, 9), range_of(0, 9, "documented"), "minor", "major"),
        (range_of(0, 9, "warn"), range_of(0, 9, "quarantine"), "major", "minor"),
        (range_of(0, 9, "warn"), range_of(5, 9, "documented"), "patch", "patch"),
        (allowed("x", "y"), allowed("x"), "major", "minor"),
        (allowed("x"), allowed("y", "x"), "minor", "major"),
        (allowed("x", "y"), allowed("y", "x"), "patch", "patch"),
        (allowed("x"), allowed("y"), "major", "major"),
        (allowed("x"), None, "minor", "major"),
        (
            LengthCheck(column="b", maximum=3, enforcement="fail"),
            LengthCheck(column="b", maximum=2, enforcement="fail"),
            "major",
            "minor",
        ),
        (
            PatternCheck(column="b", pattern="^a", enforcement="fail"),
            PatternCheck(column="b", pattern="^b", enforcement="fail"),
            "major",
            "major",
        ),
    ],
)
def test_a_check_that_is_altered(old: Check | None, new: Check | None, input: str, output: str) -> None:
    assert (altered("input", old, new), altered("output", old, new)) == (input, output)


def test_numbers() -> None:
    assert [next_version("1.4.2", reach) for reach in ("patch", "minor", "major")] == ["1.4.3", "1.5.0", "2.0.0"]


def test_what_reaches_furthest_is_said_first() -> None:
    found = changes(Contracts(BASE, BASE), Contracts(schema(a="integer"), schema(b="string", c="date")))
    assert [(one.level, one.side) for one in found] == [("major", "output"), ("minor", "input"), ("minor", "output")]
    assert found[0].sentence == "it no longer gives column 'a'"
