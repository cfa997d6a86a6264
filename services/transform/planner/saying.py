"""A plan in words: one line for each step, and the columns it touches."""

from collections.abc import Sequence

from contracts.recipe import Recipe, Step
from services.transform.check import stages
from services.transform.planner.view import TableView


def english(steps: Sequence[Step], view: TableView) -> tuple[str, ...]:
    """Each step in one line."""
    if not steps:
        return ()
    checked = stages(Recipe(steps=tuple(steps)), view.schema)
    return tuple(
        stage.kind.english(stage.step, stage.before) if hasattr(stage.kind, "english") else stage.step.kind
        for stage in checked
    )


def touched_columns(steps: Sequence[Step], view: TableView) -> tuple[str, ...]:
    """The columns that the steps read, change, add or remove, in the order they are met."""
    if not steps:
        return ()
    found: dict[str, None] = {}
    for stage in stages(Recipe(steps=tuple(steps)), view.schema):
        mentioned = stage.kind.mentions(stage.before, stage.step)
        found |= dict.fromkeys(name for name in stage.before.names if name in mentioned)
        found |= dict.fromkeys(name for name in stage.after.names if stage.before.column(name) is None)
        found |= dict.fromkeys(name for name in stage.before.names if stage.after.column(name) is None)
    return tuple(found)
