"""What is different between two nodes: columns, steps and rows. Pure; rows themselves are compared elsewhere."""

from difflib import SequenceMatcher
from typing import Any, Literal

from contracts.data import Column, DatasetRef, Schema
from contracts.recipe import Recipe, Step
from services.transform.views import (
    ColumnChange,
    NodeComparison,
    SchemaDifference,
    StepDifference,
)


def compared(left: Any, right: Any) -> NodeComparison:
    """The differences between two rows of the table of nodes."""
    mine, theirs = DatasetRef.model_validate(left["dataset"]), DatasetRef.model_validate(right["dataset"])
    return NodeComparison(
        left=left["id"],
        right=right["id"],
        rows_left=mine.rows,
        rows_right=theirs.rows,
        same_data=mine.content_hash == theirs.content_hash and mine.fingerprint == theirs.fingerprint,
        columns=schema_difference(mine.table_schema, theirs.table_schema),
        steps=step_difference(
            Recipe.model_validate(left["recipe"]).steps, Recipe.model_validate(right["recipe"]).steps
        ),
    )


def schema_difference(left: Schema, right: Schema) -> SchemaDifference:
    """Columns that only one of them has, those of another type, and whether those of both stand in another order."""
    mine, theirs = set(left.names), set(right.names)
    both = [name for name in left.names if name in theirs]
    changed = []
    for column in left.columns:
        other = right.column(column.name) if column.name in theirs else None
        if other is not None and other != column:
            changed.append(ColumnChange(name=column.name, left=_typed(column), right=_typed(other)))
    return SchemaDifference(
        only_left=[column for column in left.columns if column.name not in theirs],
        only_right=[column for column in right.columns if column.name not in mine],
        changed=changed,
        reordered=both != [name for name in right.names if name in mine],
    )


def step_difference(left: tuple[Step, ...], right: tuple[Step, ...]) -> list[StepDifference]:
    """Both lists of steps side by side: what is the same, what stands in the place of what."""
    mine, theirs = [step.model_dump_json() for step in left], [step.model_dump_json() for step in right]
    found: list[StepDifference] = []
    for tag, from_left, to_left, from_right, to_right in SequenceMatcher(None, mine, theirs, False).get_opcodes():
        ours, others = left[from_left:to_left], right[from_right:to_right]
        for at in range(max(len(ours), len(others))):
            one = ours[at] if at < len(ours) else None
            other = others[at] if at < len(others) else None
            found.append(StepDifference(kind=_kind(tag, one, other), left=one, right=other))
    return found


def _kind(tag: str, left: Step | None, right: Step | None) -> Literal["same", "changed", "only_left", "only_right"]:
    if tag == "equal":
        return "same"
    if right is None:
        return "only_left"
    return "only_right" if left is None else "changed"


def _typed(column: Column) -> str:
    return column.type.value + ("" if column.nullable else ", never null")
