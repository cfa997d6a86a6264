"""Steps of a stranger: used where there is a way back that proves them, refused otherwise; and what it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from contracts.adaptation import MOST_PROPOSED, PreludeStep, Proof
from contracts.data import Schema
from contracts.recipe import Recipe
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.asking import MOST_COLUMNS, question
from services.schema_drift.adapting.build import Built, Unbuildable
from services.schema_drift.adapting.prelude import of_steps, sources
from services.schema_drift.adapting.words import english
from services.schema_drift.describing.delivery import describe
from services.schema_drift.detecting.difference import Difference
from services.schema_drift.detecting.inputs import Side
from services.schema_drift.proving.judge import judge
from tests.unit.schema_drift.changing import schema
from tests.unit.transform.replaying import Trial

STEPS: TypeAdapter[tuple[PreludeStep, ...]] = TypeAdapter(tuple[PreludeStep, ...])
CONTRACT = schema(id="integer", first="string", last="string", amount="float", kind="string")
WHOLE = schema(id="integer", name="string", amount="float", kind="string")
FIRST, LAST, KINDS = ("Ada", "Bo", "Cy", "Dee", "Eve"), ("Ash", "Birch", "Cedar"), ("new", "old", "lent")


def base(contract: Schema = CONTRACT) -> ResolvedModule:
    ref = ModuleVersionRef(module_id="m", name="clean", version=1, content_hash="0")
    return ResolvedModule(ref=ref, recipe=Recipe(), input_contract=contract, output_contract=contract)


def rows(month: int) -> list[list[Any]]:
    return [
        [100 * month + n, FIRST[n % 5], LAST[(n * month) % 3], (n * 37 % 90) / 4 if n % 9 else None, KINDS[n % 3]]
        for n in range(60)
    ]


def whole(month: int) -> list[list[Any]]:
    return [[row[0], f"{row[1]} {row[2]}", *row[3:]] for row in rows(month)]


@dataclass(frozen=True)
class Case:
    came: Schema
    steps: list[dict[str, Any]]
    read: Callable[[list[Any]], list[Any]]
    contract: Schema = CONTRACT


def comma(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}".replace(".", ",")


WAYS = {
    "one column was two": Case(
        schema(id="integer", name="string", amount="float", kind="string"),
        [{"kind": "split", "column": "name", "separator": " ", "into": ["first", "last"]}],
        lambda row: [row[0], f"{row[1]} {row[2]}", *row[3:]],
    ),
    "two columns were one": Case(
        schema(id="integer", given="string", family="string", amount="float", kind="string"),
        [{"kind": "join_columns", "columns": ["given", "family"], "column": "name", "separator": " "}],
        lambda row: [row[0], *row[1].split(" "), *row[2:]],
        WHOLE,
    ),
    "other words": Case(
        schema(id="integer", first="string", last="string", amount="float", x1="string"),
        [
            {"kind": "rename", "columns": {"x1": "kind"}},
            {
                "kind": "replace",
                "column": "kind",
                "values": [
                    {"old": "N", "new": "new"},
                    {"old": "O", "new": "old"},
                    {"old": "L", "new": "lent"},
                ],
            },
        ],
        lambda row: [*row[:4], row[4][0].upper()],
    ),
    "another spelling and unit": Case(
        schema(id="string", first="string", last="string", sum="string", kind="string", more="integer"),
        [
            {"kind": "cast", "columns": {"id": "integer"}},
            {"kind": "parse_number", "columns": ["sum"], "decimal": ","},
            {"kind": "convert_unit", "columns": ["sum"], "from": "kg", "to": "t"},
            {"kind": "rename", "columns": {"sum": "amount"}},
            {"kind": "drop", "columns": ["more"]},
        ],
        lambda row: [str(row[0]), *row[1:3], comma(None if row[3] is None else row[3] * 1000), row[4], 7],
    ),
}


def stranger(*steps: dict[str, Any]) -> tuple[PreludeStep, ...]:
    return STEPS.validate_python(list(steps))


@pytest.mark.parametrize("name", WAYS)
def test_what_can_be_turned_round_is_proven_by_the_same_replay(name: str, tmp_path: Path) -> None:
    case = WAYS[name]
    steps = stranger(*case.steps)
    proof = evidence_of(case, steps, tmp_path)
    assert proof.verdict == "proven", [check for check in proof.checks if not check.passed]
    assert all(english(step) for step in steps)


def evidence_of(case: Case, steps: tuple[PreludeStep, ...], folder: Path) -> Proof:
    built = of_steps(base(case.contract), case.came, steps)
    assert isinstance(built, Built), built
    known = built.candidate.input_contract
    trial = Trial(
        old=case.contract,
        new=known,
        output=case.contract,
        prelude=[step.model_dump(mode="json", by_alias=True) for step in built.prelude.steps],
        inverse=[step.model_dump(mode="json", by_alias=True) for step in built.inverse.steps],
    )
    written = whole if case.contract is WHOLE else rows
    places = [case.came.names.index(column) for column in known.names]
    came = [[case.read(row)[place] for place in places] for row in written(3)]
    past = [(f"2013-0{month}-01T00:00:00+00:00", written(month)) for month in (1, 2)]
    return judge(trial.evidence(folder, past, came), contract=case.contract, keys=("id",))


def test_a_wrong_step_is_refuted_by_its_replay(tmp_path: Path) -> None:
    """It can be run and turned round, and the amounts are a million times what they were."""
    case = WAYS["another spelling and unit"]
    turned = {**case.steps[2], "from": "t", "to": "kg"}
    assert evidence_of(case, stranger(*case.steps[:2], turned, *case.steps[3:]), tmp_path).verdict == "refuted"


CAME = WAYS["one column was two"].came
SPLIT = WAYS["one column was two"].steps[0]
REFUSED = {
    "nothing": ([], "between 1 and"),
    "too many": ([{"kind": "rename", "columns": {"name": "first"}}] * (MOST_PROPOSED + 1), "between 1 and"),
    "an unknown column": ([{"kind": "rename", "columns": {"secret": "first"}}], "no column 'secret'"),
    "a column is left out": ([{"kind": "rename", "columns": {"name": "first"}}], "nothing carries 'last'"),
    "a needed column is dropped": ([SPLIT, {"kind": "drop", "columns": ["amount"]}], "nothing carries 'amount'"),
    "two of one name": ([SPLIT, {"kind": "rename", "columns": {"kind": "first"}}], "cannot have one name"),
    "a column that is there": ([SPLIT, {**SPLIT, "column": "kind"}], "already"),
    "another type": ([SPLIT, {"kind": "cast", "columns": {"amount": "string"}}], "is string after them"),
    "a pattern": ([{**SPLIT, "separator": None, "pattern": " "}], "by a pattern"),
    "joined without a mark": (
        [SPLIT, {"kind": "join_columns", "columns": ["first", "last"], "column": "all", "separator": ""}],
        "without a separator",
    ),
    "values that become one": (
        [
            SPLIT,
            {"kind": "replace", "column": "kind", "values": [{"old": "a", "new": "c"}, {"old": "b", "new": "c"}]},
        ],
        "become one",
    ),
    "values from nowhere": ([SPLIT, {"kind": "fill_null", "columns": ["amount"], "method": "mean"}], "constant"),
    "a number read as one": ([SPLIT, {"kind": "parse_number", "columns": ["amount"]}], "does not take"),
    "a part that nobody needs": ([{**SPLIT, "into": ["first", "last", "rest"]}], "put together"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_turned_round_or_does_not_fit_is_refused(name: str) -> None:
    steps, why = REFUSED[name]
    found = of_steps(base(), CAME, stranger(*steps))
    assert isinstance(found, Unbuildable), found
    assert why in found.reason


@pytest.mark.parametrize("kind", ["derive", "filter", "sql", "limit", "select", "http_post", "mask"])
def test_other_kinds_of_step_are_not_even_read(kind: str) -> None:
    with pytest.raises(ValueError, match="does not match any of the expected tags"):
        stranger({"kind": kind})


def test_a_run_never_fails_of_a_stranger_s_step() -> None:
    step = {"kind": "cast", "columns": {"id": "integer"}, "on_failure": "fail"}
    came = schema(id="string", first="string", last="string", amount="float", kind="string")
    built = of_steps(base(), came, stranger(step))
    assert isinstance(built, Built)
    assert built.prelude.steps[0].model_dump()["on_failure"] == "quarantine"


def test_where_a_column_comes_from_is_known_through_all_steps() -> None:
    steps = stranger(
        {"kind": "rename", "columns": {"x": "name"}},
        SPLIT,
        {"kind": "join_columns", "columns": ["last", "city"], "column": "label", "separator": "-"},
    )
    assert sources(steps)["label"] == {"x", "city"}


def side(contract: Schema, written: list[list[Any]]) -> Side:
    texts = [["" if cell is None else str(cell) for cell in row] for row in written]
    return Side(contract.names, describe(contract.names, texts))


@pytest.mark.parametrize("values", [False, True])
def test_figures_are_shown_and_values_only_where_they_may_be(values: bool) -> None:
    before, after = side(CONTRACT, rows(1)), side(CAME, whole(2))
    found = Difference("removed", "first", "plausible", "its contents 'Ada' are in name", candidates=("name",))
    asked = question(CONTRACT, CAME, before.figures, after.figures, [found], {"first", "name"}, values=values)
    assert asked is not None
    shown = {one.name: one for one in asked.needed}
    assert (shown["amount"].empty, shown["amount"].type) == (0.117, "float")
    assert (shown["kind"].shapes, shown["kind"].distinct) == (("a",), 3)
    # Of personal data, not even the shape.
    assert (shown["first"].shapes, shown["first"].values, shown["first"].distinct) == ((), (), 5)
    told = asked.model_dump_json()
    assert ("lent" in told) is values
    assert "Ada" not in told
    assert asked.changes == ("first: removed, perhaps name",)


def test_too_wide_a_table_is_not_asked_about() -> None:
    wide = schema(**{f"c{at}": "string" for at in range(MOST_COLUMNS + 1)})
    assert question(wide, CAME, {}, {}, [], (), values=False) is None
