"""What a kind of step must say of itself: its output before it runs, what it reads, its plan, its row arithmetic."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import polars as pl

from contracts.commands.connector import Problem
from contracts.data import Column, LogicalType, Schema
from services.transform.expressions.analysis import analyse, unknown_column
from services.transform.expressions.refusal import Witness
from services.transform.expressions.texts import check_pattern
from services.transform.expressions.tree import ExpressionInvalid, Node
from services.transform.table import Table

S = TypeVar("S")
Removal = Literal["filtered", "deduplicated", "quarantined"]
MAX_COLUMNS = 16_384


@dataclass
class Report:
    """What is wrong with one step."""

    pointer: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: str, code: str, message: str) -> None:
        """One more problem, at a place inside the step."""
        self.problems.append(Problem(pointer=self.pointer + place, code=code, message=message))

    def column(self, schema: Schema, name: str, place: str) -> Column | None:
        """The column of that name; a problem if there is none."""
        found = schema.column(name)
        if found is None:
            error = unknown_column(name, list(schema.names))
            self.add(place, error.code, error.message)
        return found

    def columns(self, schema: Schema, names: tuple[str, ...], place: str) -> list[Column]:
        """The columns of those names; problems for those that are not there or are named twice."""
        found = []
        for at, name in enumerate(names):
            column = self.column(schema, name, f"{place}/{at}")
            if column is not None and column in found:
                self.add(f"{place}/{at}", "repeated", f"The column {name!r} stands here twice.")
            elif column is not None:
                found.append(column)
        return found

    def expression(self, schema: Schema, text: str, place: str) -> Node | None:
        """The typed tree of an expression; a problem if it cannot be run."""
        try:
            root = analyse(text, schema)
            waiting = [root]
            while waiting:
                current = waiting.pop()
                waiting.extend(current.args)
                if current.op.startswith("REGEXP_"):
                    check_pattern(current)
        except ExpressionInvalid as error:
            self.add(place, error.code, error.message)
            return None
        return root


@dataclass(frozen=True)
class Site:
    """Where a step runs: its place in the recipe, and what it needs of the run."""

    pointer: str
    rows_before: int  # that came to this step in earlier parts
    witness: Witness
    set_aside: Callable[[pl.DataFrame], None]  # takes rows that go no further: row, reason, column, value, raw


class StepKind(ABC, Generic[S]):
    """One kind of step."""

    whole = False  # whether it must see the whole table at once; the others work part by part in flat memory

    def removes(self, step: S) -> Removal | None:
        """What becomes of the rows that do not come out, if there can be any."""
        return None

    @abstractmethod
    def output_schema(self, schema: Schema, step: S, report: Report) -> Schema:
        """The columns that come out; problems go to the report."""

    @abstractmethod
    def mentions(self, schema: Schema, step: S) -> set[str]:
        """The columns of the input that the step reads or names."""

    def before(self, step: S, wanted: set[str]) -> set[str]:
        """The columns of the input in which the wanted columns of the output lie."""
        return wanted

    @abstractmethod
    def plan(self, table: Table, step: S, site: Site) -> Table:
        """The table after the step, not run yet."""


def escape(name: str) -> str:
    """A name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def with_column(schema: Schema, name: str, type: LogicalType, nullable: bool) -> Schema:
    """The schema with a column added at the end, or changed where it stands."""
    column = Column(name=name, type=type, nullable=nullable)
    if schema.column(name) is None:
        return Schema(columns=(*schema.columns, column))
    return Schema(columns=tuple(column if old.name == name else old for old in schema.columns))
