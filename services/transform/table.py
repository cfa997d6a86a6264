"""A table on its way through a recipe: the lazy frame, the columns as people call them, and as the engine does.

The engine reads some names as patterns: `*` is every column, `^a.*$` a regular expression. So inside, columns bear
names that we make, and renaming costs nothing.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from contracts.data import Column, Schema
from services.transform.dtypes import DTYPES

ROW = "row"  # the number of the row in the input, where somebody will ask for it


@dataclass(frozen=True)
class Table:
    """A step's input or output."""

    lazy: pl.LazyFrame
    schema: Schema
    inner: dict[str, str]  # as people call it → as the engine does
    carries_row: bool = False
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @classmethod
    def over(
        cls, lazy: pl.LazyFrame, schema: Schema, places: Sequence[int] | None = None, *, first_row: int | None = None
    ) -> "Table":
        """The table that a frame holds: its columns are those of the schema, in order, or those at the places named."""
        numbers = itertools.count()
        inner = {column.name: f"c{next(numbers)}" for column in schema.columns}
        places = range(len(inner)) if places is None else places
        renamed = lazy.select(pl.nth(at).alias(name) for at, name in zip(places, inner.values(), strict=True))
        if first_row is not None:
            renamed = renamed.with_row_index(ROW, offset=first_row)
        return cls(renamed, schema, inner, first_row is not None, numbers)

    def column(self, name: str) -> pl.Expr:
        """A column by the name people call it."""
        return pl.col(self.inner[name])

    def columns(self, names: Sequence[str]) -> list[str]:
        """The engine's names of some columns."""
        return [self.inner[name] for name in names]

    def fresh(self) -> str:
        """A name that no column here ever had."""
        return f"c{next(self._numbers)}"

    @property
    def frame_schema(self) -> dict[str, Any]:
        """The Polars schema inside."""
        row: dict[str, Any] = {ROW: pl.UInt32()} if self.carries_row else {}
        return row | {self.inner[column.name]: DTYPES[column.type] for column in self.schema.columns}

    def then(self, lazy: pl.LazyFrame, schema: Schema | None = None, inner: dict[str, str] | None = None) -> "Table":
        """The table after some operation."""
        return replace(self, lazy=lazy, schema=schema or self.schema, inner=self.inner if inner is None else inner)

    def setting(self, columns: Sequence[tuple[Column, pl.Expr]]) -> "Table":
        """With columns added at the end, or changed where they stand; all see the table as it was."""
        names = {column.name: self.fresh() for column, _ in columns}
        lazy = self.lazy.with_columns(value.alias(names[column.name]) for column, value in columns)
        replaced = [self.inner[name] for name in names if name in self.inner]
        changed = {column.name: column for column, _ in columns}
        kept = [changed.pop(column.name, column) for column in self.schema.columns]
        inner = {name: names.get(name, old) for name, old in self.inner.items()}
        return self.then(
            lazy.drop(replaced) if replaced else lazy,
            Schema(columns=(*kept, *changed.values())),
            inner | {name: names[name] for name in changed},
        )

    def beside(self, lazy: pl.LazyFrame, schema: Schema) -> "Table":
        """Another table, whose columns have names that this one never had."""
        inner = {column.name: self.fresh() for column in schema.columns}
        renamed = lazy.select(pl.nth(at).alias(name) for at, name in enumerate(inner.values()))
        return Table(renamed, schema, inner, False, self._numbers)

    def renumbered(self, lazy: pl.LazyFrame, schema: Schema, inner: dict[str, str]) -> "Table":
        """Other rows than before: they are numbered anew where rows have numbers."""
        lazy = lazy.select(inner[column.name] for column in schema.columns)
        return self.then(lazy.with_row_index(ROW, offset=1) if self.carries_row else lazy, schema, inner)

    def keeping(self, columns: Sequence[Column], names: dict[str, str] | None = None) -> "Table":
        """Only these columns, in this order; `names` says which column each was, where its name is new."""
        inner = {column.name: self.inner[(names or {}).get(column.name, column.name)] for column in columns}
        return self.then(self.lazy.select([*self.hidden, *inner.values()]), Schema(columns=tuple(columns)), inner)

    def finished(self) -> pl.LazyFrame:
        """The frame with the names people know."""
        return self.lazy.select(pl.col(inner).alias(name) for name, inner in self.inner.items())

    @property
    def hidden(self) -> list[str]:
        """Columns inside that nobody sees."""
        return [ROW] if self.carries_row else []
