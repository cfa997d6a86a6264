"""Steps on text: cleaning it, splitting it, joining it, taking parts out of it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.data import Contract
from contracts.steps.base import ColumnName, Pattern, StepModel


class ReplaceText(StepModel):
    """Replace parts of texts: a literal text or a pattern, every time it occurs."""

    kind: Literal["replace_text"] = "replace_text"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    pattern: Pattern
    replacement: str = Field(default="", max_length=10_000, description=r"With a pattern, \1 is its first group.")
    literal: bool = Field(default=False, description="Whether the pattern is plain text.")
    ignore_case: bool = False


class PlainOperation(Contract):
    """An operation that needs no more than its name."""

    kind: Literal[
        "collapse", "upper", "lower", "title", "capitalize", "strip_accents", "snake", "digits", "null_if_empty"
    ] = Field(
        description="collapse: runs of white space become one space, those at the ends go; title: Each Word;"
        " capitalize: The first letter; snake: words_with_underscores; digits: only the digits stay."
    )


class Trim(Contract):
    """Remove characters at the ends: white space, unless others are given."""

    kind: Literal["trim", "trim_start", "trim_end"]
    characters: str | None = Field(default=None, min_length=1, max_length=100)


class Pad(Contract):
    """Fill up to a length; what is longer stays."""

    kind: Literal["pad_start", "pad_end"]
    length: int = Field(ge=1, le=10_000)
    fill: str = Field(default=" ", min_length=1, max_length=1)


class Slice(Contract):
    """A part by its place; the first character is 0, and below 0 it is counted from the end."""

    kind: Literal["slice"] = "slice"
    start: int = Field(default=0, ge=-(2**31), lt=2**31)
    length: int | None = Field(default=None, ge=0, lt=2**31)


class NormalizeUnicode(Contract):
    """One form for characters that can be written in several ways."""

    kind: Literal["normalize_unicode"] = "normalize_unicode"
    form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFC"


class Affix(Contract):
    """Add a text at an end, or remove it where it stands there."""

    kind: Literal["remove_prefix", "remove_suffix", "add_prefix", "add_suffix"]
    text: str = Field(min_length=1, max_length=1_000)


TextOperation = Annotated[PlainOperation | Trim | Pad | Slice | NormalizeUnicode | Affix, Field(discriminator="kind")]


class Text(StepModel):
    """Clean texts by operations, one after the other."""

    kind: Literal["text"] = "text"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    operations: tuple[TextOperation, ...] = Field(min_length=1, max_length=50)


class Split(StepModel):
    """Split texts into columns at a separator or a pattern; the last column takes what is left."""

    kind: Literal["split"] = "split"
    column: ColumnName
    separator: str | None = Field(default=None, min_length=1, max_length=100)
    pattern: Pattern | None = None
    into: tuple[ColumnName, ...] = Field(min_length=1, max_length=200)
    rest: Literal["last", "drop"] = Field(
        default="last", description="Where there are more parts than columns: into the last column, or nowhere."
    )
    keep: bool = Field(default=False, description="Whether the split column stays.")

    @model_validator(mode="after")
    def _one_way(self) -> "Split":
        if (self.separator is None) == (self.pattern is None):
            raise ValueError("one of 'separator' and 'pattern' is needed")
        return self


class JoinColumns(StepModel):
    """Join columns into one text."""

    kind: Literal["join_columns"] = "join_columns"
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    column: ColumnName
    separator: str = Field(default="", max_length=100)
    skip_null: bool = Field(default=True, description="Nulls are passed over; else one null makes the result null.")
    keep: bool = Field(default=True, description="Whether the joined columns stay.")


class Extract(StepModel):
    """Take what a pattern finds in a text into columns: one for each group, or the whole match."""

    kind: Literal["extract"] = "extract"
    column: ColumnName
    pattern: Pattern
    into: tuple[ColumnName, ...] = Field(min_length=1, max_length=50)
    keep: bool = Field(default=True, description="Whether the searched column stays.")
