"""Settling an input: compare, decide, record, say so; asked again, it gives the answer it gave before."""

import asyncio
import hashlib
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.schema_drift import SettleInput, SettleResult
from contracts.data import FormatFacts, Schema
from contracts.events.drift import DriftDetected
from services.chassis.database import UnitOfWork
from services.schema_drift import repository
from services.schema_drift.deciding.modes import decide
from services.schema_drift.detecting.schemas import detect, remember
from services.schema_drift.report import Report, restore, write

PROCEED = SettleResult(decision="proceed")


def input_key(incoming: Schema, facts: FormatFacts) -> str:
    """What tells the inputs of a run apart: their columns and their form."""
    return f"{incoming.fingerprint}-{hashlib.sha256(facts.model_dump_json().encode()).hexdigest()[:16]}"


async def settle(work: UnitOfWork, input: SettleInput) -> SettleResult:
    """Decide about one group of objects of a run, in one transaction with the record of it."""
    if input.contract is None:
        return PROCEED
    scope, incoming, facts = input.scope, input.group.dataset.table_schema, input.group.facts
    key = input_key(incoming, facts)
    # The stored answer first: what was accepted meanwhile must not change it.
    stored = await repository.find_report(work, scope.run_id, input.stream, key)
    if stored is not None:
        return _result(stored["id"], _report_of(stored))
    accepted = await repository.accepted_facts(work, scope.workflow_id, input.stream)
    # Hundreds of unlike names take a while to compare, and others want this loop meanwhile.
    found = await asyncio.to_thread(detect, incoming, input.contract, facts, accepted)
    decision = decide(input.policy.mode, found)
    if found:
        report = write(input.module.name if input.module else "", input.policy.mode, decision, found)
        report_id = await _record(work, input, key, report)
        if report_id is None:
            stored = await repository.find_report(work, scope.run_id, input.stream, key)
            assert stored is not None  # noqa: S101 - another attempt's row is what stood in the way
            return _result(stored["id"], _report_of(stored))
        answer = _result(report_id, report)
    else:
        answer = PROCEED
    if decision == "proceed":
        known = remember(accepted, facts)
        if known != accepted:
            await repository.remember_facts(
                work, scope.workflow_id, input.stream, scope.run_id, known, work.clock.now()
            )
    return answer


async def _record(work: UnitOfWork, input: SettleInput, key: str, report: Report) -> UUID | None:
    """Store the report and publish the fact; None when another attempt stored one first."""
    scope, module = input.scope, input.module
    assert input.contract is not None  # noqa: S101 - the caller looked
    report_id = work.ids.new()
    added = await repository.add_report(
        work,
        {
            "id": report_id,
            "run_id": scope.run_id,
            "workflow_id": scope.workflow_id,
            "workflow": scope.workflow,
            "stream": input.stream,
            "input_key": key,
            "module": module.name if module else "",
            "module_version": module.version if module else None,
            "module_hash": module.content_hash if module else None,
            "mode": input.policy.mode,
            "decision": report.decision,
            "fingerprint": input.group.dataset.table_schema.fingerprint,
            "incoming": input.group.dataset.table_schema.model_dump(mode="json"),
            "contract": input.contract.model_dump(mode="json"),
            "facts": input.group.facts.model_dump(mode="json"),
            "changes": report.documents(),
            "summary": report.summary,
            "advice": report.advice,
            "created_at": work.clock.now(),
        },
    )
    if not added:
        return None
    await work.publish(
        DriftDetected(
            report_id=report_id,
            run_id=scope.run_id,
            workflow_id=scope.workflow_id,
            workflow=scope.workflow,
            module=module.name if module else "",
            stream=input.stream,
            decision=report.decision,
            changes=report.changes,
            summary=report.summary,
            advice=report.advice,
        ),
        key=scope.workflow_id,
        run=scope.run_id,
    )
    return report_id


def _report_of(row: RowMapping) -> Report:
    return Report(
        differences=tuple(restore(stored) for stored in row["changes"]),
        decision=row["decision"],
        summary=row["summary"],
        advice=row["advice"],
    )


def _result(report_id: UUID, report: Report) -> SettleResult:
    return SettleResult(
        decision=report.decision,
        report_id=report_id,
        summary=report.summary,
        advice=report.advice,
    )
