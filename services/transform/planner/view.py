"""What a planner is shown of a table, and what it answers: a plan to approve, or a question; no step is run here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Step

QuestionKind = Literal["unknown_column", "unknown_value", "contradictory", "ambiguous", "unclear", "too_large"]


@dataclass(frozen=True)
class ColumnView:
    """One column: its type, what is known of its values, and how many it lacks."""

    name: str
    type: LogicalType
    nulls: int = 0
    distinct: int = 0
    values: tuple[str, ...] = ()  # as text, the most frequent first; `complete` says whether these are all of them
    complete: bool = False
    least: float | None = None
    greatest: float | None = None


@dataclass(frozen=True)
class TableView:
    """A table as a planner sees it."""

    columns: tuple[ColumnView, ...]
    rows: int

    @property
    def schema(self) -> Schema:
        """Names and types alone."""
        return Schema(columns=tuple(Column(name=column.name, type=column.type) for column in self.columns))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnView | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def after(self, schema: Schema, renamed: Mapping[str, str], kept: bool) -> "TableView":
        """The table after a step: columns whose values are as they were keep what is known of them."""
        old = {renamed.get(column.name, column.name): column for column in self.columns}
        columns = []
        for column in schema.columns:
            before = old.get(column.name)
            if before is not None and kept and before.type == column.type:
                columns.append(ColumnView(column.name, column.type, *_known(before)))
            else:
                columns.append(ColumnView(column.name, column.type))
        return TableView(tuple(columns), self.rows)


def _known(
    column: ColumnView,
) -> tuple[int, int, tuple[str, ...], bool, float | None, float | None]:
    return column.nulls, column.distinct, column.values, column.complete, column.least, column.greatest


@dataclass(frozen=True)
class Plan:
    """Steps that do what was asked, each in one line of English, and the columns they touch."""

    steps: tuple[Step, ...]
    english: tuple[str, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ModelGone(Exception):
    """There is no usable answer of the model; the text is for people."""


@dataclass(frozen=True)
class Question:
    """What has to be known before there can be a plan, and what can be answered."""

    text: str
    kind: QuestionKind
    choices: tuple[str, ...] = ()


class Planner(Protocol):
    """Turns an instruction into a plan for a table, or a question about it."""

    def plan(self, instruction: str, view: TableView) -> Plan | Question:
        """Steps or a question; the same answer to the same words about the same table."""
        ...


@dataclass
class Doubt(Exception):
    """Raised by whatever reads an instruction: it was understood, and something has to be asked."""

    question: Question
    notes: list[str] = field(default_factory=list)


def ask(kind: QuestionKind, text: str, choices: tuple[str, ...] | list[str] = ()) -> Doubt:
    """A doubt, in one line."""
    return Doubt(Question(text, kind, tuple(choices)))
