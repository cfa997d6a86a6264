"""Two versions side by side: which steps stayed, changed, came and went, and what that did to the contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from contracts.data import Schema
from services.module_registry.content import canonical

StepDocument = dict[str, Any]


@dataclass(frozen=True)
class StepRow:
    """One line of the comparison. `changed` names the parts of a step that differ between left and right."""

    op: Literal["equal", "changed", "removed", "added"]
    left_index: int | None
    right_index: int | None
    left: StepDocument | None
    right: StepDocument | None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputRow:
    """Another table that the steps of one version look at, and those of the other do not, or not the same."""

    name: str
    left: dict[str, Any] | None
    right: dict[str, Any] | None


@dataclass(frozen=True)
class Retyped:
    """A column with another type."""

    column: str
    left: str
    right: str


@dataclass(frozen=True)
class ContractDifference:
    """What one contract has that the other has not."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[Retyped, ...]
    reordered: bool
    nullable: tuple[str, ...] = ()  # columns that may be null now
    required: tuple[str, ...] = ()  # columns that may be null no more

    @property
    def same(self) -> bool:
        return not any((self.added, self.removed, self.retyped, self.reordered, self.nullable, self.required))


def compare_steps(left: Sequence[StepDocument], right: Sequence[StepDocument]) -> list[StepRow]:
    """Align two recipes. A step that stands where one of its kind stood is that step, changed."""
    matcher = SequenceMatcher(a=[canonical(s) for s in left], b=[canonical(s) for s in right], autojunk=False)
    rows: list[StepRow] = []
    for op, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if op == "equal":
            rows += [
                StepRow("equal", i, j, left[i], right[j])
                for i, j in zip(range(left_from, left_to), range(right_from, right_to), strict=True)
            ]
        else:
            rows += _replaced(left, right, range(left_from, left_to), range(right_from, right_to))
    return rows


def _replaced(
    left: Sequence[StepDocument], right: Sequence[StepDocument], left_range: range, right_range: range
) -> list[StepRow]:
    kinds = SequenceMatcher(a=[left[i]["kind"] for i in left_range], b=[right[j]["kind"] for j in right_range])
    rows: list[StepRow] = []
    for op, a, b, c, d in kinds.get_opcodes():
        if op == "equal":
            for i, j in zip(left_range[a:b], right_range[c:d], strict=True):
                names = sorted(left[i].keys() | right[j].keys())
                changed = tuple(name for name in names if _part(left[i], name) != _part(right[j], name))
                rows.append(StepRow("changed", i, j, left[i], right[j], changed))
        else:
            rows += [StepRow("removed", i, None, left[i], None) for i in left_range[a:b]]
            rows += [StepRow("added", None, j, None, right[j]) for j in right_range[c:d]]
    return rows


def _part(step: StepDocument, name: str) -> str:
    # As text: in Python 1, 1.0 and true are equal.
    return canonical(step.get(name))


def compare_inputs(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[InputRow]:
    """The other tables that the steps look at, by name, where they are not the same ones."""
    return [
        InputRow(name, left.get(name), right.get(name))
        for name in sorted({*left, *right})
        if canonical(left.get(name)) != canonical(right.get(name))
    ]


def compare_contracts(left: Schema, right: Schema) -> ContractDifference:
    """Columns that came, went, changed their type, and whether those in both stand in another order."""
    old = {column.name: column.type.value for column in left.columns}
    new = {column.name: column.type.value for column in right.columns}
    both_left = [name for name in left.names if name in new]
    both_right = [name for name in right.names if name in old]
    return ContractDifference(
        added=tuple(name for name in right.names if name not in old),
        removed=tuple(name for name in left.names if name not in new),
        retyped=tuple(Retyped(name, old[name], new[name]) for name in both_left if old[name] != new[name]),
        reordered=both_left != both_right,
        nullable=tuple(name for name in both_left if may_be_null(right, name) and not may_be_null(left, name)),
        required=tuple(name for name in both_left if may_be_null(left, name) and not may_be_null(right, name)),
    )


def may_be_null(schema: Schema, name: str) -> bool:
    """Whether a contract lets a column be null."""
    column = schema.column(name)
    return column is not None and column.nullable
