"""A change in the middle of a node's steps, as the chain of nodes that comes of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from contracts.recipe import InputRef, Step
from services.transform.growing import Growth, Link

Action = Literal["replace", "remove", "insert"]


class PositionUnknown(Exception):
    """There is no step at that position."""


@dataclass(frozen=True)
class Ancestor:
    """A node on the way from the root, with its own steps; the root has none."""

    id: UUID
    steps: tuple[Step, ...]


def edited(
    path: Sequence[Ancestor],
    action: Action,
    at: int,
    steps: tuple[Step, ...] = (),
    reason: str | None = None,
    inputs: Mapping[str, InputRef] | None = None,
) -> Growth:
    """What must grow so that the last node of the path has its steps with the change; raises PositionUnknown.

    What stands before the change stays as it is. The node with the change is made anew, and what follows it is
    repeated, node by node.
    """
    total = sum(len(node.steps) for node in path)
    if not 0 <= at < total + (action == "insert"):
        raise PositionUnknown
    before = 0
    for number, node in enumerate(path):
        inside = at - before
        # A step that goes between two nodes becomes a node of its own.
        between = action == "insert" and inside == 0 and number > 0
        if between or (node.steps and inside < len(node.steps)):
            said = reason or _said(action, at)
            own = steps if between else _spliced(node.steps, action, inside, steps)
            changed = Link(steps=own, reason=said, replay_of=None if between else node.id) if own else None
            rest = path[number:] if between else path[number + 1 :]
            links = [changed] if changed else []
            links += [Link(steps=later.steps, replay_of=later.id) for later in rest]
            return Growth(parent_id=path[number - 1].id, links=tuple(links), offset=before, inputs=dict(inputs or {}))
        before += len(node.steps)
    link = Link(steps=steps, reason=reason)
    return Growth(parent_id=path[-1].id, links=(link,), offset=before, inputs=dict(inputs or {}))


def _spliced(own: tuple[Step, ...], action: Action, at: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return (*own[:at], *steps, *own[at + (action != "insert") :])


def _said(action: Action, at: int) -> str:
    return {"replace": "step {} replaced", "remove": "step {} removed", "insert": "inserted before step {}"}[
        action
    ].format(at + 1)
