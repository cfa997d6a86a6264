"""The recipe language: an ordered list of typed steps, the same in sessions, modules and runs."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from contracts.data import Contract, LogicalType

ColumnName = Annotated[str, Field(min_length=1, max_length=10_000)]
Expression = Annotated[
    str,
    Field(min_length=1, max_length=10_000, description="A SQL expression over the columns of the step's input."),
]
Scalar = bool | int | float | str | None


class Select(Contract):
    """Keep these columns, in this order."""

    kind: Literal["select"] = "select"
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Drop(Contract):
    """Remove these columns."""

    kind: Literal["drop"] = "drop"
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Rename(Contract):
    """Give columns new names: old name → new name."""

    kind: Literal["rename"] = "rename"
    columns: dict[ColumnName, ColumnName] = Field(min_length=1)


class Cast(Contract):
    """Change column types. A value that does not fit fails the run, becomes null, or sends its row to quarantine."""

    kind: Literal["cast"] = "cast"
    columns: dict[ColumnName, LogicalType] = Field(min_length=1)
    on_failure: Literal["fail", "null", "quarantine"] = "fail"


class Filter(Contract):
    """Keep the rows for which the expression is true; the others are counted as filtered."""

    kind: Literal["filter"] = "filter"
    where: Expression


class Derivation(Contract):
    """One new or replaced column and the expression that gives its values."""

    column: ColumnName
    expression: Expression


class Derive(Contract):
    """Add or replace columns; a later one sees the earlier ones."""

    kind: Literal["derive"] = "derive"
    columns: tuple[Derivation, ...] = Field(min_length=1)


class FillNull(Contract):
    """Put a constant where a column is null."""

    kind: Literal["fill_null"] = "fill_null"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    value: bool | int | float | str


class DropNull(Contract):
    """Remove rows in which any of these columns is null; they are counted as filtered."""

    kind: Literal["drop_null"] = "drop_null"
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Deduplicate(Contract):
    """Keep one row for each key: the first or the last in the order of the input."""

    kind: Literal["deduplicate"] = "deduplicate"
    keys: tuple[ColumnName, ...] = Field(min_length=1)
    keep: Literal["first", "last"] = "first"


class SortKey(Contract):
    """One column to sort by."""

    column: ColumnName
    descending: bool = False


class Sort(Contract):
    """Order the rows; equal rows keep their order, nulls come last."""

    kind: Literal["sort"] = "sort"
    by: tuple[SortKey, ...] = Field(min_length=1)


class Limit(Contract):
    """Keep the first rows; the others are counted as filtered."""

    kind: Literal["limit"] = "limit"
    rows: int = Field(ge=0)


class Replacement(Contract):
    """One value and what stands in its place."""

    old: Scalar
    new: Scalar


class Replace(Contract):
    """Replace whole values of one column."""

    kind: Literal["replace"] = "replace"
    column: ColumnName
    values: tuple[Replacement, ...] = Field(min_length=1)


Step = Annotated[
    Select | Drop | Rename | Cast | Filter | Derive | FillNull | DropNull | Deduplicate | Sort | Limit | Replace,
    Field(discriminator="kind"),
]
Steps: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


class Recipe(Contract):
    """An ordered list of steps."""

    steps: tuple[Step, ...] = Field(default=(), max_length=500)

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON form."""
        return hashlib.sha256(self.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()
