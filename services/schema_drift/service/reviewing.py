"""Reviews: shown with all that a decision needs, decided once, by a person or by silence."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.adaptation import Proof, Proposal, ReviewOutcome
from contracts.commands.connector import Problem
from contracts.commands.schema_drift import CloseReviewInput
from contracts.data import Schema
from contracts.events.drift import ReviewDecided
from contracts.workflow import ResolvedModule
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found
from services.schema_drift import knowledge, repository, review_store
from services.schema_drift.adapting.build import Came, Unbuildable, build
from services.schema_drift.adapting.choosing import on_failure, rewritten, stopgaps
from services.schema_drift.adapting.parting import partings
from services.schema_drift.deciding.policy import verdict
from services.schema_drift.report import restore
from services.schema_drift.service.samples import Samples

MAX_REASON = 2_000


class Undecided(Exception):
    """Nobody has decided yet."""


async def find(work: UnitOfWork, review_id: UUID) -> tuple[RowMapping, RowMapping, RowMapping, str | None]:
    """A review with its report, its proposal and what a model said, or the problem that there is none."""
    review = await review_store.get_review(work, review_id)
    if review is None:
        raise not_found()
    report = await repository.get_report(work, review["report_id"])
    proposal = await knowledge.get_proposal(work, review["proposal_id"])
    if report is None or proposal is None:
        raise not_found()
    answer = await knowledge.model_answer(work, review["report_id"])
    return review, report, proposal, None if answer is None else answer["said"]


@dataclass(frozen=True)
class Decider:
    """Who decides, and how: a caller of the API, or whoever holds a link."""

    via: Literal["api", "link"]
    by: UUID | None = None


async def approve(work: UnitOfWork, review_id: UUID, who: Decider, reason: str) -> None:
    """Let the proposal be published; a proof that refutes it cannot be overruled."""
    review = await _open_review(work, review_id, "approved", who, reason)
    if review is None:
        return
    report = await repository.get_report(work, review["report_id"])
    if report is None or verdict(Proof.model_validate(review["proof"]), report["mode"]) == "refuted":
        raise conflict("The replay refutes this proposal: name another column for it, or reject it.", "refuted")
    await _close(work, review, "approved", who, reason)
    if review["change_key"] is not None:
        await review_store.forget_rejections(
            work, review["workflow_id"], review["change_key"], by=who.by, because="it was approved"
        )


async def reject(work: UnitOfWork, review_id: UUID, who: Decider, reason: str) -> None:
    """Keep the input out."""
    review = await _open_review(work, review_id, "rejected", who, reason)
    if review is None:
        return
    await _close(work, review, "rejected", who, reason)
    for other in await review_store.asking_the_same(work, review):
        await _close(work, other, "rejected", who, _likewise(review, reason))


async def ask_again(work: UnitOfWork, review_id: UUID, who: UUID, reason: str) -> None:
    """Change one's mind about a change that was rejected: the next time it comes, somebody is asked."""
    review = await review_store.get_review(work, review_id, lock=True)
    if review is None:
        raise not_found()
    if review["state"] != "rejected" or review["change_key"] is None:
        raise conflict("Only what was rejected can be asked about again.", "not_rejected")
    await review_store.forget_rejections(work, review["workflow_id"], review["change_key"], by=who, because=reason)


async def edit(
    work: UnitOfWork, samples: Samples, review_id: UUID, who: Decider, mapping: dict[str, str | None], reason: str
) -> None:
    """Say which column carries which: a proposal is made of that, and proven in its turn."""
    review, report, stored, _ = await find(work, review_id)
    if review["state"] != "open":
        raise _decided(review)
    module = ResolvedModule.model_validate(report["context"]["module"])
    earlier = Proposal.model_validate(stored["proposal"])
    incoming = Schema.model_validate(report["incoming"])
    _check(mapping, module, incoming)
    before = await knowledge.accepted_input(
        work, review["workflow_id"], review["stream"], module.input_contract.fingerprint
    )
    # Values are read and compared before anything is locked: whoever else decides waits for no file.
    sides = [await asyncio.to_thread(samples.side, one) for one in (before, knowledge.input_of(report))]
    figures = [{} if side is None else side.figures for side in sides]
    changes = [restore(one) for one in report["changes"]]
    built = build(
        module,
        Came(incoming, *figures),
        earlier.mapping | mapping,
        rewritten=rewritten(changes),
        stopgaps=stopgaps(changes),
        on_failure=on_failure(report["mode"]),
        parted=await asyncio.to_thread(partings, changes, *sides),
    )
    if isinstance(built, Unbuildable):
        raise invalid([Problem(pointer="/mapping", code="unbuildable", message=built.reason)])
    locked = await review_store.get_review(work, review_id, lock=True)
    if locked is None or locked["state"] != "open":
        raise _decided(locked or review)
    proposal = built.proposal(work.ids.new(), earlier.base, "person")
    await knowledge.add_proposal(work, review["report_id"], proposal, built.doubtful)
    await _close(work, locked, "edited", who, reason, proposal.proposal_id)


async def answer_alike(work: UnitOfWork, review: RowMapping, accepted: Proposal) -> None:
    """What a person let pass, and is published now, answers the other runs that wait with the same question.

    Each of them proves it with its own input: the answer is how to read what came, and not that it is right.
    """
    who = Decider(review["via"], review["decided_by"])
    for other in await review_store.asking_the_same(work, review):
        origin = "model" if accepted.origin == "model" else "remembered"
        proposal = accepted.model_copy(update={"proposal_id": work.ids.new(), "origin": origin})
        await knowledge.add_proposal(work, other["report_id"], proposal, ())
        await _close(work, other, "edited", who, _likewise(review, review["reason"]), proposal.proposal_id)


def _likewise(review: RowMapping, reason: str | None) -> str:
    return (f"{reason}; " if reason else "") + f"as review {review['id']}, which asked the same"


async def close(work: UnitOfWork, input: CloseReviewInput) -> ReviewOutcome:
    """How a review ended; silence ends it where its time is over. Raises Undecided while it is open."""
    review = await review_store.get_review(work, input.review_id, lock=True)
    if review is None:
        raise not_found()
    if review["state"] == "open" and input.timed_out:
        state = "approved" if review["veto"] and review["expires_at"] <= work.clock.now() else "expired"
        reason = "nobody stopped it" if state == "approved" else "nobody decided in time"
        review = await _close(work, review, state, None, reason)
    if review["state"] == "open":
        raise Undecided
    proposal = None
    if review["edited"] is not None:
        stored = await knowledge.get_proposal(work, review["edited"])
        proposal = None if stored is None else Proposal.model_validate(stored["proposal"])
    return ReviewOutcome(
        outcome=review["state"], proposal=proposal, decided_by=review["decided_by"], reason=review["reason"] or ""
    )


async def abandon(work: UnitOfWork, review_id: UUID) -> None:
    """End a review whose run waits no more; nothing is published, whatever silence would have meant."""
    review = await review_store.get_review(work, review_id, lock=True)
    if review is not None and review["state"] == "open":
        await _close(work, review, "expired", None, "its run waits no more")


async def _open_review(work: UnitOfWork, review_id: UUID, state: str, who: Decider, reason: str) -> RowMapping | None:
    """The review, locked; None where this very decision was made already."""
    review = await review_store.get_review(work, review_id, lock=True)
    if review is None:
        raise not_found()
    if review["state"] == "open":
        return review
    same = (review["state"], review["via"], review["decided_by"], review["reason"]) == (state, who.via, who.by, reason)
    if same:
        return None
    raise _decided(review)


def _decided(review: RowMapping) -> Exception:
    return conflict(f"This review is {review['state']} already.", "decided")


async def _close(
    work: UnitOfWork, review: RowMapping, state: Any, who: Decider | None, reason: str, edited: UUID | None = None
) -> RowMapping:
    by = None if who is None else who.by
    changed = await review_store.close_review(
        work,
        review["id"],
        state,
        work.clock.now(),
        by=by,
        via=who.via if who else "silence",
        reason=reason,
        edited=edited,
    )
    await work.publish(
        ReviewDecided(
            review_id=review["id"],
            run_id=review["run_id"],
            workflow_id=review["workflow_id"],
            workflow=review["workflow"],
            outcome=state,
            decided_by=by,
            reason=reason,
        ),
        key=review["workflow_id"],
        run=review["run_id"],
    )
    return changed


def _check(mapping: dict[str, str | None], module: ResolvedModule, incoming: Schema) -> None:
    problems = []
    for needed, carrier in mapping.items():
        if module.input_contract.column(needed) is None:
            message = f"{needed!r} is no column that the module needs"
            problems.append(Problem(pointer="/mapping", code="column_unknown", message=message))
        elif carrier is not None and incoming.column(carrier) is None:
            problems.append(Problem(pointer="/mapping", code="column_unknown", message=f"no column {carrier!r} came"))
    if problems:
        raise invalid(problems[:20])
