"""What becomes of a proposal that was tried: judged once, asked about where the policy says so, recorded in the end."""

import hashlib
from datetime import timedelta

from sqlalchemy import RowMapping

from contracts.adaptation import Judged, Proof, Proposal
from contracts.commands.schema_drift import JudgeInput, RecordAdaptationInput
from contracts.events.drift import DriftAdapted, ReviewOpened
from services.chassis.database import UnitOfWork
from services.schema_drift import knowledge, repository, review_store
from services.schema_drift.adapting.prelude import sources
from services.schema_drift.adapting.words import english
from services.schema_drift.deciding.policy import LETS_GO, Change, Circumstances, Ruled, rule, verdict
from services.schema_drift.detecting.schemas import Difference
from services.schema_drift.proving.judge import judge as prove
from services.schema_drift.proving.store import store_proof
from services.schema_drift.report import restore
from services.schema_drift.service import reviewing

_VERDICTS = {"proven": "Proven", "unproven": "Not proven", "unlike": "Unlike the past", "refuted": "Refuted"}


class NothingProposed(Exception):
    """The report or the proposal that is named is not known here."""


async def judge(work: UnitOfWork, input: JudgeInput) -> Judged:
    """Say what becomes of a proposal. The first answer is the answer."""
    report = await repository.get_report(work, input.report_id)
    if report is None:
        raise NothingProposed(f"there is no report {input.report_id}")
    proposal = input.proposal
    await knowledge.add_proposal(work, input.report_id, proposal, ())
    stored = await knowledge.get_proposal(work, proposal.proposal_id, lock=True)
    if stored is not None and stored["judged"] is not None:
        return Judged.model_validate(stored["judged"])
    contract, keys = proposal.candidate.output_contract, input.asked.keys
    proof = prove(input.evidence, contract=contract, keys=keys)
    proof_id = await store_proof(
        work,
        input.asked,
        input.evidence,
        proof,
        report_id=input.report_id,
        proposal=proposal,
        contract=contract,
        keys=keys,
        steps=[english(step) for step in proposal.prelude.steps],
        masked=_masked(report, proposal),
    )
    ruled = _ruled(input, report, proof)
    summary = _summary(proposal, proof, ruled, input.policy.mode)
    judged = Judged(ruling=ruled.ruling, proof_id=proof_id, summary=summary)
    if ruled.ruling in ("ask", "auto_after"):
        judged = await _open(work, input, report, proof, judged, ruled)
    await knowledge.note_judged(work, proposal.proposal_id, judged)
    return judged


def change_of(report: RowMapping, proposal: Proposal) -> str | None:
    """What a review is about: the change, and where a model proposed, its very steps too."""
    change: str | None = (report["context"] or {}).get("change_key")
    if change is None or proposal.origin != "model":
        return change
    return f"{change} {hashlib.sha256(proposal.prelude.model_dump_json().encode()).hexdigest()[:16]}"


def _masked(report: RowMapping, proposal: Proposal) -> list[str]:
    """Columns of personal data under all names that they have on the way; their values are shown to nobody."""
    old = {one["column"] for one in report["changes"] if one.get("column_class") == "personal"}
    old |= set((report["context"] or {}).get("personal", ()))
    carriers = {name for one in report["changes"] if one["column"] in old for name in one.get("candidates", ())}
    made = sources(proposal.prelude.steps)
    return sorted(old.union(carriers, *({proposal.mapping.get(name, name), *made.get(name, ())} for name in old)))


def _ruled(input: JudgeInput, report: RowMapping, proof: Proof) -> Ruled:
    context = report["context"] or {}
    found = [restore(stored) for stored in report["changes"]]
    let_go = {
        one.column
        for one in found
        if one.kind == "type_changed" and one.column_class == "plain" and input.policy.mode in LETS_GO
    }
    changes = [
        # What does not fit its type is let go by the workflow's own word; nothing else that is only likely is.
        Change(one.kind, one.column_class, _proof(one, input.proposal, let_go))  # type: ignore[arg-type]
        for one in found
        if one.proof
    ]
    return rule(
        changes,
        input.policy,
        Circumstances(
            verdict=verdict(proof, input.policy.mode),
            readers=len(input.evidence.consumers),
            pinned=input.pinned,
            settled=bool(context.get("settled")),
            let_go=bool(context.get("let_go")),
            approved=input.approved_in is not None,
            by_model=input.proposal.origin == "model",
            choice=any(one.kind == "removed" and one.candidates for one in found),
        ),
    )


def _proof(one: Difference, proposal: Proposal, let_go: set[str]) -> str:
    if one.kind == "removed" and one.proof == "refuted" and proposal.origin == "model":
        return "plausible"  # it names what carries the column: a person may agree
    return "proven" if _fitted(one, let_go) else one.proof


def _fitted(one: Difference, let_go: set[str]) -> bool:
    return one.proof == "plausible" and one.kind in ("type_changed", "format_changed") and one.column in let_go


def _summary(proposal: Proposal, proof: Proof, ruled: Ruled, mode: str) -> str:
    steps = "; ".join(english(step) for step in proposal.prelude.steps[:5]) or "Nothing is rewritten"
    failed = [check.detail for check in proof.checks if not check.passed]
    if proposal.origin == "model":
        steps = f"A model proposes: {steps}"
    tried = f"replayed on {proof.history} past inputs" if proof.history else "there is no past input to replay it on"
    said = f"{_VERDICTS[verdict(proof, mode)]}, {tried}" + (f": {' '.join(failed[:3])}" if failed else ".")
    return f"{steps}. {said} {ruled.reason[:1].upper()}{ruled.reason[1:]}."[:3_000]


async def _open(
    work: UnitOfWork, input: JudgeInput, report: RowMapping, proof: Proof, judged: Judged, ruled: Ruled
) -> Judged:
    """Ask a person, or give one the chance to stop it."""
    scope, proposal = input.scope, input.proposal
    veto = ruled.ruling == "auto_after"
    wait = input.policy.veto_seconds if veto else input.policy.wait_seconds
    review_id, now = work.ids.new(), work.clock.now()
    # Whole seconds: a link to the review holds exactly so long.
    expires = (now + timedelta(seconds=wait)).replace(microsecond=0)
    advice = (
        f"It is published by itself at {expires:%Y-%m-%d %H:%M} UTC unless you stop it: "
        f"`modulardata drift review {review_id} --reject`."
        if veto
        else f"Decide with `modulardata drift review {review_id}`; until then the run waits."
    )
    summary = f"{report['summary']} {judged.summary}"[:3_000]
    question = str((report["context"] or {}).get("question", ""))
    if proposal.origin == "model":
        question = f"A model proposes this, and no rule stands behind it: may {proposal.base.name} take what came so?"
    await review_store.add_review(
        work,
        {
            "id": review_id,
            "run_id": scope.run_id,
            "workflow_id": scope.workflow_id,
            "workflow": scope.workflow,
            "stream": input.stream,
            "module": proposal.base.name,
            "base_version": proposal.base.version,
            "report_id": input.report_id,
            "proposal_id": proposal.proposal_id,
            "proof_id": judged.proof_id,
            "proof": proof.model_dump(mode="json"),
            "veto": veto,
            "summary": summary,
            "advice": advice,
            "question": question,
            "opened_at": now,
            "expires_at": expires,
            "change_key": change_of(report, proposal),
        },
    )
    await work.publish(
        ReviewOpened(
            review_id=review_id,
            report_id=input.report_id,
            proof_id=judged.proof_id,
            run_id=scope.run_id,
            workflow_id=scope.workflow_id,
            workflow=scope.workflow,
            module=proposal.base.name,
            stream=input.stream,
            veto=veto,
            expires_at=expires,
            summary=summary,
            advice=advice,
            origin=proposal.origin,
        ),
        key=scope.workflow_id,
        run=scope.run_id,
    )
    return judged.model_copy(
        update={
            "review_id": review_id,
            "wait_seconds": max(1.0, (expires - now).total_seconds()),
            "summary": summary,
            "advice": advice,
        }
    )


async def record(work: UnitOfWork, input: RecordAdaptationInput) -> None:
    """Remember what a proposal became: the next input is compared with this one, and the same change is known."""
    stored = await knowledge.get_proposal(work, input.proposal_id, lock=True)
    report = await repository.get_report(work, input.report_id)
    if stored is None or report is None:
        raise NothingProposed(f"there is no proposal {input.proposal_id}")
    if stored["published"] is not None:
        return
    proposal, context = Proposal.model_validate(stored["proposal"]), report["context"] or {}
    await knowledge.note_published(work, input.proposal_id, input.published)
    review = await review_store.review_of(work, input.proposal_id)
    person = review is not None and review["via"] in ("api", "link")
    contract = proposal.candidate.input_contract
    accepted = knowledge.input_of(report)
    if accepted is not None:
        await knowledge.accept_input(
            work, input.scope.workflow_id, input.stream, contract.fingerprint, accepted, input.scope.run_id
        )
    # The rules could not make again what a model proposed: a mapping alone is not what was agreed to.
    if context.get("change_key") and proposal.origin != "model":
        await knowledge.settle_change(
            work, context["change_key"], proposal.mapping, proposal.proposal_id, by_a_person=person
        )
    if review is not None and person:
        await reviewing.answer_alike(work, review, proposal)
    if input.published.version == proposal.base.version:
        return  # the base takes it as it is: nothing new was published
    await knowledge.know_version(
        work,
        input.published,
        proposal.candidate.output_contract.fingerprint,
        input_contract=contract.model_dump(mode="json"),
        adapts=proposal.base.version,
    )
    await work.publish(
        DriftAdapted(
            report_id=input.report_id,
            proposal_id=input.proposal_id,
            proof_id=input.proof_id,
            run_id=input.scope.run_id,
            workflow_id=input.scope.workflow_id,
            workflow=input.scope.workflow,
            stream=input.stream,
            module=input.published.name,
            base_version=proposal.base.version,
            version=input.published.version,
            summary="; ".join(english(step) for step in proposal.prelude.steps)[:3_000],
            origin=proposal.origin,
        ),
        key=input.scope.workflow_id,
        run=input.scope.run_id,
    )
