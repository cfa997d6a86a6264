"""Modules and versions as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.checks import Check
from contracts.data import Schema
from contracts.recipe import Recipe
from contracts.workflow import ModuleDetails, ModuleDraft, ModuleVersionRef, Name
from services.module_registry.service.reading import semantic_version

Level = Literal["major", "minor", "patch"]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class View(BaseModel):
    """Base of what is shown: exactly the declared fields."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


class Request(BaseModel):
    """Base of what is taken: exactly the declared fields."""

    model_config = ConfigDict(extra="forbid")


class PublishRequest(ModuleDraft):
    """A draft, and what is to be done with the version it becomes."""

    make_current: bool = Field(default=True, description="Use it wherever a workflow says `current`.")
    reason: str = Field(default="", max_length=2_000, description="Why it becomes the current version.")


class SetCurrentRequest(Request):
    """Which version, and why."""

    version: VersionNumber
    reason: str = Field(min_length=1, max_length=2_000)


class ChangeRequest(ModuleDetails):
    """What a module is found by; what is left out stays."""

    description: str | None = Field(default=None, max_length=2_000)


class CloneRequest(Request):
    """The new module, and the version to begin with."""

    name: Name
    version: VersionNumber | None = Field(default=None, description="The current one, if left out.")
    description: str | None = Field(default=None, max_length=2_000, description="That of the original, if left out.")


class CodeRequest(Request):
    """A module version as YAML."""

    source: str = Field(min_length=1, max_length=1_048_576)


class SaveRequest(CodeRequest):
    """A module version as YAML, and what is to be done with it."""

    make_current: bool = Field(default=True, description="Use it wherever a workflow says `current`.")
    reason: str = Field(default="", max_length=2_000, description="Why it becomes the current version.")


class ContractRequest(Request):
    """A data contract (ODCS, YAML), and the version whose contracts it is to stand for."""

    source: str = Field(min_length=1, max_length=1_048_576)
    version: VersionNumber | None = Field(default=None, description="The current one, if left out.")
    alone: Literal["input", "output"] = Field(
        default="input", description="What the only table of a document is, when it is not named `input` or `output`."
    )


class SourceView(View):
    """A module version as YAML, and what of a data contract was not taken over into it."""

    source: str
    notes: list[str]


class PublishedView(ModuleVersionRef):
    """The version that a draft became, or was already."""

    created: bool
    semantic_version: str | None = None
    level: Level | None = Field(default=None, description="How far it is from the version before it.")


class CodeView(View):
    """What a text would become; nothing was stored."""

    input_contract: Schema
    output_contract: Schema


class OriginView(View):
    """The version that a module was cloned from."""

    module_id: UUID
    name: str
    version: int
    content_hash: str
    cloned_at: datetime


class ModuleView(View):
    """A module."""

    id: UUID
    name: str
    description: str
    tags: list[str] = Field(default_factory=list)
    category: str = ""
    owner: str = ""
    current_version: int | None
    latest_version: int
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class ModuleDetail(ModuleView):
    """A module with its README and its origin."""

    readme: str = ""
    cloned_from: OriginView | None = None


class ChangeView(View):
    """One difference from the version before, and how far it reaches."""

    level: Level
    side: Literal["input", "output"]
    sentence: str


class AdaptsView(View):
    """Why a version was made when the data had changed: the version before, the drift's report, the proof, the run."""

    base: ModuleVersionRef
    report_id: UUID
    proof_id: UUID
    run_id: UUID


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
    semantic_version: str | None = None
    level: Level | None = None
    changes: list[ChangeView] = Field(default_factory=list)
    input_fingerprint: str | None = None
    output_fingerprint: str | None = None
    adapts: AdaptsView | None = Field(default=None, description="Where a drift was adapted to: what, and its proof.")
    pinned: bool = False
    retired_at: datetime | None = None
    retired_reason: str | None = None


class VersionView(VersionSummary):
    """A version, whole."""

    module_id: UUID
    name: str
    recipe: Recipe
    input_contract: Schema
    output_contract: Schema
    input_checks: list[Check] = Field(default_factory=list)
    output_checks: list[Check] = Field(default_factory=list)


class DecisionView(View):
    """Why another version became current."""

    id: UUID
    before: int | None
    after: int
    reason: str
    decided_by: UUID
    decided_at: datetime


class RollbackRequest(View):
    """Which earlier version is to be current, and why."""

    version: int | None = Field(
        default=None, ge=1, lt=2**31, description="The last one before that was current, if it is left out."
    )
    reason: str = Field(min_length=1, max_length=2_000)


class RolledBackView(View):
    """What a module went back from, and to; `GET /api/runs?module=…&module_version=…` has the runs of the former."""

    name: str
    withdrawn: int
    current: int
    workflows: list[str] = Field(description="Those that name the withdrawn version by number and go on with it.")


class UserView(View):
    """A workflow that uses a module."""

    workflow: str
    definition: int = Field(description="The version of the workflow's definition.")
    version: int | None = Field(description="The module's version that it names; null is `current`.")


class VersionUsage(View):
    """How often a version ran, and how the runs ended; rows are those of the runs."""

    number: int
    runs: int = 0
    succeeded: int = 0
    partial: int = 0
    quarantined: int = 0
    failed: int = 0
    cancelled: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    last_run_at: datetime | None = None
    workflows: list[str] = Field(description="Those that use it now, by number or as the current one.")
    pinned: bool = False
    retired_at: datetime | None = None


class UsageView(View):
    """Who uses a module, and how often its versions ran."""

    name: str
    workflows: list[UserView]
    versions: list[VersionUsage]


def version_document(module: Any, row: Any) -> dict[str, Any]:
    """A version's row with what is known of its module."""
    said = {key: value for key, value in dict(row).items() if value is not None or key in ("session_id", "node_id")}
    return said | {
        "name": module["name"],
        "current": row["number"] == module["current_version"],
        "semantic_version": semantic_version(row),
    }
