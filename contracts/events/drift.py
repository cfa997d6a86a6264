"""Facts about drift and quarantine: topic `schema-drift`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.adaptation import Origin
from contracts.data import Contract


class DriftChange(Contract):
    """One difference, short enough for a message."""

    kind: Literal[
        "added", "removed", "renamed", "type_changed", "reordered", "format_changed", "meaning_changed", "split",
        "merged", "duplicate_name", "file_changed",
    ]  # fmt: skip
    column: str
    became: str | None = None
    detail: str = ""
    confidence: float | None = None


class DriftDetected(Contract):
    """What came differs from the contract or from what came before, and this was decided about it."""

    report_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    module: str
    stream: str
    decision: Literal["proceed", "propose", "quarantine", "fail"]
    changes: tuple[DriftChange, ...]
    summary: str  # one sentence for a person
    advice: str  # what to do next


class DriftChangeV1(Contract):
    """One difference, as `drift.detected.v1` tells it."""

    kind: Literal["added", "removed", "renamed", "type_changed", "reordered", "format_changed"]
    column: str
    became: str | None = None
    detail: str = ""
    confidence: float | None = None


class DriftDetectedV1(Contract):
    """The incoming schema differs from the contract, and this was decided. No longer sent; still understood."""

    report_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    module: str
    stream: str
    decision: Literal["proceed", "quarantine", "fail"]
    changes: tuple[DriftChangeV1, ...]
    summary: str
    advice: str


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


class ReviewOpened(Contract):
    """A run waits: a person is asked whether a proposal may be published, or may stop one that will be."""

    review_id: UUID
    report_id: UUID
    proof_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    module: str
    stream: str
    veto: bool  # silence means yes
    expires_at: datetime
    summary: str
    advice: str
    origin: Origin | None = None  # whose proposal it is; older events do not say


class ReviewDecided(Contract):
    """It is known how a review ended; the run that waits for it goes on."""

    review_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    outcome: Literal["approved", "rejected", "edited", "expired"]
    decided_by: UUID | None = None
    reason: str = ""


class ReplayRequested(Contract):
    """Somebody asked that a proof is made again, of what it was made of."""

    replay_id: UUID
    proof_id: UUID
    workflow: str
    requested_by: UUID


class DriftAdapted(Contract):
    """A version that fits was published, with its proof, and the run goes on with it."""

    report_id: UUID
    proposal_id: UUID
    proof_id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str
    stream: str
    module: str
    base_version: int
    version: int
    summary: str
    origin: Origin | None = None  # whose proposal it is; older events do not say
