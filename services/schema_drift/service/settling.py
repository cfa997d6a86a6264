"""Settling an input: compare, decide, record, say so; asked again, it gives the answer it gave before."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.adaptation import PreludeQuestion, Proposal
from contracts.commands.schema_drift import SettleInput, SettleResult
from contracts.data import FormatFacts, Schema
from contracts.events.drift import DriftDetected
from contracts.recipe import Recipe
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.chassis.database import Database, UnitOfWork
from services.schema_drift import knowledge, repository, review_store
from services.schema_drift.adapting.build import Built, Unbuildable
from services.schema_drift.adapting.choosing import Chosen
from services.schema_drift.deciding.modes import Decision
from services.schema_drift.detecting.schemas import remember
from services.schema_drift.knowledge import Accepted, Version
from services.schema_drift.report import Rejection, Report, restore, write
from services.schema_drift.service import copied, looking
from services.schema_drift.service.copied import Copied
from services.schema_drift.service.looking import Known, Look
from services.schema_drift.service.samples import Samples

PROCEED = SettleResult(decision="proceed")


def input_key(incoming: Schema, facts: FormatFacts) -> str:
    """What tells the inputs of a run apart: their columns and their form."""
    return f"{incoming.fingerprint}-{hashlib.sha256(facts.model_dump_json().encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class _Settled:
    """What is decided about an input, not recorded yet."""

    report: Report
    proposal: Proposal | None = None
    doubtful: tuple[str, ...] = ()
    version: Version | None = None
    context: dict[str, Any] | None = None
    question: PreludeQuestion | None = None


class Settling:
    """Decides about the inputs of runs. No transaction waits for values to be read and compared."""

    def __init__(self, database: Database, samples: Samples) -> None:
        self._database = database
        self._samples = samples

    async def settle(self, input: SettleInput) -> SettleResult:
        """Decide about one group of objects of a run; recorded in one transaction."""
        if input.base is None and input.contract is None:
            return await self._settle_copied(input)
        if input.base is None:
            input = _without_steps(input)
        module = input.base
        assert module is not None  # noqa: S101 - one was put there
        key = input_key(input.group.dataset.table_schema, input.group.facts)
        async with self._database.work(input.scope.tenant) as work:
            # The stored answer first: what was accepted meanwhile must not change it.
            stored = await repository.find_report(work, input.scope.run_id, input.stream, key)
            if stored is not None:
                return _stored(stored)
            known = await _known(work, input, module)
        found = await asyncio.to_thread(looking.look, input, module, known, self._samples)
        async with self._database.work(input.scope.tenant) as work:
            settled = await _settled(work, input, module, found)
            answer = await _record(work, input, module, key, settled)
            if answer is None:
                stored = await repository.find_report(work, input.scope.run_id, input.stream, key)
                assert stored is not None  # noqa: S101 - another attempt's row is what stood in the way
                return _stored(stored)
            if answer.decision == "proceed":
                await _accept(work, input, module, known, settled.version)
        return answer

    async def _settle_copied(self, input: SettleInput) -> SettleResult:
        """Decide about one group of objects of a workflow without modules."""
        incoming = input.group.dataset.table_schema
        key = input_key(incoming, input.group.facts)
        async with self._database.work(input.scope.tenant) as work:
            stored = await repository.find_report(work, input.scope.run_id, input.stream, key)
            if stored is not None:
                return _stored(stored)
            before = await copied.known(work, input)
            if before is None:
                # The destination refuses rows without its keys: nothing is to be expected because such rows came.
                if set(input.keys) <= set(incoming.names):
                    await copied.remember(work, input, Copied(incoming))
                return PROCEED
            found = copied.differences(input, before)
            report = write("", input.policy.mode, copied.decide(input, found), found)
            answer = await _record(work, input, _no_module(before.columns), key, _Settled(report))
            if answer is None:
                stored = await repository.find_report(work, input.scope.run_id, input.stream, key)
                assert stored is not None  # noqa: S101 - another attempt's row is what stood in the way
                return _stored(stored)
            if answer.decision == "proceed":
                await copied.remember(work, input, before.after(incoming))
        return answer


def _without_steps(input: SettleInput) -> SettleInput:
    """An input whose module's steps are not known: what the module cannot absorb is set aside, and not adapted to."""
    module = _no_module(input.contract or Schema(columns=()))
    if input.module is not None:
        module = module.model_copy(update={"ref": input.module})
    mode = input.policy.mode if input.policy.mode in ("strict", "freeze") else "warn"
    return input.model_copy(update={"base": module, "policy": input.policy.model_copy(update={"mode": mode})})


def _no_module(columns: Schema) -> ResolvedModule:
    """What expects these columns, and does nothing with them."""
    ref = ModuleVersionRef(module_id=str(UUID(int=0)), name="", version=0, content_hash="")
    return ResolvedModule(ref=ref, recipe=Recipe(), input_contract=columns, output_contract=columns)


async def _known(work: UnitOfWork, input: SettleInput, module: ResolvedModule) -> Known:
    scope, stream = input.scope, input.stream
    facts = await repository.accepted_facts(work, scope.workflow_id, stream)
    accepted = await knowledge.accepted_input(work, scope.workflow_id, stream, module.input_contract.fingerprint)
    versions = []
    if input.group.dataset.table_schema.fingerprint != module.input_contract.fingerprint:
        known = await knowledge.versions_of(work, UUID(module.ref.module_id))
        for version in looking.takeable(known, module.ref, module.output_contract.fingerprint):
            contract = version.input_contract
            assert contract is not None  # noqa: S101 - only those may be taken
            if looking.accepts(contract, input.group.dataset.table_schema):
                last = await knowledge.accepted_input(work, scope.workflow_id, stream, contract.fingerprint)
                versions.append((version, last))
    return Known(facts, accepted, tuple(versions))


async def _settled(work: UnitOfWork, input: SettleInput, module: ResolvedModule, found: Look) -> _Settled:
    if found.decision is not None:
        return _settled_as(input, module, found, found.decision, version=found.version)
    incoming = input.group.dataset.table_schema
    change = looking.change_key(module, incoming, found)
    # A person who lets go on what had been set aside wants it to be looked at again.
    rejected = None if input.released else await review_store.rejection_of(work, input.scope.workflow_id, change)
    if rejected is not None:
        return _settled_as(input, module, found, "quarantine", rejected=_rejection(rejected))
    before = await knowledge.settled_mapping(work, change)
    built, chosen = looking.make(input, module, found, before[0] if before else None)
    if isinstance(built, Built) and looking.by_itself(found, built):
        return _settled_as(input, module, found, "proceed")
    unsure = isinstance(built, Unbuildable) or built.doubtful or looking.doubted(found)
    asks = looking.asking(input, module, found, chosen) if unsure and not before else None
    sample = input.group.sample
    mapping = {} if isinstance(built, Unbuildable) else built.mapping
    context = {
        "sample": None if sample is None else sample.model_dump(mode="json"),
        "change_key": change,
        "let_go": input.released,
        "settled": before is not None and before[1],
        "columns": looking.two_columns(found, module, incoming, mapping),
        "question": _question(chosen, module),
        "module": module.model_dump(mode="json"),
        "personal": sorted(found.classes.personal),
        "scores": looking.scores(found),
    }
    if asks is not None:
        context |= {"asks": True, "came": looking.unknown_columns(found, module, incoming)}
    if isinstance(built, Unbuildable):
        more: dict[str, Any] = {} if asks is None else {"context": context, "question": asks}
        return _settled_as(input, module, found, "quarantine", why=built.reason, **more)
    proposal = built.proposal(work.ids.new(), module.ref, "remembered" if before else "built")
    return _settled_as(
        input, module, found, "propose", proposal=proposal, doubtful=built.doubtful, context=context, question=asks
    )


def _rejection(review: RowMapping) -> Rejection:
    return Rejection(review["id"], review["decided_by"], review["decided_at"], review["reason"] or "")


def _settled_as(
    input: SettleInput,
    module: ResolvedModule,
    found: Look,
    decision: Decision,
    *,
    why: str = "",
    rejected: Rejection | None = None,
    doubtful: tuple[str, ...] = (),
    **more: Any,
) -> _Settled:
    differences = looking.recorded(found, module, input.group.dataset.table_schema, decision, doubtful)
    report = write(module.ref.name, input.policy.mode, decision, differences, why, rejected)
    if rejected is not None:
        more["context"] = {"rejected": rejected.document()}
    return _Settled(report, doubtful=doubtful, **more)


def _question(chosen: Chosen, module: ResolvedModule) -> str:
    if chosen.offered:
        asked = [
            f"Which column carries {name}: {' or '.join(others[:5])}?"
            for name, others in list(chosen.offered.items())[:3]
        ]
        return " ".join(asked)
    return f"May a version of {module.ref.name} take what came like this, and may it be loaded?"


async def _accept(
    work: UnitOfWork, input: SettleInput, module: ResolvedModule, known: Known, version: Version | None
) -> None:
    scope, group = input.scope, input.group
    facts = remember(known.facts, group.facts)
    if facts != known.facts:
        await repository.remember_facts(work, scope.workflow_id, input.stream, scope.run_id, facts, work.clock.now())
    if group.sample is not None:
        contract = version.input_contract if version is not None and version.input_contract else module.input_contract
        accepted = Accepted(group.sample, group.facts)
        await knowledge.accept_input(
            work, scope.workflow_id, input.stream, contract.fingerprint, accepted, scope.run_id
        )


async def _record(
    work: UnitOfWork, input: SettleInput, module: ResolvedModule, key: str, settled: _Settled
) -> SettleResult | None:
    """Store the report and publish the fact; None when another attempt stored one first."""
    scope, report = input.scope, settled.report
    if report.decision == "proceed" and not report.differences:
        return PROCEED
    answer = SettleResult(
        decision=_as_told(report.decision),
        version=None if settled.version is None else settled.version.ref,
        proposal=settled.proposal,
        report_id=work.ids.new(),
        summary=report.summary,
        advice=report.advice,
        question=settled.question,
    )
    added = await repository.add_report(
        work,
        {
            "id": answer.report_id,
            "run_id": scope.run_id,
            "workflow_id": scope.workflow_id,
            "workflow": scope.workflow,
            "stream": input.stream,
            "input_key": key,
            "module": module.ref.name,
            "module_version": module.ref.version or None,
            "module_hash": module.ref.content_hash or None,
            "mode": input.policy.mode,
            "decision": report.decision,
            "fingerprint": input.group.dataset.table_schema.fingerprint,
            "incoming": input.group.dataset.table_schema.model_dump(mode="json"),
            "contract": module.input_contract.model_dump(mode="json"),
            "facts": input.group.facts.model_dump(mode="json"),
            "changes": report.documents(),
            "summary": report.summary,
            "advice": report.advice,
            "created_at": work.clock.now(),
            "answer": answer.model_dump(mode="json"),
            "context": settled.context,
        },
    )
    if not added or answer.report_id is None:
        return None
    if settled.proposal is not None:
        await knowledge.add_proposal(work, answer.report_id, settled.proposal, settled.doubtful)
    await work.publish(
        DriftDetected(
            report_id=answer.report_id,
            run_id=scope.run_id,
            workflow_id=scope.workflow_id,
            workflow=scope.workflow,
            module=module.ref.name,
            stream=input.stream,
            decision=report.decision,
            changes=report.changes,
            summary=report.summary,
            advice=report.advice,
        ),
        key=scope.workflow_id,
        run=scope.run_id,
    )
    return answer


def _as_told(decision: Decision) -> Literal["proceed", "quarantine", "fail"]:
    """What a run is told: whoever knows nothing of proposals sets the input aside."""
    return "quarantine" if decision == "propose" else decision


def _stored(row: RowMapping) -> SettleResult:
    if row["answer"] is not None:
        return SettleResult.model_validate(row["answer"])
    # A report of before answers were kept whole.
    report = Report(
        differences=tuple(restore(stored) for stored in row["changes"]),
        decision=row["decision"],
        summary=row["summary"],
        advice=row["advice"],
    )
    return SettleResult(
        decision=_as_told(report.decision),
        report_id=row["id"],
        summary=report.summary,
        advice=report.advice,
    )
