"""The recipe language: an ordered list of typed steps, the same in sessions, modules and runs."""

import hashlib
from typing import Annotated

from pydantic import Field, TypeAdapter

from contracts.data import Contract
from contracts.steps.base import ColumnName, Expression, InputName, Pattern, Scalar, StepModel, Zone, said
from contracts.steps.columns import Drop, Rename, RenameStyle, Reorder, Select
from contracts.steps.grouping import Aggregate, FillGaps, Measure, Pivot, Unpivot, Window, WindowColumn
from contracts.steps.moments import ConvertZone, DateAdd, DateDiff, DateParts
from contracts.steps.nested import Explode, Flatten, JsonField, UnnestJson
from contracts.steps.rows import Deduplicate, DropNull, Filter, Limit, Outliers, Sample, Sort, SortKey
from contracts.steps.tables import DatasetInput, InputRef, Join, JoinKey, Lookup, ModuleInput, Sql, Union
from contracts.steps.texts import (
    Affix,
    Extract,
    JoinColumns,
    NormalizeUnicode,
    Pad,
    PlainOperation,
    ReplaceText,
    Slice,
    Split,
    Text,
    TextOperation,
    Trim,
)
from contracts.steps.types import Cast, ParseDate, ParseNumber
from contracts.steps.values import (
    Bin,
    Case,
    Coalesce,
    Conditional,
    ConvertUnit,
    Derivation,
    Derive,
    FillNull,
    Mask,
    Replace,
    Replacement,
    Round,
)

Step = Annotated[
    # The first twelve in the order of their birth; what is hashed does not depend on it.
    Select
    | Drop
    | Rename
    | Cast
    | Filter
    | Derive
    | FillNull
    | DropNull
    | Deduplicate
    | Sort
    | Limit
    | Replace
    | Reorder
    | RenameStyle
    | ParseNumber
    | ParseDate
    | Conditional
    | Coalesce
    | Sample
    | ReplaceText
    | Text
    | Split
    | JoinColumns
    | Extract
    | Explode
    | Flatten
    | UnnestJson
    | Aggregate
    | Window
    | Pivot
    | Unpivot
    | Join
    | Union
    | Lookup
    | Bin
    | Outliers
    | Mask
    | DateParts
    | DateAdd
    | DateDiff
    | ConvertZone
    | ConvertUnit
    | Round
    | FillGaps
    | Sql,
    Field(discriminator="kind", json_schema_extra={"x-grows": True}),
]
Steps: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


class Recipe(Contract):
    """An ordered list of steps, and the other tables that they look at."""

    steps: tuple[Step, ...] = Field(default=(), max_length=500)
    inputs: dict[InputName, InputRef] = Field(
        default_factory=dict, max_length=50, exclude_if=said({}), description="Other tables, by the names steps use."
    )

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON form."""
        return hashlib.sha256(self.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()


__all__ = [
    "Affix",
    "Aggregate",
    "Bin",
    "Case",
    "Cast",
    "Coalesce",
    "ColumnName",
    "Conditional",
    "ConvertUnit",
    "ConvertZone",
    "DatasetInput",
    "DateAdd",
    "DateDiff",
    "DateParts",
    "Deduplicate",
    "Derivation",
    "Derive",
    "Drop",
    "DropNull",
    "Explode",
    "Expression",
    "Extract",
    "FillGaps",
    "FillNull",
    "Filter",
    "Flatten",
    "InputName",
    "InputRef",
    "Join",
    "JoinColumns",
    "JoinKey",
    "JsonField",
    "Limit",
    "Lookup",
    "Mask",
    "Measure",
    "ModuleInput",
    "NormalizeUnicode",
    "Outliers",
    "Pad",
    "ParseDate",
    "ParseNumber",
    "Pattern",
    "Pivot",
    "PlainOperation",
    "Recipe",
    "Rename",
    "RenameStyle",
    "Reorder",
    "Replace",
    "ReplaceText",
    "Replacement",
    "Round",
    "Sample",
    "Scalar",
    "Select",
    "Slice",
    "Sort",
    "SortKey",
    "Split",
    "Sql",
    "Step",
    "StepModel",
    "Steps",
    "Text",
    "TextOperation",
    "Trim",
    "Union",
    "UnnestJson",
    "Unpivot",
    "Window",
    "WindowColumn",
    "Zone",
]
