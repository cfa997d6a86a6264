"""What is remembered from run to run, in PostgreSQL: accepted inputs, versions, settled changes, proposals."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.adaptation import Judged, Proposal
from contracts.data import DatasetRef, FormatFacts, Schema
from contracts.workflow import ModuleVersionRef
from services.chassis.database import UnitOfWork
from services.schema_drift.tables import (
    accepted_inputs,
    drift_proposals,
    known_versions,
    model_answers,
    settled_changes,
)


@dataclass(frozen=True)
class Accepted:
    """The input that was accepted last under a contract."""

    sample: DatasetRef
    facts: FormatFacts


def input_of(report: RowMapping) -> Accepted | None:
    """The input that a report speaks of, where a sample of it was kept."""
    sample = (report["context"] or {}).get("sample")
    if sample is None:
        return None
    return Accepted(DatasetRef.model_validate(sample), FormatFacts.model_validate(report["facts"]))


async def accepted_input(work: UnitOfWork, workflow_id: UUID, stream: str, contract: str) -> Accepted | None:
    """The input last accepted under the contract of this fingerprint."""
    table = accepted_inputs
    found = await work.connection.execute(
        select(table.c.sample, table.c.facts).where(
            table.c.tenant == work.tenant,
            table.c.workflow_id == workflow_id,
            table.c.stream == stream,
            table.c.contract == contract,
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return Accepted(DatasetRef.model_validate(row["sample"]), FormatFacts.model_validate(row["facts"]))


async def accept_input(
    work: UnitOfWork, workflow_id: UUID, stream: str, contract: str, accepted: Accepted, run_id: UUID
) -> None:
    """Compare the next input under this contract with this one."""
    values = {
        "sample": accepted.sample.model_dump(mode="json"),
        "facts": accepted.facts.model_dump(mode="json"),
        "run_id": run_id,
        "accepted_at": work.clock.now(),
    }
    await work.connection.execute(
        insert(accepted_inputs)
        .values(tenant=work.tenant, workflow_id=workflow_id, stream=stream, contract=contract, **values)
        .on_conflict_do_update(index_elements=["tenant", "workflow_id", "stream", "contract"], set_=values)
    )


@dataclass(frozen=True)
class Version:
    """A version of a module, as its publishing said."""

    ref: ModuleVersionRef
    input_contract: Schema | None
    output_fingerprint: str
    adapts: int | None
    withdrawn: bool


async def versions_of(work: UnitOfWork, module_id: UUID) -> list[Version]:
    """The versions of a module that are known here, newest first."""
    table = known_versions
    found = await work.connection.execute(
        select(table)
        .where(table.c.tenant == work.tenant, table.c.module_id == module_id)
        .order_by(table.c.version.desc())
    )
    return [
        Version(
            ref=ModuleVersionRef(
                module_id=str(module_id), name=row["name"], version=row["version"], content_hash=row["content_hash"]
            ),
            input_contract=None if row["input_contract"] is None else Schema.model_validate(row["input_contract"]),
            output_fingerprint=row["output_fingerprint"],
            adapts=row["adapts"],
            withdrawn=row["withdrawn"],
        )
        for row in found.mappings()
    ]


async def know_version(work: UnitOfWork, ref: ModuleVersionRef, output: str, **values: Any) -> None:
    """Note a version, or what is new about it (`input_contract`, `adapts`)."""
    await work.connection.execute(
        insert(known_versions)
        .values(
            tenant=work.tenant,
            module_id=UUID(ref.module_id),
            version=ref.version,
            name=ref.name,
            content_hash=ref.content_hash,
            output_fingerprint=output,
            withdrawn=False,
            **values,
        )
        .on_conflict_do_update(
            index_elements=["tenant", "module_id", "version"],
            set_={name: value for name, value in values.items() if value is not None} | {"name": ref.name},
        )
    )


async def withdraw_versions(work: UnitOfWork, module_id: UUID, above: int, upto: int) -> None:
    """No run takes these by itself any more; the one that is current again is taken."""
    table = known_versions
    own = (table.c.tenant == work.tenant) & (table.c.module_id == module_id)
    await work.connection.execute(
        update(table).where(own, table.c.version > above, table.c.version <= upto).values(withdrawn=True)
    )
    await work.connection.execute(update(table).where(own, table.c.version == above).values(withdrawn=False))


async def forget_versions(work: UnitOfWork, module_id: UUID, version: int | None = None) -> None:
    """A version is retired, or a module is gone."""
    table = known_versions
    query = delete(table).where(table.c.tenant == work.tenant, table.c.module_id == module_id)
    await work.connection.execute(query if version is None else query.where(table.c.version == version))


async def settled_mapping(work: UnitOfWork, change_key: str) -> tuple[dict[str, str], bool] | None:
    """The mapping by which this very change was settled before, and whether a person stood behind it."""
    table = settled_changes
    found = await work.connection.execute(
        select(table.c.mapping, table.c.by_a_person).where(
            table.c.tenant == work.tenant, table.c.change_key == change_key
        )
    )
    row = found.mappings().one_or_none()
    return None if row is None else (dict(row["mapping"]), row["by_a_person"])


async def settle_change(
    work: UnitOfWork, change_key: str, mapping: dict[str, str], proposal_id: UUID, *, by_a_person: bool
) -> None:
    """Remember how a change was settled."""
    values = {
        "mapping": mapping,
        "proposal_id": proposal_id,
        "by_a_person": by_a_person,
        "settled_at": work.clock.now(),
    }
    await work.connection.execute(
        insert(settled_changes)
        .values(tenant=work.tenant, change_key=change_key, **values)
        .on_conflict_do_update(index_elements=["tenant", "change_key"], set_=values)
    )


async def add_proposal(work: UnitOfWork, report_id: UUID, proposal: Proposal, doubtful: tuple[str, ...]) -> None:
    """Store a proposal; again, nothing happens."""
    await work.connection.execute(
        insert(drift_proposals)
        .values(
            id=proposal.proposal_id,
            tenant=work.tenant,
            report_id=report_id,
            proposal=proposal.model_dump(mode="json"),
            doubtful=list(doubtful),
            created_at=work.clock.now(),
        )
        .on_conflict_do_nothing()
    )


async def get_proposal(work: UnitOfWork, proposal_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One proposal with what became of it; locked, it stays so until this transaction ends."""
    query = select(drift_proposals).where(drift_proposals.c.tenant == work.tenant, drift_proposals.c.id == proposal_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def model_answer(work: UnitOfWork, report_id: UUID) -> RowMapping | None:
    """What a model answered when it was asked about a report."""
    table = model_answers
    found = await work.connection.execute(
        select(table).where(table.c.tenant == work.tenant, table.c.report_id == report_id)
    )
    return found.mappings().one_or_none()


async def add_model_answer(work: UnitOfWork, report_id: UUID, **values: Any) -> None:
    """Keep what a model answered."""
    now = work.clock.now()
    await work.connection.execute(
        insert(model_answers).values(tenant=work.tenant, report_id=report_id, answered_at=now, **values)
    )


async def note_judged(work: UnitOfWork, proposal_id: UUID, judged: Judged) -> None:
    """Keep the answer about a proposal."""
    await _change(work, proposal_id, judged=judged.model_dump(mode="json"))


async def note_published(work: UnitOfWork, proposal_id: UUID, published: ModuleVersionRef) -> None:
    """Keep the version that a proposal became."""
    await _change(work, proposal_id, published=published.model_dump(mode="json"))


async def _change(work: UnitOfWork, proposal_id: UUID, **values: Any) -> None:
    await work.connection.execute(
        update(drift_proposals)
        .where(drift_proposals.c.tenant == work.tenant, drift_proposals.c.id == proposal_id)
        .values(**values)
    )
