"""Watches and what they have seen in PostgreSQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import SystemWork, UnitOfWork
from services.connector.tables import seen_objects, watches

_FORGET = text(
    "DELETE FROM seen_objects WHERE tenant = :tenant AND trigger_id = :trigger AND seen_at < :before"
    " AND identity = ANY(CAST(:identities AS text[])) RETURNING identity"
)
_SEE = text(
    "INSERT INTO seen_objects (tenant, trigger_id, identity, seen_at)"
    " SELECT :tenant, :trigger, identity, :now FROM unnest(CAST(:identities AS text[])) AS identity"
    " ON CONFLICT DO NOTHING RETURNING identity"
)


async def get(work: UnitOfWork, trigger_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """A watch."""
    query = select(watches).where(watches.c.tenant == work.tenant, watches.c.trigger_id == trigger_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def put(work: UnitOfWork, trigger_id: UUID, values: dict[str, Any]) -> None:
    """Make or change a watch."""
    await work.connection.execute(
        insert(watches)
        .values(tenant=work.tenant, trigger_id=trigger_id, **values)
        .on_conflict_do_update(index_elements=["trigger_id"], set_=values)
    )


async def remove(work: UnitOfWork, trigger_id: UUID) -> None:
    """Forget a watch and what it has seen."""
    await work.connection.execute(
        delete(watches).where(watches.c.tenant == work.tenant, watches.c.trigger_id == trigger_id)
    )


async def remove_workflow(work: UnitOfWork, workflow_id: UUID) -> None:
    """Forget the watches of a workflow."""
    await work.connection.execute(
        delete(watches).where(watches.c.tenant == work.tenant, watches.c.workflow_id == workflow_id)
    )


async def enabled(work: SystemWork) -> Sequence[RowMapping]:
    """All watches of all tenants that are on."""
    found = await work.connection.execute(select(watches).where(watches.c.enabled))
    return list(found.mappings())


async def known(work: UnitOfWork, trigger_id: UUID) -> set[str]:
    """What a watch has seen."""
    found = await work.connection.execute(
        select(seen_objects.c.identity).where(
            seen_objects.c.tenant == work.tenant, seen_objects.c.trigger_id == trigger_id
        )
    )
    return set(found.scalars())


async def see(work: UnitOfWork, trigger_id: UUID, identities: Iterable[str]) -> set[str]:
    """Note what is seen; returns those that were not known, of which somebody has to be told."""
    found = await work.connection.execute(
        _SEE,
        {
            "tenant": work.tenant,
            "trigger": trigger_id,
            "now": work.clock.now(),
            "identities": sorted(identities),
        },
    )
    return set(found.scalars())


async def forget(work: UnitOfWork, trigger_id: UUID, identities: Iterable[str], before: datetime) -> set[str]:
    """Remove what was seen before that moment, of these; returns what was removed."""
    found = await work.connection.execute(
        _FORGET,
        {"tenant": work.tenant, "trigger": trigger_id, "before": before, "identities": sorted(identities)},
    )
    return set(found.scalars())


async def based(work: UnitOfWork, trigger_id: UUID, at: datetime) -> None:
    """The watch has listed what was there at its beginning."""
    await work.connection.execute(
        update(watches)
        .where(watches.c.tenant == work.tenant, watches.c.trigger_id == trigger_id)
        .values(baseline_at=at)
    )
