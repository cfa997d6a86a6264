"""Steps that give columns another type: casts, and numbers and dates read from text."""

from typing import Literal

from pydantic import Field

from contracts.data import LogicalType
from contracts.steps.base import ColumnName, OnFailure, StepModel, Zone, said


class Cast(StepModel):
    """Change column types. A value that does not fit fails the run, becomes null, or sends its row to quarantine."""

    kind: Literal["cast"] = "cast"
    columns: dict[ColumnName, LogicalType] = Field(min_length=1)
    on_failure: OnFailure = "fail"
    format: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        exclude_if=said(None),
        description="How dates and times are written in the text that they are read from or become: `%d.%m.%Y`.",
    )


class ParseNumber(StepModel):
    """Read numbers from text as people write them: thousands, decimal comma, currency, percent."""

    kind: Literal["parse_number"] = "parse_number"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    percent: Literal["fraction", "number", "none"] = Field(
        default="none", description="What `20%` is: 0.2, 20, or no number."
    )
    currency: bool = Field(
        default=False, description="Whether currency signs and codes may stand beside it, and brackets mean minus."
    )
    to: Literal["integer", "float", "decimal"] = "float"
    on_failure: OnFailure = "fail"


class ParseDate(StepModel):
    """Read dates and times from text: by the formats that are given, else by those that leave no doubt."""

    kind: Literal["parse_date"] = "parse_date"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    formats: tuple[str, ...] = Field(
        default=(), max_length=20, description="Tried in this order: `%d.%m.%Y`, `%b %d, %Y`, …"
    )
    day_first: bool | None = Field(
        default=None,
        description="Without formats: whether 03/04/2020 is 3 April. If left out, such a date is not read at all.",
    )
    zone: Zone | None = Field(default=None, description="Where the clock stood, for `to: timestamp_tz`; else UTC.")
    to: Literal["date", "timestamp", "timestamp_tz"] = "date"
    on_failure: OnFailure = "fail"
