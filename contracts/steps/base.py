"""What the steps of a recipe share: their base, names, expressions, written values.

Steps are hashed in their JSON form, so that form never changes for what was written before: a field that a kind gains
later is left out of it (`exclude_if`) where it says nothing.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from contracts.data import Contract

ColumnName = Annotated[str, Field(min_length=1, max_length=10_000)]
Expression = Annotated[
    str,
    Field(min_length=1, max_length=10_000, description="A SQL expression over the columns of the step's input."),
]
Pattern = Annotated[
    str,
    Field(min_length=1, max_length=1_000, description="A regular expression that runs in linear time."),
]
Zone = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}$", description="As in `Europe/Berlin`.")
]
InputName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", description="The name of one of the recipe's inputs.")
]
Scalar = bool | int | float | str | None
OnFailure = Literal["fail", "null", "quarantine"]
DateUnit = Literal["year", "quarter", "month", "week", "day", "hour", "minute", "second"]


class StepModel(Contract):
    """Base of all steps."""

    # `with` and `from` are words of Python; in JSON and YAML they are the names.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)


def said(*nothing: Any) -> Callable[[Any], bool]:
    """Leaves a later field out of the hashed form where its value is one of these: it says nothing."""
    return lambda value: any(value is one or (value == one and type(value) is type(one)) for one in nothing)


def without_default(schema: dict[str, Any]) -> None:
    """Takes out of a JSON Schema a default that could not be written: it means that the field is left out."""
    schema.pop("default", None)
