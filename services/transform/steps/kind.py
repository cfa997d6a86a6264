"""What a kind of step says of itself: its output before it runs, what it reads, its plan, its row arithmetic."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import polars as pl

from contracts.commands.connector import Problem
from contracts.data import Column, LogicalType, Schema
from services.transform.expressions.analysis import analyse, nearest, unknown_column
from services.transform.expressions.refusal import Witness
from services.transform.expressions.texts import check_patterns
from services.transform.expressions.tree import ExpressionInvalid, Node, named
from services.transform.expressions.tree import columns as columns_of
from services.transform.table import Table

S = TypeVar("S")
Removal = Literal["filtered", "deduplicated", "quarantined", "combined"]
Sources = dict[str, set[str]]  # column of the output → the columns of the input of which its values are made
MAX_COLUMNS = 16_384


@dataclass
class Report:
    """What is wrong with one step, and the columns of the other tables that it may name."""

    pointer: str
    problems: list[Problem] = field(default_factory=list)
    inputs: Mapping[str, Schema] = field(default_factory=dict)

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

    def typed(self, schema: Schema, name: str, place: str, types: Collection[LogicalType], doing: str) -> Column | None:
        """The column of that name; a problem if there is none, or if it is of none of these types."""
        found = self.column(schema, name, place)
        if found is not None and found.type not in types:
            self.add(place, "wrong_type", f"Column {name!r} cannot {doing}: it is {named(found.type)}.")
            return None
        return found

    def input(self, name: str, place: str) -> Schema | None:
        """The columns of another table; a problem if the recipe names no such input."""
        found = self.inputs.get(name)
        if found is None:
            near = nearest(name, list(self.inputs))
            hint = f" Did you mean {near!r}?" if near else ""
            self.add(place, "input_unknown", f"The recipe has no input {name!r}.{hint}")
        return found

    def new_column(self, schema: Schema, name: str, place: str) -> None:
        """A problem if the table would have two columns of that name, or too many."""
        if schema.column(name) is not None:
            self.add(place, "name_taken", f"There would be two columns named {name!r}.")
        if len(schema.columns) >= MAX_COLUMNS:
            self.add(place, "too_many", f"A table has at most {MAX_COLUMNS} columns.")

    def columns(self, schema: Schema, names: Sequence[str], place: str) -> list[Column]:
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
            check_patterns(root)
        except ExpressionInvalid as error:
            self.add(place, error.code, error.message)
            return None
        return root


class Tell(ABC):
    """What a plan may ask of the run that it is part of."""

    @abstractmethod
    def set_aside(self, rows: pl.DataFrame) -> None:
        """Take rows that go no further: row, reason, column, value, raw."""

    @abstractmethod
    def kept(self, pointer: str, rows: int) -> None:
        """So many rows of a step's input came through it, whatever was added beside them."""

    @abstractmethod
    def probe(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        """A few figures of the table as it is here, computed at once; rows that pass on the way are not counted."""

    @property
    @abstractmethod
    def counts(self) -> bool:
        """Whether the rows that pass count; not while a plan asks for figures: they will come again."""

    @property
    @abstractmethod
    def inputs(self) -> Collection[str]:
        """The names of the other tables."""

    @abstractmethod
    def other(self, name: str, table: Table) -> Table:
        """Another table that the recipe names, which can stand beside this one in a plan."""

    @abstractmethod
    def key(self, name: str) -> bytes:
        """A secret of the workspace."""


@dataclass(frozen=True)
class Site:
    """Where a step runs: its place in the recipe, and what it needs of the run."""

    pointer: str
    rows_before: int  # that came to this step in earlier parts
    witness: Witness
    run: Tell
    most_rows: int | None = None  # that can come to this step in this plan, where that is known


class StepKind(ABC, Generic[S]):
    """One kind of step."""

    whole = False  # whether it must see the whole table at once; the others work part by part in flat memory
    adds = False  # whether there may be more rows behind it than before

    def sees_all(self, step: S) -> bool:
        """Whether this step must see the whole table at once."""
        return self.whole

    def removes(self, step: S) -> Removal | None:
        """What becomes of the rows that do not come out, if there can be any."""
        return None

    @abstractmethod
    def output_schema(self, schema: Schema, step: S, report: Report) -> Schema:
        """The columns that come out; problems go to the report."""

    @abstractmethod
    def mentions(self, schema: Schema, step: S) -> set[str]:
        """The columns of the input that the step reads or names."""

    def sources(self, schema: Schema, step: S) -> Sources:
        """Of which columns of the input the values of the output are made, where it is not the one of that name."""
        return {}

    def decides(self, schema: Schema, step: S) -> set[str]:
        """The columns of the input on which it depends which rows come out, and in which order."""
        return set()

    def lineage(self, schema: Schema, step: S, inputs: Mapping[str, Schema] | None = None) -> Sources:
        """Column of the output → every column of the input on which its values depend, its rows among them."""
        after = self.output_schema(schema, step, Report("", inputs=inputs or {}))
        made, deciding = self.sources(schema, step), self.decides(schema, step)
        known = set(schema.names)
        return {name: made.get(name, {name} & known) | deciding for name in after.names}

    def before(self, schema: Schema, step: S, wanted: set[str]) -> set[str]:
        """The columns of the input of which the wanted columns of the output are made."""
        made, known = self.sources(schema, step), set(schema.names)
        return {source for name in wanted for source in made.get(name, {name} & known)}

    @abstractmethod
    def english(self, step: S, schema: Schema) -> str:
        """The step in one line, for people."""

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


def with_columns(schema: Schema, columns: Sequence[Column]) -> Schema:
    """The schema with columns added at the end, or changed where they stand."""
    for column in columns:
        schema = with_column(schema, column.name, column.type, column.nullable)
    return schema


def column_of(schema: Schema, name: str) -> Column:
    """A column that was found when the step was checked."""
    found = schema.column(name)
    if found is None:
        raise KeyError(name)
    return found


def expression_columns(text: str, schema: Schema) -> set[str]:
    """The columns that an expression reads."""
    return set(columns_of(analyse(text, schema)))


def listed(names: Sequence[str], nothing: str = "all columns") -> str:
    """Names as people list them."""
    if not names:
        return nothing
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def shown(value: object) -> str:
    """A written value as it stands in a sentence."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."
