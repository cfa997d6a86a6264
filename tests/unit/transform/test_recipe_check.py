"""A recipe is judged before a row is read: what is wrong and where, what comes out, and what it needs."""

from typing import Any

import pytest

from contracts.data import Schema
from contracts.recipe import Recipe, Steps
from services.transform.check import check, check_output, stages
from services.transform.errors import RecipeInvalid
from services.transform.needed import needed_columns, read_columns
from tests.unit.transform.evaluating import run, schema

TABLE = schema(a="integer", b="float", s="string", day="date", ok="boolean!", raw="binary")


def recipe(*steps: dict[str, Any]) -> Recipe:
    return Recipe(steps=Steps.validate_python(list(steps)))


def derive(**columns: str) -> dict[str, Any]:
    return {"kind": "derive", "columns": [{"column": k, "expression": v} for k, v in columns.items()]}


def shape(table: Schema) -> dict[str, str]:
    return {column.name: column.type.value + ("" if column.nullable else "!") for column in table.columns}


@pytest.mark.parametrize(
    ("step", "pointer", "code", "said"),
    [
        ({"kind": "select", "columns": ["a", "c"]}, "/columns/1", "column_unknown", "There is no column 'c' here."),
        ({"kind": "select", "columns": ["a", "a"]}, "/columns/1", "repeated", "twice"),
        ({"kind": "drop", "columns": ["dai"]}, "/columns/0", "column_unknown", "Did you mean 'day'?"),
        ({"kind": "drop", "columns": list(TABLE.names)}, "/columns", "no_columns", "at least one"),
        ({"kind": "rename", "columns": {"x/y~z": "q"}}, "/columns/x~1y~0z", "column_unknown", "x/y~z"),
        ({"kind": "rename", "columns": {"a": "b"}}, "/columns/a", "name_taken", "two columns named 'b'"),
        ({"kind": "rename", "columns": {"a": "q", "b": "q"}}, "/columns/a", "name_taken", "'q'"),
        ({"kind": "cast", "columns": {"day": "integer"}}, "/columns/day", "cannot_convert", "no way from a date"),
        ({"kind": "cast", "columns": {"q": "integer"}}, "/columns/q", "column_unknown", "'q'"),
        ({"kind": "filter", "where": "a"}, "/where", "wrong_type", "true or false"),
        ({"kind": "filter", "where": "A > 1"}, "/where", "column_unknown", "Did you mean 'a'?"),
        ({"kind": "filter", "where": "a >"}, "/where", "syntax", "cannot be read"),
        (derive(x="a", y="z"), "/columns/1/expression", "column_unknown", "'z'"),
        (derive(x="NULL"), "/columns/0/expression", "wrong_type", "no type"),
        (
            {"kind": "fill_null", "columns": ["a", "s"], "value": 1},
            "/value",
            "wrong_type",
            "Column 's': 1 is not text.",
        ),
        ({"kind": "fill_null", "columns": ["a"], "value": 1.5}, "/value", "wrong_type", "1.5 is not an integer."),
        ({"kind": "fill_null", "columns": ["a"], "value": True}, "/value", "wrong_type", "True is not an integer."),
        ({"kind": "fill_null", "columns": ["day"], "value": "2013-02-30"}, "/value", "wrong_type", "is not a date"),
        ({"kind": "fill_null", "columns": ["raw"], "value": "x"}, "/value", "wrong_type", "is not bytes"),
        ({"kind": "drop_null", "columns": ["a", "z"]}, "/columns/1", "column_unknown", "'z'"),
        ({"kind": "deduplicate", "keys": ["z"]}, "/keys/0", "column_unknown", "'z'"),
        ({"kind": "sort", "by": [{"column": "z"}]}, "/by/0/column", "column_unknown", "'z'"),
        ({"kind": "sort", "by": [{"column": "a"}, {"column": "a"}]}, "/by/1/column", "repeated", "twice"),
        ({"kind": "replace", "column": "z", "values": [{"old": 1, "new": 2}]}, "/column", "column_unknown", "'z'"),
        (
            {"kind": "replace", "column": "a", "values": [{"old": 1, "new": "x"}]},
            "/values/0/new",
            "wrong_type",
            "'x' is not an integer.",
        ),
        (
            {"kind": "replace", "column": "b", "values": [{"old": 1, "new": 2}, {"old": 1.0, "new": 3}]},
            "/values/1/old",
            "repeated",
            "twice",
        ),
    ],
)
def test_a_problem_has_its_place_and_its_sentence(step: dict[str, Any], pointer: str, code: str, said: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        check(recipe({"kind": "limit", "rows": 1}, step), TABLE, prefix="/recipe")
    problem = caught.value.problems[0]
    assert (problem.pointer, problem.code) == (f"/recipe/steps/1{pointer}", code)
    assert said in problem.message
    assert problem.message.startswith(f"Step 2 ({step['kind']}): ")


def test_all_that_is_wrong_with_a_step_is_said_at_once() -> None:
    with pytest.raises(RecipeInvalid) as caught:
        check(recipe({"kind": "select", "columns": ["x", "a", "y"]}), TABLE)
    assert [problem.pointer for problem in caught.value.problems] == ["/steps/0/columns/0", "/steps/0/columns/2"]


def test_a_column_is_known_from_the_step_that_makes_it_to_the_one_that_removes_it() -> None:
    good = recipe(
        derive(x="a + 1", y="x + 1"), {"kind": "rename", "columns": {"y": "z"}}, {"kind": "drop", "columns": ["x"]}
    )
    assert "z" in check(good, TABLE).names
    for last in ("x", "y"):
        with pytest.raises(RecipeInvalid):
            check(recipe(*(step.model_dump() for step in good.steps), {"kind": "drop_null", "columns": [last]}), TABLE)


def test_the_output_is_known_with_types_and_nullability() -> None:
    out = check(
        recipe(
            derive(n="ok", half="a / 2", t="s || '!'", filled="COALESCE(s, '')", size="LENGTH(CONCAT(s))"),
            {"kind": "cast", "columns": {"s": "integer", "day": "timestamp"}, "on_failure": "null"},
            {"kind": "drop_null", "columns": ["a"]},
            {"kind": "fill_null", "columns": ["b"], "value": 0},
            {"kind": "select", "columns": ["day", "a", "b", "s", "n", "half", "t", "filled", "size"]},
        ),
        TABLE,
    )
    assert shape(out) == {
        "day": "timestamp",
        "a": "integer!",
        "b": "float!",
        "s": "integer",
        "n": "boolean!",
        "half": "float",
        "t": "string",
        "filled": "string!",
        "size": "integer!",
    }


@pytest.mark.parametrize(
    ("steps", "needed"),
    [
        ([], ["a", "b", "s", "day", "ok", "raw"]),
        ([{"kind": "select", "columns": ["s"]}], ["s"]),
        ([{"kind": "filter", "where": "a > 1"}, {"kind": "select", "columns": ["s"]}], ["a", "s"]),
        ([derive(x="a + b"), {"kind": "select", "columns": ["x"]}], ["a", "b"]),
        ([derive(a="b"), {"kind": "select", "columns": ["a"]}], ["b"]),
        (
            [{"kind": "rename", "columns": {"a": "b", "b": "a"}}, {"kind": "select", "columns": ["a"]}],
            ["a", "b"],
        ),
        ([{"kind": "drop", "columns": ["s", "day", "ok", "raw"]}], ["a", "b", "s", "day", "ok", "raw"]),
        ([derive(x="1"), {"kind": "select", "columns": ["x"]}], []),
        ([{"kind": "deduplicate", "keys": ["day"]}, {"kind": "select", "columns": ["a"]}], ["a", "day"]),
        ([{"kind": "limit", "rows": 3}, {"kind": "select", "columns": ["ok"]}], ["ok"]),
    ],
)
def test_what_comes_out_and_what_it_depends_on_is_needed(steps: list[dict[str, Any]], needed: list[str]) -> None:
    checked = stages(recipe(*steps), TABLE)
    assert list(needed_columns(checked, TABLE).names) == needed
    assert list(read_columns(checked, TABLE).names) == (needed or ["a"])


def test_a_recipe_may_have_five_hundred_steps() -> None:
    steps = [derive(x="a + 1"), *({"kind": "filter", "where": "x > 0"} for _ in range(499))]
    assert check(recipe(*steps), TABLE).names[-1] == "x"


def test_five_hundred_steps_run() -> None:
    steps: list[dict[str, Any]] = [
        {"kind": "filter", "where": "a > 0"},
        derive(x="a + 1"),
        {"kind": "limit", "rows": 9},
    ]
    done, found = run(schema(a="integer"), [(1,), (0,), (2,)], *(steps * 166))
    assert (len(done.books), found) == (498, [(1, 2), (2, 3)])


def test_what_is_promised_must_come_out() -> None:
    check_output(TABLE, schema(a="integer", s="string"))
    check_output(TABLE, schema(day="timestamp", a="decimal"))  # every value of the one is a value of the other
    with pytest.raises(RecipeInvalid) as caught:
        check_output(TABLE, schema(s="string", dey="date", b="integer"))
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        ("/output_contract/columns/1", "column_missing"),
        ("/output_contract/columns/2", "wrong_type"),
    ]
    assert "Did you mean 'day'?" in caught.value.problems[0].message
