"""Reports and entries as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.data import FormatFacts, Schema
from contracts.workflow import DriftMode
from services.schema_drift.detecting.schemas import Kind

State = Literal["open", "released", "loaded", "rejected", "superseded"]


class View(BaseModel):
    """Base of what is shown: exactly the declared fields."""

    model_config = ConfigDict(extra="ignore", from_attributes=False)


class ChangeView(View):
    """One difference, with the numbers behind it."""

    kind: Annotated[Kind, Field(json_schema_extra={"x-grows": True})]
    column: str
    became: str | None = None
    expected_type: str | None = None
    incoming_type: str | None = None
    absorbable: bool
    detail: str
    confidence: float | None = None
    evidence: dict[str, float] = Field(default_factory=dict)
    proof: str = Field(default="", description="How far the values prove it; empty where only names and types were.")
    column_class: str = "plain"
    candidates: list[str] = Field(default_factory=list)


class ReportSummary(View):
    """A drift report in a list."""

    id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    stream: str
    module: str
    module_version: int | None
    mode: Annotated[DriftMode, Field(json_schema_extra={"x-grows": True})]
    decision: Annotated[Literal["proceed", "propose", "quarantine", "fail"], Field(json_schema_extra={"x-grows": True})]
    fingerprint: str
    summary: str
    advice: str
    changes: list[ChangeView]
    created_at: datetime


class ReportView(ReportSummary):
    """A drift report with both schemas and what was found out about the file's form."""

    module_hash: str | None
    incoming: Schema
    contract: Schema
    facts: FormatFacts
    model: str | None = Field(default=None, description="What came of asking a model, where one was asked.")


class EntryView(View):
    """A quarantine entry."""

    id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    stream: str
    what: Literal["file", "rows"]
    state: State
    reason: str
    summary: str
    advice: str
    object: str | None
    rows: int
    sample: str
    report_id: UUID | None
    corrected: bool
    corrected_bytes: int | None
    created_at: datetime
    released_at: datetime | None
    released_by: UUID | None
    closed_at: datetime | None
    closed_by: UUID | None
    close_reason: str | None


class ColumnView(View):
    """A column of the rows that were set aside."""

    name: str
    type: str


class RowsPage(View):
    """Some rows that were set aside. Numbers beyond 2^53, decimals, dates and bytes (base64) come as text."""

    columns: list[ColumnView]
    items: list[dict[str, bool | int | float | str | None]]
    next_cursor: str | None = None


class ReleaseRequest(BaseModel):
    """Nothing has to be said to release a file."""

    model_config = ConfigDict(extra="forbid")


class RejectRequest(BaseModel):
    """Why it stays out."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=2_000)


def entry_view(row: Any) -> EntryView:
    """An entry's row as it is shown: where its bytes lie is nobody's business."""
    return EntryView.model_validate(dict(row) | {"corrected": row["corrected_uri"] is not None})
