"""Steps on the columns themselves: which there are, in which order, under which names."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.steps.base import ColumnName, StepModel


class Select(StepModel):
    """Keep these columns, in this order."""

    kind: Literal["select"] = "select"
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Drop(StepModel):
    """Remove these columns."""

    kind: Literal["drop"] = "drop"
    columns: tuple[ColumnName, ...] = Field(min_length=1)


class Reorder(StepModel):
    """Move columns to the start, to the end, or beside another column; the others keep their order."""

    kind: Literal["reorder"] = "reorder"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    position: Literal["first", "last", "before", "after"] = "first"
    anchor: ColumnName | None = Field(default=None, description="The column that `before` and `after` mean.")

    @model_validator(mode="after")
    def _anchor_where_needed(self) -> "Reorder":
        if (self.anchor is not None) != (self.position in ("before", "after")):
            raise ValueError("'anchor' goes with position 'before' or 'after', and only with them")
        return self


class Rename(StepModel):
    """Give columns new names: old name → new name."""

    kind: Literal["rename"] = "rename"
    columns: dict[ColumnName, ColumnName] = Field(min_length=1)


class RenameStyle(StepModel):
    """Put column names into one style, and add or remove what stands before and after them."""

    kind: Literal["rename_style"] = "rename_style"
    columns: tuple[ColumnName, ...] = Field(default=(), description="All columns, if left out.")
    style: Literal["snake", "camel", "pascal", "kebab", "upper", "lower", "title"] | None = None
    prefix: str = Field(default="", max_length=100)
    suffix: str = Field(default="", max_length=100)
    strip_prefix: str = Field(default="", max_length=100, description="Removed first, where a name has it.")
    strip_suffix: str = Field(default="", max_length=100, description="Removed first, where a name has it.")

    @model_validator(mode="after")
    def _does_something(self) -> "RenameStyle":
        if self.style is None and not (self.prefix or self.suffix or self.strip_prefix or self.strip_suffix):
            raise ValueError("one of 'style', 'prefix', 'suffix', 'strip_prefix', 'strip_suffix' is needed")
        return self
