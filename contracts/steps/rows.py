"""Steps on rows: which stay, in which order."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.data import Contract
from contracts.steps.base import ColumnName, Expression, StepModel, said, without_default


class Filter(StepModel):
    """Keep the rows for which the expression is true; the others are counted as filtered."""

    kind: Literal["filter"] = "filter"
    where: Expression


class DropNull(StepModel):
    """Remove rows in which any (or all) of these columns is null; they are counted as filtered."""

    kind: Literal["drop_null"] = "drop_null"
    columns: tuple[ColumnName, ...] = Field(
        default=(),
        min_length=1,
        exclude_if=said(()),
        json_schema_extra=without_default,
        description="All columns, if left out.",
    )
    how: Literal["any", "all"] = Field(default="any", exclude_if=said("any"))


class SortKey(Contract):
    """One column to sort by."""

    column: ColumnName
    descending: bool = False


class Deduplicate(StepModel):
    """Keep one row for each key: the first or the last, or none where there are several."""

    kind: Literal["deduplicate"] = "deduplicate"
    keys: tuple[ColumnName, ...] = Field(
        default=(),
        min_length=1,
        exclude_if=said(()),
        json_schema_extra=without_default,
        description="All columns, if left out.",
    )
    keep: Literal["first", "last", "none"] = "first"
    order_by: tuple[SortKey, ...] = Field(
        default=(), exclude_if=said(()), description="What first and last mean; the order of the input, if left out."
    )


class Sort(StepModel):
    """Order the rows; equal rows keep their order, nulls come last."""

    kind: Literal["sort"] = "sort"
    by: tuple[SortKey, ...] = Field(min_length=1)


class Limit(StepModel):
    """Keep the first rows; the others are counted as filtered."""

    kind: Literal["limit"] = "limit"
    rows: int = Field(ge=0)
    offset: int = Field(default=0, ge=0, exclude_if=said(0), description="How many rows are passed over first.")


class Sample(StepModel):
    """Keep some rows by lot, in their order; the same seed draws the same rows."""

    kind: Literal["sample"] = "sample"
    rows: int | None = Field(default=None, ge=0)
    fraction: float | None = Field(default=None, ge=0, le=1)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _one_size(self) -> "Sample":
        if (self.rows is None) == (self.fraction is None):
            raise ValueError("one of 'rows' and 'fraction' is needed")
        return self


class Outliers(StepModel):
    """Find numbers far from the others in their column; drop their rows, cut them to the bound, flag or empty them."""

    kind: Literal["outliers"] = "outliers"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["iqr", "zscore"] = "iqr"
    factor: float | None = Field(
        default=None, gt=0, le=1_000, description="How many quartile ranges (1.5) or standard deviations (3) are far."
    )
    action: Literal["drop", "clip", "flag", "null"] = Field(
        default="drop", description="`flag` adds a column `<name>_outlier` of true and false."
    )
