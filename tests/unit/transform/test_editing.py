"""Changes in the middle of a chain of nodes: what grows anew, where from, and what is left alone. And comparisons."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.data import DatasetRef
from contracts.recipe import Recipe, Step, Steps
from services.transform.comparing import compared, schema_difference, step_difference
from services.transform.editing import Ancestor, PositionUnknown, edited
from tests.unit.transform.evaluating import schema


def limits(*rows: int) -> tuple[Step, ...]:
    return Steps.validate_python([{"kind": "limit", "rows": number} for number in rows])


ROOT, FIRST, SECOND, THIRD = (UUID(int=number) for number in range(1, 5))
PATH = [
    Ancestor(ROOT, ()),
    Ancestor(FIRST, limits(10)),
    Ancestor(SECOND, limits(20, 21, 22)),
    Ancestor(THIRD, limits(30)),
]


def told(growth: Any) -> tuple[UUID, list[tuple[list[int], UUID | None]], int]:
    links = [([step.rows for step in link.steps], link.replay_of) for link in growth.links]
    return growth.parent_id, links, growth.offset


def test_a_step_is_replaced_and_what_follows_is_repeated() -> None:
    assert told(edited(PATH, "replace", 0, limits(1))) == (
        ROOT,
        [([1], FIRST), ([20, 21, 22], SECOND), ([30], THIRD)],
        0,
    )
    assert told(edited(PATH, "replace", 2, limits(1, 2))) == (FIRST, [([20, 1, 2, 22], SECOND), ([30], THIRD)], 1)
    assert told(edited(PATH, "replace", 4, limits(1))) == (SECOND, [([1], THIRD)], 4)


def test_a_step_is_removed() -> None:
    assert told(edited(PATH, "remove", 0)) == (ROOT, [([20, 21, 22], SECOND), ([30], THIRD)], 0)
    assert told(edited(PATH, "remove", 1)) == (FIRST, [([21, 22], SECOND), ([30], THIRD)], 1)
    assert told(edited(PATH, "remove", 4)) == (SECOND, [], 4)


def test_a_step_is_inserted_as_a_node_between_nodes_and_inside_a_node_in_it() -> None:
    assert told(edited(PATH, "insert", 0, limits(1))) == (
        ROOT,
        [([1], None), ([10], FIRST), ([20, 21, 22], SECOND), ([30], THIRD)],
        0,
    )
    assert told(edited(PATH, "insert", 1, limits(1)))[1] == [([1], None), ([20, 21, 22], SECOND), ([30], THIRD)]
    assert told(edited(PATH, "insert", 3, limits(1))) == (FIRST, [([20, 21, 1, 22], SECOND), ([30], THIRD)], 1)
    assert told(edited(PATH, "insert", 5, limits(1))) == (THIRD, [([1], None)], 5)


def test_the_reason_is_the_one_given_or_says_what_was_done() -> None:
    assert edited(PATH, "replace", 0, limits(1), "typo").links[0].reason == "typo"
    assert [link.reason for link in edited(PATH, "remove", 1).links] == ["step 2 removed", None]


@pytest.mark.parametrize(("action", "at"), [("replace", 5), ("remove", 5), ("insert", 6), ("replace", -1)])
def test_a_place_where_no_step_is_is_refused(action: Any, at: int) -> None:
    with pytest.raises(PositionUnknown):
        edited(PATH, action, at, limits(1))
    with pytest.raises(PositionUnknown):
        edited(PATH[:1], "remove", 0)


def test_columns_are_compared() -> None:
    left = schema(a="integer", b="string", c="float", d="date!")
    right = schema(b="string", a="float", e="string", d="date")
    found = schema_difference(left, right)
    assert [column.name for column in found.only_left] == ["c"]
    assert [column.name for column in found.only_right] == ["e"]
    assert [(one.name, one.left, one.right) for one in found.changed] == [
        ("a", "integer", "float"),
        ("d", "date, never null", "date"),
    ]
    assert found.reordered
    assert not schema_difference(left, left).reordered


def test_steps_are_compared_side_by_side() -> None:
    found = step_difference(limits(1, 2, 3, 4), limits(1, 9, 3, 4, 5))
    assert [(one.kind, getattr(one.left, "rows", None), getattr(one.right, "rows", None)) for one in found] == [
        ("same", 1, 1),
        ("changed", 2, 9),
        ("same", 3, 3),
        ("same", 4, 4),
        ("only_right", None, 5),
    ]
    assert [one.kind for one in step_difference(limits(1), ())] == ["only_left"]


def test_nodes_with_the_same_data_are_the_same() -> None:
    table = schema(a="integer")
    dataset = DatasetRef(
        id="d", uri="u", table_schema=table, fingerprint=table.fingerprint, content_hash="c", rows=3, bytes=9
    )

    def node(dataset: DatasetRef, *rows: int) -> dict[str, Any]:
        recipe = Recipe(steps=limits(*rows))
        return {"id": uuid4(), "dataset": dataset.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json")}

    assert compared(node(dataset, 1), node(dataset, 2)).same_data
    fewer = dataset.model_copy(update={"content_hash": "x", "rows": 1})
    found = compared(node(dataset, 1), node(fewer, 2))
    assert (found.same_data, found.rows_left, found.rows_right) == (False, 3, 1)
