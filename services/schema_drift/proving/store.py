"""Proofs as documents: what was asked, what came of it, the verdict; and the proofs that were made again beside it."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once

from contracts.adaptation import Consumer, Evidence, Origin, Proof, Proposal
from contracts.commands.schema_drift import RecordReplayInput
from contracts.commands.transform import ProveInput
from contracts.data import Contract, Schema
from contracts.events.drift import ReplayRequested
from services.chassis.database import UnitOfWork
from services.chassis.problems import not_found
from services.schema_drift.proving.judge import judge
from services.schema_drift.tables import drift_proof_replays, drift_proofs

MAX_MESSAGE = 2_000
_DIGESTED = ("asked", "terms", "evidence", "checks", "verdict")


class Terms(Contract):
    """By what a proof was judged beside its evidence, and how it is shown."""

    contract: Schema
    keys: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    steps: tuple[str, ...] = ()  # what adapts, in English
    masked: tuple[str, ...] = ()  # columns whose values nobody is shown
    origin: Origin | None = None  # whose proposal was proven; proofs of before do not say


async def store_proof(
    work: UnitOfWork,
    asked: ProveInput,
    evidence: Evidence,
    proof: Proof,
    *,
    report_id: UUID,
    proposal: Proposal,
    contract: Schema,
    keys: Sequence[str] = (),
    needed: Sequence[str] = (),
    steps: Sequence[str] = (),
    masked: Sequence[str] = (),
) -> UUID:
    """Keep a proof; the same proposal on the same evidence is one proof."""
    terms = Terms(
        contract=contract,
        keys=tuple(keys),
        needed=tuple(needed),
        consumers=evidence.consumers,
        steps=tuple(steps),
        masked=tuple(masked),
        origin=proposal.origin,
    )
    held: dict[str, Any] = {
        "asked": asked.model_dump(mode="json"),
        "terms": terms.model_dump(mode="json"),
        "evidence": evidence.model_dump(mode="json"),
        "checks": [check.model_dump(mode="json") for check in proof.checks],
        "verdict": proof.verdict,
    }
    digest = _digest(held)
    added = await work.connection.execute(
        insert_once(drift_proofs)
        .values(
            id=work.ids.new(),
            tenant=work.tenant,
            report_id=report_id,
            proposal_id=proposal.proposal_id,
            run_id=asked.scope.run_id,
            workflow_id=asked.scope.workflow_id,
            workflow=asked.scope.workflow,
            module=proposal.base.name,
            base_version=proposal.base.version,
            digest=digest,
            history=proof.history,
            made_at=work.clock.now(),
            **held,
        )
        .on_conflict_do_nothing(constraint="drift_proofs_once")
        .returning(drift_proofs.c.id)
    )
    made: UUID | None = added.scalar_one_or_none()
    if made is not None:
        return made
    found = await work.connection.execute(
        select(drift_proofs.c.id).where(
            drift_proofs.c.tenant == work.tenant,
            drift_proofs.c.report_id == report_id,
            drift_proofs.c.proposal_id == proposal.proposal_id,
            drift_proofs.c.digest == digest,
        )
    )
    earlier: UUID = found.scalar_one()
    return earlier


def is_intact(proof: RowMapping) -> bool:
    """Whether a stored proof still says what it was made with: nobody changed it underneath."""
    return bool(_digest(dict(proof)) == proof["digest"])


def _digest(held: dict[str, Any]) -> str:
    text = json.dumps({name: held[name] for name in _DIGESTED}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def get_proof(work: UnitOfWork, proof_id: UUID) -> RowMapping:
    """One proof, whole; raises a problem where there is none."""
    found = await work.connection.execute(
        select(drift_proofs).where(drift_proofs.c.tenant == work.tenant, drift_proofs.c.id == proof_id)
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise not_found()
    return row


async def replays_of(work: UnitOfWork, proof_id: UUID) -> list[RowMapping]:
    """The replays of a proof, the newest last."""
    table = drift_proof_replays
    found = await work.connection.execute(
        select(table).where(table.c.tenant == work.tenant, table.c.proof_id == proof_id).order_by(table.c.id)
    )
    return list(found.mappings())


async def ask_replay(work: UnitOfWork, proof_id: UUID, by: UUID) -> RowMapping:
    """Ask that a proof is made again; the one that is under way answers for all who ask meanwhile."""
    proof = await get_proof(work, proof_id)
    running = [row for row in await replays_of(work, proof_id) if row["state"] == "running"]
    if running:
        return running[-1]
    added = await work.connection.execute(
        insert(drift_proof_replays)
        .values(
            id=work.ids.new(),
            tenant=work.tenant,
            proof_id=proof_id,
            state="running",
            asked_by=by,
            asked_at=work.clock.now(),
        )
        .returning(drift_proof_replays)
    )
    row: RowMapping = added.mappings().one()
    event = ReplayRequested(replay_id=row["id"], proof_id=proof_id, workflow=proof["workflow"], requested_by=by)
    await work.publish(event, key=proof["workflow_id"])
    return row


async def asked_of(work: UnitOfWork, proof_id: UUID) -> ProveInput:
    """What a proof was made of."""
    return ProveInput.model_validate((await get_proof(work, proof_id))["asked"])


async def record_replay(work: UnitOfWork, said: RecordReplayInput) -> None:
    """What came of a replay, judged as the proof was; once, however often it is said."""
    table = drift_proof_replays
    found = await work.connection.execute(
        select(table).where(table.c.tenant == work.tenant, table.c.id == said.replay_id).with_for_update()
    )
    row = found.mappings().one_or_none()
    if row is None or row["state"] != "running":
        return
    values: dict[str, Any] = {"answered_at": work.clock.now()}
    if said.result is None:
        message = (said.message or "It could not be made again.")[:MAX_MESSAGE]
        values |= {"state": "failed", "code": (said.code or "failed")[:100], "message": message}
    else:
        first = await get_proof(work, row["proof_id"])
        terms = Terms.model_validate(first["terms"])
        evidence = Evidence(replays=said.result.replays, incoming=said.result.incoming, consumers=terms.consumers)
        proof = judge(evidence, contract=terms.contract, keys=terms.keys, needed=terms.needed)
        checks = [check.model_dump(mode="json") for check in proof.checks]
        values |= {
            "state": "done",
            "verdict": proof.verdict,
            "same": is_intact(first)
            and proof.verdict == first["verdict"]
            and _passed(checks) == _passed(first["checks"]),
            "checks": checks,
        }
    await work.connection.execute(
        update(table).where(table.c.tenant == work.tenant, table.c.id == said.replay_id).values(**values)
    )


def _passed(checks: Sequence[dict[str, Any]]) -> dict[str, bool]:
    return {check["name"]: check["passed"] for check in checks}
