"""Connections and their sealed secrets in PostgreSQL."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import UnitOfWork
from services.connector.tables import connection_secrets, connections


async def add(work: UnitOfWork, values: dict[str, Any]) -> bool:
    """Make a connection; False when there is one of that name."""
    now = work.clock.now()
    found = await work.connection.execute(
        insert(connections)
        .values(tenant=work.tenant, version=1, created_at=now, updated_at=now, **values)
        .on_conflict_do_nothing(constraint="connections_name")
        .returning(connections.c.id)
    )
    return found.first() is not None


async def get(work: UnitOfWork, name: str, *, lock: bool = False) -> RowMapping | None:
    """A connection by name."""
    query = select(connections).where(connections.c.tenant == work.tenant, connections.c.name == name)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def page(work: UnitOfWork, *, after: str | None, limit: int) -> list[RowMapping]:
    """Connections by name."""
    query = select(connections).where(connections.c.tenant == work.tenant)
    if after is not None:
        query = query.where(connections.c.name > after)
    found = await work.connection.execute(query.order_by(connections.c.name).limit(limit))
    return list(found.mappings())


async def change(work: UnitOfWork, connection_id: UUID, settings: dict[str, Any]) -> RowMapping:
    """New settings, and a new version."""
    found = await work.connection.execute(
        update(connections)
        .where(connections.c.tenant == work.tenant, connections.c.id == connection_id)
        .values(settings=settings, version=connections.c.version + 1, updated_at=work.clock.now())
        .returning(connections)
    )
    changed: RowMapping = found.mappings().one()
    return changed


async def remove(work: UnitOfWork, connection_id: UUID) -> None:
    """Remove a connection with its secrets."""
    await work.connection.execute(
        delete(connections).where(connections.c.tenant == work.tenant, connections.c.id == connection_id)
    )


async def secrets_of(work: UnitOfWork, connection_ids: Iterable[UUID]) -> list[RowMapping]:
    """The sealed secrets of connections."""
    found = await work.connection.execute(
        select(connection_secrets)
        .where(connection_secrets.c.tenant == work.tenant, connection_secrets.c.connection_id.in_(list(connection_ids)))
        .order_by(connection_secrets.c.field)
    )
    return list(found.mappings())


async def put_secret(work: UnitOfWork, connection_id: UUID, field: str, version: int, sealed: bytes) -> None:
    """Keep a sealed secret in place of the one that was there."""
    values = {"version": version, "sealed": sealed, "changed_at": work.clock.now()}
    await work.connection.execute(
        insert(connection_secrets)
        .values(tenant=work.tenant, connection_id=connection_id, field=field, **values)
        .on_conflict_do_update(index_elements=["connection_id", "field"], set_=values)
    )


async def drop_secrets(work: UnitOfWork, connection_id: UUID, fields: Iterable[str]) -> None:
    """Forget secrets."""
    await work.connection.execute(
        delete(connection_secrets).where(
            connection_secrets.c.tenant == work.tenant,
            connection_secrets.c.connection_id == connection_id,
            connection_secrets.c.field.in_(list(fields)),
        )
    )
