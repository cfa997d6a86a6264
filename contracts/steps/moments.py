"""Steps on dates and times."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.steps.base import ColumnName, DateUnit, StepModel, Zone

DatePart = Literal[
    "year",
    "quarter",
    "month",
    "month_name",
    "week",
    "day",
    "day_of_year",
    "weekday",
    "weekday_name",
    "is_weekend",
    "hour",
    "minute",
    "second",
    "date",
    "time",
]


class DateParts(StepModel):
    """Add columns for parts of a date or time: `<prefix>year`, `<prefix>month`, …"""

    kind: Literal["date_parts"] = "date_parts"
    column: ColumnName
    parts: tuple[DatePart, ...] = Field(
        min_length=1, max_length=15, description="weekday: Monday is 1, Sunday 7; week: by ISO 8601."
    )
    prefix: str | None = Field(default=None, max_length=100, description="`<column>_`, if left out.")


class DateAdd(StepModel):
    """Add so many units to dates or times; months end at their last day."""

    kind: Literal["date_add"] = "date_add"
    column: ColumnName
    amount: int = Field(ge=-1_000_000, le=1_000_000)
    unit: DateUnit
    into: ColumnName | None = Field(default=None, description="A new column; the same one, if left out.")


class DateDiff(StepModel):
    """Count the whole units from one date or time to another."""

    kind: Literal["date_diff"] = "date_diff"
    start: ColumnName
    end: ColumnName
    unit: DateUnit
    into: ColumnName


class ConvertZone(StepModel):
    """Convert times between time zones.

    With `from`, the column holds clock times of that zone; with `to`, clock times of that zone come out. One of the two
    may be left out: then it is a timestamp with time zone that is read, or that comes out.
    """

    kind: Literal["convert_zone"] = "convert_zone"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    from_zone: Zone | None = Field(default=None, alias="from")
    to: Zone | None = None

    @model_validator(mode="after")
    def _one_zone(self) -> "ConvertZone":
        if self.from_zone is None and self.to is None:
            raise ValueError("'from' or 'to' is needed")
        return self
