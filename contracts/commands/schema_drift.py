"""What is asked of schema_drift: decide about a difference, set files and rows aside."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.adaptation import MOST_PROPOSED, Evidence, PreludeQuestion, PreludeStep, Proposal
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup, QuarantinedRows
from contracts.commands.transform import ProveInput, ProveResult
from contracts.data import Contract, ObjectVersion, Schema
from contracts.events.drift import DriftChangeV1
from contracts.steps.base import said
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule, SourceDefinition


class SettleInput(Contract):
    """Compare what came with what the first module expects, and decide before anything is loaded."""

    scope: RunScope
    stream: str
    group: PulledGroup
    module: ModuleVersionRef | None
    contract: Schema | None
    policy: DriftPolicy
    base: ResolvedModule | None = None  # the module with its steps: without them, nothing can be adapted
    keys: tuple[str, ...] = ()  # of the destination: columns that identify a row
    source: SourceDefinition | None = None  # where the rows come from
    released: bool = False  # a person let what had been set aside go on
    pinned: bool = False  # the workflow names the module's version by its number: nothing replaces it unasked


class SettleResult(Contract):
    """The decision, the report that holds its reasons, and the difference itself.

    proceed: with the module as it is, or with `version` where another one fits. quarantine: unless there is a
    `proposal`, and it is proven.
    """

    decision: Literal["proceed", "quarantine", "fail"]
    version: ModuleVersionRef | None = None
    proposal: Proposal | None = None
    report_id: UUID | None = None
    changes: tuple[DriftChangeV1, ...] = ()  # no longer filled: the report has them
    summary: str = ""
    advice: str = ""
    question: PreludeQuestion | None = Field(
        default=None, exclude_if=said(None), description="What a model may be asked before that."
    )


class QuarantineFileInput(Contract):
    """Set a file aside with its reason and its original bytes."""

    scope: RunScope
    stream: str
    object: ObjectVersion
    preserved_uri: str
    reason: str
    summary: str
    advice: str
    rows: int = 0
    report_id: UUID | None = None


class QuarantineRowsInput(Contract):
    """Set rows aside."""

    scope: RunScope
    stream: str
    rows: QuarantinedRows


class QuarantineResult(Contract):
    """The entry that was made, or had been made by an earlier attempt."""

    entry_id: UUID


class SettleEntryInput(Contract):
    """Say what became of a released file."""

    scope: RunScope
    entry_id: UUID
    outcome: Literal["loaded", "failed", "quarantined"]


class JudgeInput(Contract):
    """Say what becomes of a proposal whose replays are known; the same question has one answer."""

    scope: RunScope
    stream: str
    report_id: UUID
    proposal: Proposal
    asked: ProveInput = Field(description="What the evidence answers: the proof is replayed by it.")
    evidence: Evidence
    policy: DriftPolicy
    pinned: bool = False  # as settle was told
    approved_in: UUID | None = None  # the review in which a person asked for this very proposal


class ConsiderInput(Contract):
    """Say what a model answered: its steps, or none, and what is to be said about it."""

    scope: RunScope
    report_id: UUID
    steps: tuple[PreludeStep, ...] = Field(default=(), max_length=MOST_PROPOSED)
    said: str = ""


class Considered(Contract):
    """What can be proven of a model's answer; the same answer again gives the same."""

    proposal: Proposal | None = None
    said: str = ""


class CloseReviewInput(Contract):
    """Ask how a review ended; `timed_out` ends it if nobody has decided."""

    scope: RunScope
    review_id: UUID
    timed_out: bool = False


class FindProofInput(Contract):
    """Ask what a proof was made of, to make it again."""

    tenant: UUID
    proof_id: UUID


class RecordReplayInput(Contract):
    """Say what came of a proof that was made again: its figures, or why there are none."""

    tenant: UUID
    replay_id: UUID
    result: ProveResult | None = None
    code: str | None = None
    message: str | None = None


class RecordAdaptationInput(Contract):
    """Say that a proposal was published, so that the same change is known from now on."""

    scope: RunScope
    stream: str
    report_id: UUID
    proposal_id: UUID
    proof_id: UUID
    published: ModuleVersionRef
