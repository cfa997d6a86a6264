"""Comparing versions, hashing content, and the light look at column names."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.checks import NotNullCheck
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe
from contracts.steps.examples import EXAMPLES
from contracts.workflow import ModuleDraft
from services.module_registry.compare import compare_contracts, compare_inputs, compare_steps
from services.module_registry.content import canonical, content_hash, content_of
from services.module_registry.static_check import _KEEPING, check


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


SELECT = {"kind": "select", "columns": ["a", "b"]}
FILTER = {"kind": "filter", "where": "a > 1"}
STRICTER = {"kind": "filter", "where": "a > 2"}
LIMIT = {"kind": "limit", "rows": 10}


def test_equal_recipes_are_equal_line_by_line() -> None:
    rows = compare_steps([SELECT, FILTER], [SELECT, FILTER])
    assert [(row.op, row.left_index, row.right_index) for row in rows] == [("equal", 0, 0), ("equal", 1, 1)]


def test_a_step_of_the_same_kind_in_the_same_place_is_changed_and_says_where() -> None:
    rows = compare_steps([SELECT, FILTER, LIMIT], [SELECT, STRICTER, LIMIT])
    assert [row.op for row in rows] == ["equal", "changed", "equal"]
    assert rows[1].changed == ("where",)


def test_steps_that_came_and_went() -> None:
    rows = compare_steps([SELECT, FILTER], [FILTER, LIMIT])
    assert [(row.op, row.left_index, row.right_index) for row in rows] == [
        ("removed", 0, None),
        ("equal", 1, 0),
        ("added", None, 1),
    ]


steps = st.lists(st.sampled_from([SELECT, FILTER, STRICTER, LIMIT]), max_size=8)


@given(left=steps, right=steps)
@settings(max_examples=300, deadline=None)
def test_both_sides_stand_in_the_comparison_whole_and_in_order(left: list[object], right: list[object]) -> None:
    rows = compare_steps(left, right)  # type: ignore[arg-type]
    assert [row.left for row in rows if row.left is not None] == left
    assert [row.right for row in rows if row.right is not None] == right
    assert all((row.op == "equal") == (row.left == row.right) for row in rows)


def test_contracts() -> None:
    found = compare_contracts(schema(a="integer", b="float", c="date"), schema(c="date", a="float", d="string"))
    assert (found.added, found.removed, found.reordered) == (("d",), ("b",), True)
    assert [(item.column, item.left, item.right) for item in found.retyped] == [("a", "integer", "float")]
    assert not found.same
    assert compare_contracts(schema(a="integer"), schema(a="integer")).same


def test_the_hash_is_of_the_content_whoever_wrote_it_down() -> None:
    def draft(**changes: Any) -> ModuleDraft:
        recipe = Recipe.model_validate({"steps": [FILTER]})
        parts: dict[str, Any] = {"input_contract": schema(a="integer"), "output_contract": schema(a="integer")}
        return ModuleDraft(name="m", recipe=recipe, **(parts | changes))

    content = content_of(draft())
    shuffled = {name: content[name] for name in sorted(content, reverse=True)}
    assert content_hash(content) == content_hash(shuffled)
    assert content_hash(content) == content_hash(content_of(draft(description="in other words")))
    assert content_hash(content) != content_hash(content_of(draft(output_contract=schema(a="float"))))
    assert content_hash(content) != content_hash(content_of(draft(input_checks=(NotNullCheck(column="a"),))))
    # Versions published before there were checks keep their hash.
    assert set(content) == {"recipe", "input_contract", "output_contract"}
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'


INPUT = schema(year="integer", dep_delay="float", carrier="string")


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "select", "columns": ["year"]},
        {"kind": "drop", "columns": ["carrier"]},
        {"kind": "rename", "columns": {"year": "y"}},
        {"kind": "rename", "columns": {"year": "carrier", "carrier": "year"}},
        {"kind": "cast", "columns": {"dep_delay": "integer"}},
        {"kind": "derive", "columns": [{"column": "x", "expression": "whatever + 1"}]},
        {"kind": "filter", "where": "nobody_looks_here > 1"},
        {"kind": "replace", "column": "carrier", "values": [{"old": "UA", "new": "United"}]},
    ],
)
def test_steps_that_name_what_is_there(step: dict[str, object]) -> None:
    assert check(Recipe.model_validate({"steps": [step]}), INPUT) == []


@pytest.mark.parametrize(
    ("step", "pointer", "code"),
    [
        ({"kind": "select", "columns": ["year", "x"]}, "/columns/1", "column_unknown"),
        ({"kind": "drop", "columns": ["x"]}, "/columns/0", "column_unknown"),
        ({"kind": "rename", "columns": {"a/b~c": "y"}}, "/columns/a~1b~0c", "column_unknown"),
        ({"kind": "rename", "columns": {"year": "carrier"}}, "/columns/year", "column_exists"),
        ({"kind": "cast", "columns": {"x": "integer"}}, "/columns/x", "column_unknown"),
        ({"kind": "fill_null", "columns": ["x"], "value": 0}, "/columns/0", "column_unknown"),
        ({"kind": "drop_null", "columns": ["x"]}, "/columns/0", "column_unknown"),
        ({"kind": "deduplicate", "keys": ["year", "x"]}, "/keys/1", "column_unknown"),
        ({"kind": "sort", "by": [{"column": "x"}]}, "/by/0/column", "column_unknown"),
        ({"kind": "replace", "column": "x", "values": [{"old": 1, "new": 2}]}, "/column", "column_unknown"),
    ],
)
def test_steps_that_name_what_is_not(step: dict[str, object], pointer: str, code: str) -> None:
    found = check(Recipe.model_validate({"steps": [{"kind": "limit", "rows": 5}, step]}), INPUT)
    assert [(problem.pointer, problem.code) for problem in found] == [(f"/recipe/steps/1{pointer}", code)]


@pytest.mark.parametrize(("wrong", "meant"), [("dep_dely", "dep_delay"), ("YEAR", "year"), ("zzz", None)])
def test_the_nearest_name_is_offered(wrong: str, meant: str | None) -> None:
    (found,) = check(Recipe.model_validate({"steps": [{"kind": "select", "columns": [wrong]}]}), INPUT)
    assert repr(wrong) in found.message
    assert found.message.endswith(f"did you mean {meant!r}?" if meant else "not there")


def test_columns_are_followed_through_the_steps() -> None:
    recipe = Recipe.model_validate(
        {
            "steps": [
                {"kind": "rename", "columns": {"year": "y"}},
                {"kind": "derive", "columns": [{"column": "late", "expression": "dep_delay > 15"}]},
                {"kind": "select", "columns": ["y", "late"]},
                {"kind": "sort", "by": [{"column": "y"}, {"column": "year"}, {"column": "carrier"}]},
                {"kind": "drop", "columns": ["late"]},
                {"kind": "drop_null", "columns": ["late"]},
            ]
        }
    )
    found = check(recipe, INPUT)
    assert [problem.pointer for problem in found] == [
        "/recipe/steps/3/by/1/column",
        "/recipe/steps/3/by/2/column",
        "/recipe/steps/5/columns/0",
    ]


def test_what_only_the_runner_knows_is_left_to_it() -> None:
    schema = Schema(columns=(Column(name="a", type=LogicalType.STRING),))
    later = {"kind": "select", "columns": ["letters"]}
    for kind, example in EXAMPLES.items():
        recipe = Recipe.model_validate({"steps": [{"kind": kind, **example}, later]})
        said = [problem.pointer for problem in check(recipe, schema) if problem.pointer.startswith("/recipe/steps/1")]
        # Of these kinds it is known which columns are behind them.
        plain = kind in ("select", "drop", "rename", "derive") or isinstance(recipe.steps[0], _KEEPING)
        assert said == (["/recipe/steps/1/columns/0"] if plain else []), kind


def test_other_tables_stand_in_the_comparison_where_they_differ() -> None:
    gates = {"kind": "dataset", "dataset": "d1"}
    left, right = {"gates": gates, "same": gates}, {"gates": gates | {"dataset": "d2"}, "same": gates, "new": gates}
    assert [(row.name, row.left is None, row.right is None) for row in compare_inputs(left, right)] == [
        ("gates", False, False),
        ("new", True, False),
    ]


def test_one_and_true_are_not_the_same() -> None:
    (row,) = compare_steps([{"kind": "fill_null", "value": 1}], [{"kind": "fill_null", "value": True}])
    assert (row.op, row.changed) == ("changed", ("value",))
