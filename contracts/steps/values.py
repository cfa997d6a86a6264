"""Steps on values: expressions, nulls, replacements, numbers."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.data import Contract
from contracts.steps.base import ColumnName, Expression, Scalar, StepModel, said


class Derivation(Contract):
    """One new or replaced column and the expression that gives its values."""

    column: ColumnName
    expression: Expression


class Derive(StepModel):
    """Add or replace columns; a later one sees the earlier ones."""

    kind: Literal["derive"] = "derive"
    columns: tuple[Derivation, ...] = Field(min_length=1)


class Case(Contract):
    """One condition and the value that it gives, both expressions."""

    when: Expression
    then: Expression


class Conditional(StepModel):
    """Add or replace a column by the first case whose condition is true."""

    kind: Literal["conditional"] = "conditional"
    column: ColumnName
    cases: tuple[Case, ...] = Field(min_length=1, max_length=200)
    otherwise: Expression | None = Field(default=None, description="An expression; null, if left out.")


class FillNull(StepModel):
    """Put a constant, a figure of the column, or a neighbour's value where a column is null."""

    kind: Literal["fill_null"] = "fill_null"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    value: bool | int | float | str | None = Field(default=None, exclude_if=said(None))
    method: Literal["mean", "median", "mode", "forward", "backward"] | None = Field(
        default=None, exclude_if=said(None), description="Instead of a value. Whole numbers take the rounded mean."
    )
    by: tuple[ColumnName, ...] = Field(
        default=(), exclude_if=said(()), description="With a method: within the rows that are equal in these columns."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "FillNull":
        if (self.value is None) == (self.method is None):
            raise ValueError("one of 'value' and 'method' is needed")
        if self.by and self.method is None:
            raise ValueError("'by' goes with 'method'")
        return self


class Coalesce(StepModel):
    """Give a column the first value of some columns that is not null."""

    kind: Literal["coalesce"] = "coalesce"
    column: ColumnName
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Replacement(Contract):
    """One value and what stands in its place."""

    old: Scalar
    new: Scalar


class Replace(StepModel):
    """Replace whole values of one column."""

    kind: Literal["replace"] = "replace"
    column: ColumnName
    values: tuple[Replacement, ...] = Field(min_length=1)


class Bin(StepModel):
    """Sort numbers into classes: between given edges, or in a number of classes of equal width or of equal size."""

    kind: Literal["bin"] = "bin"
    column: ColumnName
    into: ColumnName
    edges: tuple[float, ...] | None = Field(default=None, min_length=1, max_length=1_000, description="Ascending.")
    count: int | None = Field(default=None, ge=2, le=1_000)
    method: Literal["width", "quantile"] = Field(default="width", description="What is equal, with `count`.")
    labels: tuple[str, ...] | None = Field(default=None, description="One for each class; else the class is written.")
    closed: Literal["left", "right"] = Field(default="left", description="The edge that belongs to a class.")
    outside: Literal["open", "null"] = Field(
        default="open",
        description="`open`: classes below the first edge and above the last; `null`: none, and both edges belong.",
    )

    @model_validator(mode="after")
    def _classes(self) -> "Bin":
        if (self.edges is None) == (self.count is None):
            raise ValueError("one of 'edges' and 'count' is needed")
        if self.edges is not None and any(one >= other for one, other in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("'edges' must ascend")
        if self.edges is not None and self.outside == "null" and len(self.edges) < 2:
            raise ValueError("'edges' must be two or more where nothing lies outside")
        if self.labels is not None and len(self.labels) != self.classes:
            raise ValueError(f"there are {self.classes} classes, so there must be {self.classes} labels")
        return self

    @property
    def classes(self) -> int:
        """How many classes there are."""
        if self.edges is None:
            return self.count or 0
        return len(self.edges) + 1 if self.outside == "open" else len(self.edges) - 1


class Mask(StepModel):
    """Hide values: hashes that still match one another, or text of which only a part can be seen."""

    kind: Literal["mask"] = "mask"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["hash", "keyed_hash", "email", "phone", "redact", "partial"] = Field(
        description="hash: SHA-256; keyed_hash: HMAC-SHA-256 with a secret of the workspace; email: `a***@example.org`;"
        " phone: all digits but the last four; partial: all characters but the last; redact: all."
    )
    key: str = Field(
        default="default",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="keyed_hash: which secret, by its name; it is never in a recipe.",
    )
    keep: int = Field(default=4, ge=0, le=100, description="partial and phone: how many stay to be seen.")
    character: str = Field(default="*", min_length=1, max_length=1)


class Round(StepModel):
    """Round numbers to so many digits after the point; fewer than none rounds to tens and hundreds."""

    kind: Literal["round"] = "round"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    digits: int = Field(default=0, ge=-15, le=15)
    mode: Literal["half_up", "half_even", "down", "up", "floor", "ceil"] = Field(
        default="half_up",
        description="half_up: 0.5 away from zero; half_even: to the even digit; down: toward zero; up: away from it.",
    )


class ConvertUnit(StepModel):
    """Convert numbers from one unit into another of the same kind; what comes out is a float."""

    kind: Literal["convert_unit"] = "convert_unit"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    from_unit: str = Field(alias="from", min_length=1, max_length=40)
    to: str = Field(min_length=1, max_length=40)
