"""Facts about drift and quarantine: topic `schema-drift`."""

from typing import Literal
from uuid import UUID

from contracts.data import Contract


class DriftChange(Contract):
    """One difference, short enough for a message."""

    kind: Literal["added", "removed", "renamed", "type_changed", "reordered", "format_changed"]
    column: str
    became: str | None = None
    detail: str = ""
    confidence: float | None = None


class DriftDetected(Contract):
    """The incoming schema differs from the contract, and this was decided about it."""

    report_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    module: str
    stream: str
    decision: Literal["proceed", "quarantine", "fail"]
    changes: tuple[DriftChange, ...]
    summary: str  # one sentence for a person
    advice: str  # what to do next


class QuarantineOpened(Contract):
    """A file or rows were set aside."""

    entry_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    stream: str
    what: Literal["file", "rows"]
    reason: str  # a code: drift, ragged, cast_failed, …
    summary: str
    advice: str
    rows: int
    object: str | None = None  # bucket/key


class QuarantineReleased(Contract):
    """A person let a quarantined file go on; the orchestrator starts a run for it."""

    entry_id: UUID
    workflow_id: UUID
    stream: str
    preserved_uri: str  # the bytes to load, in the platform's object store
    object: str
    released_by: UUID
    corrected: bool


class QuarantineRejected(Contract):
    """A person decided that what was set aside stays out."""

    entry_id: UUID
    workflow_id: UUID
    rejected_by: UUID
    reason: str
