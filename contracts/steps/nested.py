"""Steps on what is nested in a text: lists become rows, JSON becomes columns."""

from typing import Literal

from pydantic import Field

from contracts.data import Contract
from contracts.steps.base import ColumnName, StepModel

JsonType = Literal["boolean", "integer", "float", "decimal", "string", "date", "timestamp", "timestamp_tz"]


class Explode(StepModel):
    """Make a row of each element of a list: of texts between separators, or of a JSON array."""

    kind: Literal["explode"] = "explode"
    column: ColumnName
    separator: str | None = Field(
        default=None, min_length=1, max_length=100, description="If left out, the text is a JSON array."
    )
    into: ColumnName | None = Field(default=None, description="A new column for the elements, beside the list.")


class JsonField(Contract):
    """Where a value lies in a JSON text, and its type; null where it is not there or is of another type."""

    path: str = Field(min_length=1, max_length=1_000, description="As in `address.lines[0]`.")
    type: JsonType = "string"


class Flatten(StepModel):
    """Take values out of nested JSON into columns; an array inside can become rows."""

    kind: Literal["flatten"] = "flatten"
    column: ColumnName
    fields: dict[ColumnName, JsonField] = Field(min_length=1, max_length=500)
    rows: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="The path of an array, of which each element becomes a row; the fields' paths begin in it.",
    )
    keep: bool = Field(default=False, description="Whether the JSON column stays.")


class UnnestJson(StepModel):
    """Make columns of the fields of a JSON object."""

    kind: Literal["unnest_json"] = "unnest_json"
    column: ColumnName
    fields: dict[ColumnName, JsonType] = Field(
        min_length=1, max_length=500, description="Field → type; null where it is not there or is of another type."
    )
    prefix: str = Field(default="", max_length=100, description="What the new columns' names begin with.")
    keep: bool = Field(default=False, description="Whether the JSON column stays.")
