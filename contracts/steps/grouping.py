"""Steps on groups of rows: aggregates, windows, pivots, series."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.data import Contract
from contracts.steps.base import ColumnName, DateUnit, Scalar, StepModel
from contracts.steps.rows import SortKey

Figure = Literal[
    "count", "count_distinct", "sum", "mean", "median", "min", "max", "first", "last", "std", "var", "quantile"
]


class Measure(Contract):
    """One figure of a group of rows; nulls are passed over."""

    function: Figure
    column: ColumnName | None = Field(default=None, description="Left out only for `count`: the rows.")
    name: ColumnName
    q: float | None = Field(default=None, ge=0, le=1, description="Which quantile.")

    @model_validator(mode="after")
    def _whole(self) -> "Measure":
        if self.column is None and self.function != "count":
            raise ValueError(f"'{self.function}' needs a 'column'")
        if (self.q is not None) != (self.function == "quantile"):
            raise ValueError("'q' goes with 'quantile', and only with it")
        return self


class Aggregate(StepModel):
    """Make one row of each group of rows; the others are counted as combined."""

    kind: Literal["aggregate"] = "aggregate"
    keys: tuple[ColumnName, ...] = Field(default=(), description="One row for the whole table, if left out.")
    measures: tuple[Measure, ...] = Field(default=(), max_length=500)
    grain: dict[ColumnName, DateUnit] = Field(
        default_factory=dict, description="Keys that are dates, brought back to the start of their month, week, …"
    )

    @model_validator(mode="after")
    def _something(self) -> "Aggregate":
        if not self.keys and not self.measures:
            raise ValueError("'keys' or 'measures' are needed")
        return self


class WindowColumn(Contract):
    """One new column of which each value comes from the rows around it."""

    name: ColumnName
    function: Literal[
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "lag",
        "lead",
        "first",
        "last",
        "sum",
        "mean",
        "min",
        "max",
        "count",
        "running_sum",
        "running_mean",
        "running_min",
        "running_max",
        "running_count",
        "moving_sum",
        "moving_mean",
        "moving_min",
        "moving_max",
    ]
    column: ColumnName | None = Field(default=None, description="Not needed for row numbers and ranks.")
    size: int | None = Field(default=None, ge=1, le=1_000_000, description="moving_…: how many rows, up to this one.")
    offset: int = Field(default=1, ge=0, le=1_000_000, description="lag and lead: how many rows away.")

    @model_validator(mode="after")
    def _whole(self) -> "WindowColumn":
        counts = self.function in ("row_number", "rank", "dense_rank", "percent_rank", "count", "running_count")
        if self.column is None and not counts:
            raise ValueError(f"'{self.function}' needs a 'column'")
        if (self.size is not None) != self.function.startswith("moving_"):
            raise ValueError("'size' goes with 'moving_…', and only with them")
        return self


class Window(StepModel):
    """Add columns that look at other rows: ranks, neighbours, running and moving figures. Rows keep their order."""

    kind: Literal["window"] = "window"
    partition_by: tuple[ColumnName, ...] = Field(default=(), description="Each group by itself.")
    order_by: tuple[SortKey, ...] = Field(default=(), description="The order of the input, if left out.")
    columns: tuple[WindowColumn, ...] = Field(min_length=1, max_length=200)


class Pivot(StepModel):
    """Make columns of the values of a column: one row for each key, one column for each of the given names."""

    kind: Literal["pivot"] = "pivot"
    keys: tuple[ColumnName, ...] = Field(default=())
    names_from: ColumnName
    values_from: ColumnName
    function: Literal["count", "count_distinct", "sum", "mean", "median", "min", "max", "first", "last"] = "first"
    names: tuple[Scalar, ...] = Field(
        min_length=1, max_length=5_000, description="The values that become columns, so that these are known before."
    )
    prefix: str = Field(default="", max_length=100, description="What the new columns' names begin with.")


class Unpivot(StepModel):
    """Make rows of columns: each row becomes one for each column, with its name and its value."""

    kind: Literal["unpivot"] = "unpivot"
    keys: tuple[ColumnName, ...] = Field(default=(), description="The columns that are repeated.")
    columns: tuple[ColumnName, ...] = Field(min_length=1, max_length=5_000)
    names_to: ColumnName = "name"
    values_to: ColumnName = "value"


class FillGaps(StepModel):
    """Add the rows that are missing in a series of dates or times."""

    kind: Literal["fill_gaps"] = "fill_gaps"
    column: ColumnName
    every: int = Field(default=1, ge=1, le=10_000)
    unit: DateUnit = "day"
    by: tuple[ColumnName, ...] = Field(default=(), description="Each group is a series by itself.")
    fill: Literal["null", "forward", "zero"] = Field(
        default="null", description="What the other columns hold in new rows; `zero`: numbers are 0, the others null."
    )
