"""Receipts of triggers in PostgreSQL: the place where two equal triggers find out that they are one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import SystemWork, UnitOfWork
from services.orchestrator.tables import trigger_receipts

_FORGET = text(
    "DELETE FROM trigger_receipts WHERE ctid = ANY(ARRAY(SELECT t.ctid FROM trigger_receipts t"
    " WHERE t.received_at < :before AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = t.run_id"
    " AND r.state IN ('requested', 'running')) ORDER BY t.received_at LIMIT :most))"
)


async def add_receipt(
    work: UnitOfWork,
    source: str,
    dedupe_key: str,
    *,
    run_id: UUID | None,
    body_hash: bytes | None = None,
    version_id: str | None = None,
    now: datetime,
) -> bool:
    """Write a receipt; False when there is one. Waits for a transaction that is just writing the same."""
    added = await work.connection.execute(
        insert(trigger_receipts)
        .values(
            tenant=work.tenant,
            source=source,
            dedupe_key=dedupe_key,
            run_id=run_id,
            body_hash=body_hash,
            version_id=version_id,
            received_at=now,
        )
        .on_conflict_do_nothing()
        .returning(trigger_receipts.c.source)
    )
    return added.scalar_one_or_none() is not None


async def get_receipt(work: UnitOfWork, source: str, dedupe_key: str) -> RowMapping:
    """A receipt that is known to be there, locked against changes by others."""
    found = await work.connection.execute(
        select(trigger_receipts)
        .where(
            trigger_receipts.c.tenant == work.tenant,
            trigger_receipts.c.source == source,
            trigger_receipts.c.dedupe_key == dedupe_key,
        )
        .with_for_update()
    )
    return found.mappings().one()


async def name_version(work: UnitOfWork, source: str, dedupe_key: str, version_id: str) -> None:
    """Note which version of an object a receipt that was written by content turned out to mean."""
    await work.connection.execute(
        update(trigger_receipts)
        .where(
            trigger_receipts.c.tenant == work.tenant,
            trigger_receipts.c.source == source,
            trigger_receipts.c.dedupe_key == dedupe_key,
        )
        .values(version_id=version_id)
    )


async def forget(system: SystemWork, before: datetime, most: int) -> int:
    """Remove old receipts of all tenants, except of runs that have not ended; how many."""
    return (await system.connection.execute(_FORGET, {"before": before, "most": most})).rowcount
