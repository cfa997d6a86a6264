"""Writes down what grew: a node for each link, the last of which is the session's current one then."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.events.sessions import NodeAdded
from contracts.recipe import InputRef, Recipe
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid
from services.transform import repository
from services.transform.computing import Result
from services.transform.growing import Growth

MAX_STEPS = 500


async def store_grown(
    work: UnitOfWork,
    session_id: UUID,
    who: UUID,
    parent: RowMapping,
    growth: Growth,
    results: Sequence[Result],
) -> RowMapping:
    """The node of the last link; the parent where there was nothing to grow."""
    node = parent
    for link, result in zip(growth.links, results, strict=True):
        recipe = grown_recipe(node, growth.recipe(link))
        node = await repository.add_node(
            work,
            {
                "id": work.ids.new(),
                "session_id": session_id,
                "parent_id": node["id"],
                "steps": growth.recipe(link).model_dump(mode="json")["steps"],
                "recipe": recipe.model_dump(mode="json"),
                "reason": link.reason,
                "replay_of": link.replay_of,
                "created_by": who,
                "created_at": work.clock.now(),
                **result_columns(result),
            },
        )
        event = NodeAdded(
            session_id=session_id, node_id=node["id"], parent_id=node["parent_id"], rows=result.dataset.rows
        )
        await work.publish(event, key=session_id)
    if growth.name is not None and node is not parent:
        await check_name(work, session_id, node["id"], growth.name)
        node = await repository.change_node(work, session_id, node["id"], name=growth.name) or node
    await repository.change_session(work, session_id, current_node_id=node["id"])
    return node


async def check_name(work: UnitOfWork, session_id: UUID, node_id: UUID, name: str) -> None:
    """Raise a conflict where another node of the session bears the name."""
    named = await repository.node_named(work, session_id, name)
    if named not in (None, node_id):
        raise conflict(f"Another node of this session is called {name!r}.", "name_taken")


def known_tables(node: RowMapping, given: Mapping[str, InputRef]) -> dict[str, InputRef]:
    """The other tables that a node's steps look at, and further ones; raises invalid for a name that has two."""
    known = Recipe.model_validate(node["recipe"]).inputs
    taken = [name for name, other in given.items() if known.get(name, other) != other]
    if taken:
        message = "The name stands for another table in this node's steps; take another one."
        raise invalid([Problem(pointer=f"/inputs/{name}", code="input_taken", message=message) for name in taken])
    return known | dict(given)


def result_columns(result: Result) -> dict[str, Any]:
    """What a node says of its data."""
    aside = result.quarantined
    return {
        "dataset": result.dataset.model_dump(mode="json"),
        "rows": result.dataset.rows,
        "books": [book.model_dump(mode="json") for book in result.books],
        "quarantined": None if aside is None else {"rows": aside.dataset.rows, "sample": aside.sample},
    }


def grown_recipe(parent: RowMapping, own: Recipe) -> Recipe:
    """All steps from the root on; raises invalid when they are too many."""
    before = Recipe.model_validate(parent["recipe"])
    if len(before.steps) + len(own.steps) > MAX_STEPS:
        message = f"A recipe has at most {MAX_STEPS} steps."
        raise invalid([Problem(pointer="/steps", code="too_many", message=message)])
    return Recipe(steps=(*before.steps, *own.steps), inputs=before.inputs | own.inputs)
