"""Whichever kind of step names a column that is not there: it is refused before it runs, with the nearest name."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.transform.check import stages
from services.transform.errors import RecipeInvalid
from services.transform.steps.catalog import KINDS
from tests.conformance.steps.subject import OTHER, TABLE, Case, recipe
from tests.conformance.steps.test_steps_conform import CASES

# Places in steps that hold the names of columns which must be there, as JSON pointers.
_PLACES = re.compile(
    r"/(columns|keys|by|partition_by)/\d+|/(by|order_by)/\d+/column|/on/\d+/(left|right)|/measures/\d+/column"
    r"|/(anchor|start|end|names_from|values_from)"
)
_NAMED = re.compile(  # where only some kinds name what is there; others name what they make
    r"(replace|split|extract|explode|flatten|unnest_json|bin|date_parts|date_add|fill_gaps)/column"
    r"|window/columns/\d+/column"
)
_KEYS = re.compile(r"(rename|cast)/columns/\w+|aggregate/grain/\w+")
_EXPRESSIONS = re.compile(r"/where|/columns/\d+/expression|/cases/\d+/(when|then)|/otherwise|/query")
_ALL = {*TABLE.names, *OTHER.names}
# Steps that name no column: there is nothing that could be wrong.
_NAMELESS = {"limit", "sample", "union"}


def _leaves(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{pointer}/{key}", None
            yield from _leaves(value, f"{pointer}/{key}")
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _leaves(value, f"{pointer}/{at}")
    else:
        yield pointer, node


def _misspelled(case: Case) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """The step again and again, with one name wrong: where it stands, wrong and right name, the step."""
    for pointer, value in _leaves({name: part for name, part in case.step.items() if name != "kind"}):
        key = pointer.rpartition("/")[2]
        placed = _PLACES.fullmatch(pointer) or _NAMED.fullmatch(case.kind + pointer)
        if value is None and key in _ALL and _KEYS.fullmatch(case.kind + pointer):
            yield pointer, f"{key}_", key, _with(case.step, pointer, key=f"{key}_")
        elif isinstance(value, str) and value in _ALL and placed:
            yield pointer, f"{value}_", value, _with(case.step, pointer, value=f"{value}_")
        elif isinstance(value, str) and _EXPRESSIONS.fullmatch(pointer):
            plain = re.sub(r"'[^']*'", lambda found: "'" + " " * (len(found[0]) - 2) + "'", value)
            for name in TABLE.names:
                if found := re.search(rf"(?<![\w.\"]){name}(?![\w.\"(])(?! \w+\b AS)", plain):
                    wrong = f"{value[: found.start()]}{name}_{value[found.end() :]}"
                    yield pointer, f"{name}_", name, _with(case.step, pointer, value=wrong)
                    break


def _with(step: dict[str, Any], pointer: str, **new: str) -> dict[str, Any]:
    changed = copy.deepcopy(step)
    *way, last = pointer.split("/")[1:]
    node: Any = changed
    for part in way:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if "key" in new:
        node[new["key"]] = node.pop(last)
    else:
        node[int(last) if isinstance(node, list) else last] = new["value"]
    return changed


@pytest.mark.parametrize("kind", sorted(set(KINDS) - _NAMELESS))
def test_a_column_that_is_not_there_is_named_with_the_nearest(kind: str) -> None:
    wrong_steps = [one for case in CASES if case.kind == kind for one in _misspelled(case)]
    assert wrong_steps, "no case names a column"
    for pointer, wrong, right, step in wrong_steps:
        with pytest.raises(RecipeInvalid) as caught:
            stages(recipe(step), TABLE)
        said = [one for one in caught.value.problems if one.code == "column_unknown"]
        assert said, f"{step}: {caught.value.problems}"
        assert said[0].pointer == f"/steps/0{pointer.replace(right, wrong) if pointer.endswith(right) else pointer}"
        assert repr(wrong) in said[0].message
        assert f"Did you mean {right!r}?" in said[0].message, said[0].message
