"""The short form of steps becomes exactly the recipe language, both ways."""

import json
from pathlib import Path
from typing import get_args

import pytest

from cli import steps
from cli.errors import CliError, Exit
from contracts.recipe import Step, Steps
from contracts.steps.examples import EXAMPLES

KINDS = {branch.model_fields["kind"].default for branch in get_args(get_args(Step)[0])}


def test_every_kind_of_step_has_a_short_form_and_an_example() -> None:
    assert set(steps.FORMS) < KINDS
    for kind in KINDS:
        step = {"kind": kind, **EXAMPLES[kind]}
        assert steps.parse(steps.short(step)) == step


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "drop_null", "columns": ["a"], "how": "all"},
        {"kind": "drop_null", "how": "all"},
        {"kind": "deduplicate", "keep": "last"},
        {"kind": "fill_null", "columns": ["a"], "method": "mean"},
        {"kind": "cast", "columns": {"a": "date"}, "format": "%d.%m.%Y"},
        {"kind": "limit", "rows": 3, "offset": 2},
    ],
)
def test_what_the_short_form_cannot_say_is_written_out(step: dict[str, object]) -> None:
    assert steps.parse(steps.short(step)) == step


@pytest.mark.parametrize("form", list(steps.FORMS.values()))
def test_every_example_is_a_valid_step_and_is_printed_as_it_was_written(form: str) -> None:
    parsed = steps.parse(form)
    Steps.validate_json(json.dumps([parsed]))
    assert steps.parse(steps.short(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("filter: a: b = 1", {"kind": "filter", "where": "a: b = 1"}),
        ("derive: late = dep_delay >= 15", {"column": "late", "expression": "dep_delay >= 15"}),
        ("cast: a as string, b as float or quarantine", {"a": "string", "b": "float"}),
        ("fill_null: a, b = 0", 0),
        ("fill_null: a = 'n/a'", "n/a"),
        ("fill_null: a = false", False),
        ("fill_null: a = 2013-01-01", "2013-01-01"),
        ("deduplicate: a, keep keep last", ["a", "keep"]),
        ("sort: a desc, b asc, desc", [{"column": "a", "descending": True}, {"column": "b"}, {"column": "desc"}]),
        ("replace: a null -> 'none'", [{"old": None, "new": "none"}]),
        ("rename:  old name  ->  new name ", {"old name": "new name"}),
    ],
)
def test_what_stands_after_the_colon_is_read_as_meant(text: str, expected: object) -> None:
    step = steps.parse(text)
    Steps.validate_json(json.dumps([step]))
    seen = [step, *step.values()] + (step["columns"] if isinstance(step.get("columns"), list) else [])
    assert any(value == expected and type(value) is type(expected) for value in seen)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "filter",
        "filter:",
        "explode: a",
        "round: {kind: drop}",
        "round: {",
        "polish: {a: 1}",
        "limit: many",
        "rename: a",
        "cast: a",
        "sort: ,",
    ],
)
def test_what_is_no_step_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CliError) as refused:
        steps.parse(text)
    assert refused.value.exit_code is Exit.USAGE
    assert ":" in refused.value.hint


def test_a_file_may_mix_short_and_long_forms(tmp_path: Path) -> None:
    place = tmp_path / "steps.yaml"
    place.write_text("steps:\n  - 'limit: 3'\n  - kind: select\n    columns: [a]\n")
    assert steps.read(place)[0] == [{"kind": "limit", "rows": 3}, {"kind": "select", "columns": ["a"]}]


def test_a_step_that_is_not_of_the_language_is_refused_at_its_place() -> None:
    with pytest.raises(CliError) as refused:
        steps.check([{"kind": "limit", "rows": 3}, {"kind": "select", "columns": []}])
    assert refused.value.where[0].pointer.startswith("/steps/1/")


@pytest.mark.parametrize("content", ["3", "steps: 3", "[[1]]", "!!python/object/apply:os.system ['true']", "a: ["])
def test_a_file_without_steps_is_refused(tmp_path: Path, content: str) -> None:
    place = tmp_path / "steps.yaml"
    place.write_text(content)
    with pytest.raises(CliError) as refused:
        steps.read(place)
    assert refused.value.exit_code is Exit.USAGE


@pytest.mark.parametrize("step", ["lookup", "join"])
def test_words_that_old_yaml_takes_for_truth_are_words(step: str) -> None:
    """`on` is a field of both."""
    found = steps.parse(step + ": {with: codes, on: [{left: carrier, right: no}], columns: [y]}")
    assert found == {"kind": step, "with": "codes", "on": [{"left": "carrier", "right": "no"}], "columns": ["y"]}


def test_dates_are_texts_and_truth_is_truth() -> None:
    values = {"a": [{"from": "2024-01-31", "to": True}]}
    assert steps.parse("replace: {values: {a: [{from: 2024-01-31, to: true}]}}") == {
        "kind": "replace",
        "values": values,
    }
