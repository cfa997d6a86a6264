"""The recipe language: what was hashed before keeps its hash, every kind has an example, Python's words stay out."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from contracts.recipe import Join, Recipe, Step, Steps
from contracts.steps.examples import EXAMPLES

# Recipes as the first release hashed them, a line each. A line never changes.
GOLDEN = [line.split(" ", 1) for line in Path(__file__).with_name("golden_recipes.txt").read_text("utf-8").splitlines()]


def kinds() -> list[str]:
    union, _ = get_args(Step)
    return [model.model_fields["kind"].default for model in get_args(union)]


@pytest.mark.parametrize(("digest", "document"), GOLDEN)
def test_a_recipe_keeps_the_hash_it_was_given(digest: str, document: str) -> None:
    recipe = Recipe.model_validate_json(document)
    assert recipe.model_dump_json() == document
    assert recipe.content_hash == digest
    assert json.loads(document) == recipe.model_dump(mode="json")


def test_every_kind_has_an_example_that_is_read_and_written_alike() -> None:
    assert sorted(EXAMPLES) == sorted(kinds())
    for kind, fields in EXAMPLES.items():
        written: dict[str, Any] = {"kind": kind, **fields}
        (step,) = Steps.validate_python([written])
        again = Steps.validate_json(Steps.dump_json((step,)))
        assert again == (step,)
        assert set(written) <= set(step.model_dump(mode="json"))


def test_a_word_of_python_is_a_name_in_json() -> None:
    step = Join.model_validate({"with": "other", "on": [{"left": "a", "right": "b"}]})
    assert step.model_dump(mode="json")["with"] == "other"
    assert Join(other="other", on=step.on) == step


WRONG: list[dict[str, Any]] = [
    {"kind": "reorder", "columns": ["a"], "position": "before"},
    {"kind": "reorder", "columns": ["a"], "anchor": "b"},
    {"kind": "rename_style"},
    {"kind": "fill_null", "columns": ["a"]},
    {"kind": "fill_null", "columns": ["a"], "value": 1, "method": "mean"},
    {"kind": "fill_null", "columns": ["a"], "value": 1, "by": ["b"]},
    {"kind": "sample"},
    {"kind": "sample", "rows": 1, "fraction": 0.5},
    {"kind": "sample", "fraction": 1.5},
    {"kind": "bin", "column": "a", "into": "b"},
    {"kind": "bin", "column": "a", "into": "b", "edges": [2, 1]},
    {"kind": "bin", "column": "a", "into": "b", "edges": [1], "outside": "null"},
    {"kind": "bin", "column": "a", "into": "b", "edges": [1, 2], "labels": ["x"]},
    {"kind": "split", "column": "a", "into": ["b"]},
    {"kind": "split", "column": "a", "into": ["b"], "separator": ",", "pattern": ","},
    {"kind": "aggregate"},
    {"kind": "aggregate", "measures": [{"function": "sum", "name": "x"}]},
    {"kind": "aggregate", "measures": [{"function": "quantile", "column": "a", "name": "x"}]},
    {"kind": "window", "columns": [{"name": "x", "function": "lag"}]},
    {"kind": "window", "columns": [{"name": "x", "function": "moving_sum", "column": "a"}]},
    {"kind": "join", "with": "other", "on": []},
    {"kind": "join", "with": "no name", "on": [{"left": "a", "right": "b"}]},
    {"kind": "join", "with": "other", "how": "semi", "on": [{"left": "a", "right": "b"}], "columns": ["c"]},
    {"kind": "convert_zone", "columns": ["a"]},
    {"kind": "convert_zone", "columns": ["a"], "to": "../etc/passwd"},
    {"kind": "drop_null", "columns": []},
    {"kind": "sql", "query": ""},
    {"kind": "mask", "columns": ["a"], "method": "keyed_hash", "key": "THE SECRET"},
]


@pytest.mark.parametrize("step", WRONG, ids=lambda step: step["kind"])
def test_what_says_nothing_or_two_things_is_no_step(step: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Steps.validate_python([step])
