"""A model's answer: what can be proven of it becomes a proposal like any other, the rest a line in the evidence."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from contracts.adaptation import PreludeStep, Proposal
from contracts.commands.schema_drift import Considered, ConsiderInput, SettleResult
from contracts.data import Schema
from contracts.recipe import Recipe
from contracts.workflow import ResolvedModule
from services.chassis.database import UnitOfWork
from services.schema_drift import knowledge, repository, review_store
from services.schema_drift.adapting.build import Unbuildable
from services.schema_drift.adapting.prelude import of_steps
from services.schema_drift.service.judging import NothingProposed, change_of

MAX_SAID = 1_000


async def consider(work: UnitOfWork, input: ConsiderInput) -> Considered:
    """Make a proposal of a model's steps, or say why there is none. The first answer is the answer."""
    stored = await knowledge.model_answer(work, input.report_id)
    if stored is not None:
        return await _again(work, stored)
    report = await repository.get_report(work, input.report_id)
    if report is None or not (report["context"] or {}).get("asks"):
        raise NothingProposed(f"nothing was asked about report {input.report_id}")
    answer = _made(work, report, input.steps, input.said)
    if answer.proposal is not None and await _rejected(work, report, answer.proposal):
        answer = Considered(said="The model proposed what was rejected before.")
    if answer.proposal is not None:
        await knowledge.add_proposal(work, input.report_id, answer.proposal, ())
    await knowledge.add_model_answer(
        work,
        input.report_id,
        steps=[step.model_dump(mode="json", by_alias=True) for step in input.steps],
        said=answer.said,
        proposal_id=None if answer.proposal is None else answer.proposal.proposal_id,
    )
    return answer


async def _again(work: UnitOfWork, stored: RowMapping) -> Considered:
    found = None if stored["proposal_id"] is None else await knowledge.get_proposal(work, stored["proposal_id"])
    proposal = None if found is None else Proposal.model_validate(found["proposal"])
    return Considered(proposal=proposal, said=stored["said"])


def _made(work: UnitOfWork, report: RowMapping, steps: Sequence[PreludeStep], said: str) -> Considered:
    if not steps:
        return Considered(said=(said or "The model proposed nothing.")[:MAX_SAID])
    context = report["context"]
    module = ResolvedModule.model_validate(context["module"])
    on_failure = "null" if report["mode"] == "discard_value" else "quarantine"
    built = of_steps(module, Schema.model_validate(report["incoming"]), steps, on_failure)  # type: ignore[arg-type]
    if isinstance(built, Unbuildable):
        return Considered(said=f"The model proposed steps that are not used: {built.reason}."[:MAX_SAID])
    if built.prelude == _by_rules(report):
        return Considered(said="The model proposed what the rules had found.")
    proposal = built.proposal(work.ids.new(), module.ref, "model")
    return Considered(proposal=proposal, said=f"The model proposed {len(built.prelude.steps)} steps.")


async def _rejected(work: UnitOfWork, report: RowMapping, proposal: Proposal) -> bool:
    change = change_of(report, proposal)
    return change is not None and await review_store.rejection_of(work, report["workflow_id"], change) is not None


def _by_rules(report: RowMapping) -> Recipe | None:
    proposal = SettleResult.model_validate(report["answer"]).proposal
    return None if proposal is None else proposal.prelude
