"""Reviews as the API shows them, and what it takes to decide one."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping

from contracts.adaptation import Origin, Proof, Proposal
from services.schema_drift.adapting.prelude import sources
from services.schema_drift.adapting.words import english
from services.schema_drift.deciding.policy import verdict
from services.schema_drift.detecting.schemas import Kind
from services.schema_drift.views import View

ReviewState = Literal["open", "approved", "rejected", "edited", "expired"]
ListedState = Literal["open", "closed", "approved", "rejected", "edited", "expired"]


class ReviewSummary(View):
    """A review in a list."""

    id: UUID
    state: ReviewState
    workflow: str
    run_id: UUID
    stream: str
    module: str
    base_version: int
    opened_at: datetime
    expires_at: datetime
    veto: bool = Field(description="Silence means yes.")
    summary: str


class CandidateView(View):
    """A column that may carry a needed one."""

    column: str
    score: float | None = Field(description="How well names and values agree, where that is known: 0 to 1.")


class ReviewChange(View):
    """One difference, with the numbers behind it."""

    kind: Kind
    column: str
    became: str | None
    detail: str
    proof: str
    evidence: dict[str, float]
    candidates: list[CandidateView]


class ProposalView(View):
    """What would be published."""

    origin: Origin
    steps: list[str]
    mapping: dict[str, str]
    doubtful: list[str] = Field(
        default_factory=list,
        description="Needed columns that stay as they are written, stay empty, or lose a check of the input.",
    )


class CheckView(View):
    """One check of the proof."""

    name: str
    passed: bool
    detail: str
    figures: dict[str, float]


class ProofSummary(View):
    """The proof of a proposal in short."""

    id: UUID
    verdict: Literal["proven", "unproven", "refuted"]
    history: int
    checks: list[CheckView]


class TwoColumns(View):
    """An old column and a new one, with some of their values."""

    old: str | None
    new: str | None
    old_values: list[str | None]
    new_values: list[str | None]
    masked: bool = Field(description="Personal data: the values are not shown.")


class DecisionView(View):
    """Who decided what, and why."""

    outcome: ReviewState
    by: UUID | None
    via: Literal["api", "link", "silence"]
    at: datetime
    reason: str
    asked_again_by: UUID | None = Field(
        default=None, description="Who has a rejected change asked about again; else it is not."
    )
    asked_again_at: datetime | None = None


class ReviewDetail(ReviewSummary):
    """A review with everything that a decision needs."""

    report_id: UUID
    advice: str
    question: str
    changes: list[ReviewChange]
    proposal: ProposalView
    proof: ProofSummary
    columns: list[TwoColumns]
    model: str | None = Field(default=None, description="What came of asking a model, where one was asked.")
    approvable: bool = Field(
        default=True, description="Whether it can be approved: what the replay contradicts cannot."
    )
    decision: DecisionView | None


class DecideRequest(BaseModel):
    """Why it is decided so."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=2_000)


class EditRequest(DecideRequest):
    """Which column that came carries which needed one; null: none does, and the needed one stays empty."""

    mapping: dict[str, str | None] = Field(min_length=1, max_length=500)


def review_detail(review: RowMapping, report: RowMapping, stored: RowMapping, model: str | None) -> ReviewDetail:
    """A review's rows as they are shown."""
    proposal, context = Proposal.model_validate(stored["proposal"]), report["context"] or {}
    scores: dict[str, dict[str, float]] = context.get("scores", {})
    document: dict[str, Any] = dict(review) | {
        "changes": [
            one
            | {
                "candidates": [
                    {"column": name, "score": scores.get(one["column"], {}).get(name)}
                    for name in one.get("candidates", ())
                ]
            }
            for one in report["changes"]
        ],
        "proposal": {
            "origin": proposal.origin,
            "steps": [english(step) for step in proposal.prelude.steps],
            "mapping": {needed: carrier for needed, carrier in proposal.mapping.items() if needed != carrier},
            "doubtful": stored["doubtful"],
        },
        "proof": review["proof"] | {"id": review["proof_id"]},
        "columns": [*context.get("columns", []), *_made_by_steps(proposal, context)],
        "model": model,
        "approvable": verdict(Proof.model_validate(review["proof"]), report["mode"]) != "refuted",
        "decision": None
        if review["state"] == "open"
        else {
            "outcome": review["state"],
            "by": review["decided_by"],
            "via": review["via"],
            "at": review["decided_at"],
            "reason": review["reason"] or "",
            "asked_again_by": review["asked_again_by"],
            "asked_again_at": review["asked_again_at"],
        },
    }
    return ReviewDetail.model_validate(document)


def _made_by_steps(proposal: Proposal, context: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of which a model's steps make a needed one, beside what that held."""
    if proposal.origin != "model":
        return []
    known = {line["old"]: line for line in context.get("columns", [])}
    shown = {(line["old"], line["new"]) for line in known.values()}
    lines = []
    for needed, made_of in sources(proposal.prelude.steps).items():
        for name in sorted(made_of) if needed in known else ():
            old, masked = known[needed], known[needed]["masked"]
            values = context.get("came", {}).get(name, [])
            line = {"new": name, "new_values": ["•••" for _ in values] if masked else values}
            lines += [] if (needed, name) in shown else [old | line]
    return lines
