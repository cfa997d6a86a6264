"""Modules as text: the same bytes both ways, every mistake with line and column, nothing hostile read."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.checks import AllowedCheck, NotNullCheck, RangeCheck
from contracts.commands.connector import Problem
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe
from contracts.steps.examples import EXAMPLES
from services.module_registry.code.document import code_of, draft_of, located, renamed
from services.module_registry.code.reading import CodeRefused, plain, read
from services.module_registry.levels import Contracts

SCHEMA = Schema(
    columns=(
        Column(name="a", type=LogicalType.INTEGER, nullable=False),
        Column(name="no", type=LogicalType.STRING),
    )
)
SOURCE = """\
# Flights as the dashboard wants them.
module: clean-flights
input:
  columns:
    - {name: a, type: integer}   # the number
    - name: b
      type: string
steps:
  - kind: filter
    where: "a > 1"   # the rest is noise
  - {kind: rename, columns: {b: c}}
"""


def written(steps: list[Any], description: str = "", schema: Schema = SCHEMA, **checks: Any) -> str:
    recipe = Recipe.model_validate({"steps": steps})
    return code_of("m", description, recipe, Contracts(schema, schema, **checks))


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["no", "null", "~", "1", "1e3", "0x1F", "0o7", "-", "a: b", "# x", "'", '"', "a\nb", "a \n b", " a", "<<"]
)
names = texts.filter(bool)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
)


@settings(max_examples=150, deadline=None)
@given(
    mapping=st.dictionaries(names, names, min_size=1, max_size=4),
    values=st.lists(st.tuples(scalars, scalars), min_size=1, max_size=3),
    where=names,
    description=texts,
)
def test_a_version_comes_back_from_its_text_to_the_byte(
    mapping: dict[str, str], values: list[tuple[Any, Any]], where: str, description: str
) -> None:
    steps = [
        {"kind": "rename", "columns": mapping},
        {"kind": "replace", "column": where, "values": [{"old": old, "new": new} for old, new in values]},
        {"kind": "filter", "where": where},
    ]
    recipe = Recipe.model_validate({"steps": steps})
    text = written(steps, description)
    draft, _, derive = draft_of(text, "m")
    assert (draft.recipe, draft.description, derive) == (recipe, description, False)
    assert written(draft.model_dump(mode="json")["recipe"]["steps"], draft.description) == text
    # Whoever reads it with another library reads the same.
    assert yaml.safe_load(text)["steps"][2]["where"] == where


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_step_comes_back_to_the_byte(kind: str) -> None:
    gates = {"kind": "dataset", "dataset": "a" * 64, "table_schema": SCHEMA.model_dump(mode="json")}
    recipe = Recipe.model_validate({"steps": [{"kind": kind, **EXAMPLES[kind]}], "inputs": {"gates": gates}})
    text = code_of("m", "", recipe, Contracts(SCHEMA, SCHEMA))
    draft, _, _ = draft_of(text, "m")
    assert draft.recipe == recipe
    assert draft.recipe.content_hash == recipe.content_hash
    assert code_of("m", "", draft.recipe, Contracts(SCHEMA, SCHEMA)) == text


def test_how_it_looks() -> None:
    steps = [{"kind": "filter", "where": "a > 1"}, {"kind": "rename", "columns": {"a": "b"}}]
    checks = (NotNullCheck(column="a", enforcement="fail"), AllowedCheck(column="no", values=("yes", "1")))
    assert written(steps, "What it is for", input_checks=checks) == (
        "module: m\n"
        "description: What it is for\n"
        "input:\n"
        "  columns:\n"
        "    - {name: a, type: integer, nullable: false}\n"
        "    - {name: 'no', type: string}\n"
        "  checks:\n"
        "    - kind: not_null\n"
        "      enforcement: fail\n"
        "      column: a\n"
        "    - kind: allowed\n"
        "      column: 'no'\n"
        "      values: ['yes', '1']\n"
        "steps:\n"
        "  - kind: filter\n"
        "    where: a > 1\n"
        "  - kind: rename\n"
        "    columns: {a: b}\n"
        "output:\n"
        "  columns:\n"
        "    - {name: a, type: integer, nullable: false}\n"
        "    - {name: 'no', type: string}\n"
    )


def test_what_a_person_wrote() -> None:
    draft, text, derive = draft_of(SOURCE, "clean-flights")
    assert (draft.input_contract.names, len(draft.recipe.steps), derive) == (("a", "b"), 2, True)

    def at(pointer: str) -> tuple[int | None, int | None, str]:
        found = located(text, Problem(pointer=pointer, code="x", message="x"))
        return found.line, found.column, found.pointer

    assert at("/recipe/steps/0/where") == (10, 12, "/steps/0/where")
    assert at("/recipe/steps/1/columns/b") == (11, 33, "/steps/1/columns/b")
    assert at("/input_contract/columns/1") == (6, 7, "/input/columns/1")
    assert at("/output_contract/columns/0") == (2, 1, "")
    assert renamed(SOURCE, "other") == SOURCE.replace("clean-flights", "other")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "code"),
    [
        ("kind: filter", "kind: filtre", 9, 11, "union_tag_invalid"),
        ('where: "a > 1"', "where: 5", 10, 12, "string_type"),
        ("where:", "wher:", 10, 5, "extra_forbidden"),
        ("type: string", "type: strin", 7, 13, "enum"),
        ("steps:", "stepz:", 8, 1, "extra_forbidden"),
        ("module: clean-flights", "module: Clean", 2, 9, "string_pattern_mismatch"),
        ("module: clean-flights", "module: another", 2, 9, "other_module"),
        ("- name: b", "- name: a", 4, 3, "value_error"),
        ("{b: c}", "{b: [c]}", 11, 33, "string_type"),
        ("{b: c}", "{b: c, b: d}", 11, 36, "key_twice"),
        ("{b: c}", "{b: c", 12, 1, "yaml"),
        ("{b: c}", "&x {b: c}", 11, 29, "alias"),
        ("{b: c}", "!!map {b: c}", 11, 29, "tag"),
        ("- name: b", "- name: b\n\tx: y", 7, 1, "yaml"),
    ],
)
def test_a_mistake_has_line_and_column(old: str, new: str, line: int, column: int, code: str) -> None:
    assert old in SOURCE
    with pytest.raises(CodeRefused) as caught:
        draft_of(SOURCE.replace(old, new), "clean-flights")
    first = next(problem for problem in caught.value.problems if problem.code == code)
    assert first.line == line, first
    if code != "yaml":
        assert first.column == column


BOMB = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "[]",
        "text",
        "[" * 5_000,
        "{a: " * 5_000,
        "- " * 5_000,
        BOMB,
        "module: *x",
        "!!python/object/apply:os.system [id]",
        "module: !!binary aGk=",
        "<<: {module: m}",
        "module: a\n---\nmodule: b",
        "module: \x00",
        "module: \ud800",
        "? [a]\n: b",
        "x: .inf",
        "x: 1e999",
        "x: " + "9" * 5_000,
        "x: " + "a" * 2_000_000,
        "[" + "1," * 300_000 + "1]",
        "%YAML 1.1\n---\nmodule: m",
        "module: m\ninput: {columns: []}\nsteps: [{kind: limit, rows: -1}]",
        "module: m\ninput: {columns: []}\nsteps: [{kind: limit, rows: '1'}]",
        "module: m\ninput: {columns: []}\nsteps: [{kind: limit, rows: 1.0}]",
        "module: m\ninput: {columns: []}\nsteps: 5",
        "module: null\ninput:\nsteps:\n",
    ],
)
def test_what_is_not_read_is_refused_quickly_and_with_its_place(text: str) -> None:
    began = time.process_time()
    with pytest.raises(CodeRefused) as caught:
        draft_of(text, "m")
    assert time.process_time() - began < 10
    assert all(problem.line and problem.column and problem.message for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2013-01-01", "2013-01-01"),
        ("1_000", "1_000"),
        ("0x1f", 31),
        ("true", True),
        ("~", None),
        ("", None),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_plain_words(word: str, value: Any) -> None:
    assert plain(word) == value
    assert type(plain(word)) is type(value)


def test_line_ends_of_other_systems() -> None:
    text = SOURCE.replace("\n", "\r\n")
    assert draft_of(text, "clean-flights")[0] == draft_of(SOURCE, "clean-flights")[0]
    assert read(text).place(("steps", 0, "where")).line == 10


def test_a_check_of_a_range_without_bounds_is_said_where_it_stands() -> None:
    text = written([], input_checks=(RangeCheck(column="a", minimum=1),)).replace("      minimum: 1\n", "")
    with pytest.raises(CodeRefused) as caught:
        draft_of(text, "m")
    assert (caught.value.problems[0].line, caught.value.problems[0].pointer) == (7, "/input/checks/0")
