"""What schema_drift reads and writes in PostgreSQL; every function works in a unit of work of one tenant."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.data import FormatFacts
from services.chassis.database import UnitOfWork
from services.schema_drift.tables import accepted_formats, drift_reports, quarantine_entries

# Columns of a report that are large; a list does without them.
_LARGE = {"incoming", "contract", "facts"}


async def find_report(work: UnitOfWork, run_id: UUID, stream: str, input_key: str) -> RowMapping | None:
    """The report of an input of a run, if one was made."""
    found = await work.connection.execute(
        select(drift_reports).where(
            drift_reports.c.tenant == work.tenant,
            drift_reports.c.run_id == run_id,
            drift_reports.c.stream == stream,
            drift_reports.c.input_key == input_key,
        )
    )
    return found.mappings().one_or_none()


async def add_report(work: UnitOfWork, values: dict[str, Any]) -> bool:
    """Store a report; False when another attempt was first."""
    added = await work.connection.execute(
        insert(drift_reports)
        .values(tenant=work.tenant, **values)
        .on_conflict_do_nothing(constraint="drift_reports_once")
        .returning(drift_reports.c.id)
    )
    return added.scalar_one_or_none() is not None


async def get_report(work: UnitOfWork, report_id: UUID) -> RowMapping | None:
    """One report, whole."""
    found = await work.connection.execute(
        select(drift_reports).where(drift_reports.c.tenant == work.tenant, drift_reports.c.id == report_id)
    )
    return found.mappings().one_or_none()


async def list_reports(
    work: UnitOfWork, *, workflow: str | None, run_id: UUID | None, after: UUID | None, limit: int
) -> list[RowMapping]:
    """Reports, newest first."""
    table = drift_reports
    query = select(*(column for column in table.c if column.name not in _LARGE)).where(table.c.tenant == work.tenant)
    if workflow is not None:
        query = query.where(table.c.workflow == workflow)
    if run_id is not None:
        query = query.where(table.c.run_id == run_id)
    if after is not None:
        query = query.where(table.c.id < after)
    found = await work.connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return list(found.mappings())


async def accepted_facts(work: UnitOfWork, workflow_id: UUID, stream: str) -> FormatFacts | None:
    """The form of the inputs accepted so far on a stream."""
    found = await work.connection.execute(
        select(accepted_formats.c.facts).where(
            accepted_formats.c.tenant == work.tenant,
            accepted_formats.c.workflow_id == workflow_id,
            accepted_formats.c.stream == stream,
        )
    )
    stored = found.scalar_one_or_none()
    return None if stored is None else FormatFacts.model_validate(stored)


async def remember_facts(
    work: UnitOfWork, workflow_id: UUID, stream: str, run_id: UUID, facts: FormatFacts, now: datetime
) -> None:
    """Note the form of an accepted input."""
    values = {"facts": facts.model_dump(mode="json"), "run_id": run_id, "accepted_at": now}
    await work.connection.execute(
        insert(accepted_formats)
        .values(tenant=work.tenant, workflow_id=workflow_id, stream=stream, **values)
        .on_conflict_do_update(index_elements=["tenant", "workflow_id", "stream"], set_=values)
    )


async def add_entry(work: UnitOfWork, values: dict[str, Any]) -> UUID | None:
    """Open a quarantine entry; None when an earlier attempt did."""
    added = await work.connection.execute(
        insert(quarantine_entries)
        .values(tenant=work.tenant, **values)
        .on_conflict_do_nothing(constraint="quarantine_entries_once")
        .returning(quarantine_entries.c.id)
    )
    entry: UUID | None = added.scalar_one_or_none()
    return entry


async def find_entry(work: UnitOfWork, run_id: UUID, stream: str, what: str, identity: str) -> UUID:
    """The entry that an earlier attempt opened."""
    table = quarantine_entries
    found = await work.connection.execute(
        select(table.c.id).where(
            table.c.tenant == work.tenant,
            table.c.run_id == run_id,
            table.c.stream == stream,
            table.c.what == what,
            table.c.identity == identity,
        )
    )
    entry: UUID = found.scalar_one()
    return entry


async def get_entry(work: UnitOfWork, entry_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One entry; locked, it stays as it is until this transaction ends."""
    query = select(quarantine_entries).where(
        quarantine_entries.c.tenant == work.tenant, quarantine_entries.c.id == entry_id
    )
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def list_entries(
    work: UnitOfWork, *, state: str | None, workflow: str | None, run_id: UUID | None, after: UUID | None, limit: int
) -> list[RowMapping]:
    """Entries, newest first."""
    table = quarantine_entries
    query = select(table).where(table.c.tenant == work.tenant)
    if state is not None:
        query = query.where(table.c.state == state)
    if workflow is not None:
        query = query.where(table.c.workflow == workflow)
    if run_id is not None:
        query = query.where(table.c.run_id == run_id)
    if after is not None:
        query = query.where(table.c.id < after)
    found = await work.connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return list(found.mappings())


async def change_entry(work: UnitOfWork, entry_id: UUID, **values: Any) -> RowMapping:
    """Change an entry that was locked before, and give it back."""
    changed = await work.connection.execute(
        update(quarantine_entries)
        .where(quarantine_entries.c.tenant == work.tenant, quarantine_entries.c.id == entry_id)
        .values(**values)
        .returning(quarantine_entries)
    )
    row: RowMapping = changed.mappings().one()
    return row


async def waiting_for(work: UnitOfWork, module: str, most: int = 1_000) -> list[RowMapping]:
    """Open files that were set aside because they did not fit this module, in the order in which they came."""
    entries, reports = quarantine_entries, drift_reports
    found = await work.connection.execute(
        select(entries.c.id, reports.c.incoming, reports.c.contract, reports.c.module_version, reports.c.changes)
        .join(reports, (reports.c.tenant == entries.c.tenant) & (reports.c.id == entries.c.report_id))
        .where(
            entries.c.tenant == work.tenant,
            entries.c.state == "open",
            entries.c.what == "file",
            entries.c.reason == "drift",
            entries.c.corrected_uri.is_(None),
            reports.c.module == module,
        )
        .order_by(entries.c.id)
        .limit(most)
        .with_for_update(of=entries)
    )
    return list(found.mappings())
