"""Modules and versions as the API shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.data import Schema
from contracts.recipe import Recipe, Step
from contracts.workflow import ModuleDraft, ModuleVersionRef


class View(BaseModel):
    """Base of what is shown: exactly the declared fields."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


class PublishRequest(ModuleDraft):
    """A draft, and what is to be done with the version it becomes."""

    make_current: bool = Field(default=True, description="Use it wherever a workflow says `current`.")
    reason: str = Field(default="", max_length=2_000, description="Why it becomes the current version.")


class SetCurrentRequest(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1)
    reason: str = Field(min_length=1, max_length=2_000)


class PublishedView(ModuleVersionRef):
    """The version that a draft became, or was already."""

    created: bool


class ModuleView(View):
    """A module."""

    id: UUID
    name: str
    description: str
    current_version: int | None
    latest_version: int
    created_at: datetime
    updated_at: datetime


class VersionSummary(View):
    """A version in a list."""

    number: int
    current: bool
    content_hash: str
    description: str
    session_id: str | None
    node_id: str | None
    published_by: UUID
    published_at: datetime


class VersionView(VersionSummary):
    """A version, whole."""

    module_id: UUID
    name: str
    recipe: Recipe
    input_contract: Schema
    output_contract: Schema


class DecisionView(View):
    """Why another version became current."""

    id: UUID
    before: int | None
    after: int
    reason: str
    decided_by: UUID
    decided_at: datetime


class StepRowView(View):
    """One line of a comparison; indexes count from 0, `changed` names the parts of the step that differ."""

    op: Literal["equal", "changed", "removed", "added"]
    left_index: int | None
    right_index: int | None
    left: Step | None
    right: Step | None
    changed: tuple[str, ...]


class RetypedView(View):
    """A column with another type."""

    column: str
    left: str
    right: str


class ContractDifferenceView(View):
    """What one contract has that the other has not."""

    same: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[RetypedView, ...]
    reordered: bool


class ComparisonView(View):
    """Two versions side by side."""

    name: str
    left: int
    right: int
    steps: list[StepRowView]
    input_contract: ContractDifferenceView
    output_contract: ContractDifferenceView


def version_document(module: Any, row: Any) -> dict[str, Any]:
    """A version's row with what is known of its module."""
    return dict(row) | {"name": module["name"], "current": row["number"] == module["current_version"]}
