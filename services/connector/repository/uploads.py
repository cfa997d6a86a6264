"""Uploaded files in PostgreSQL; their bytes are blobs of the platform's store."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select

from services.chassis.database import UnitOfWork
from services.connector.tables import uploads


async def add(work: UnitOfWork, values: dict[str, Any]) -> RowMapping:
    """Note a file."""
    found = await work.connection.execute(
        insert(uploads).values(tenant=work.tenant, created_at=work.clock.now(), **values).returning(uploads)
    )
    row: RowMapping = found.mappings().one()
    return row


async def get(work: UnitOfWork, upload_id: UUID) -> RowMapping | None:
    """One file."""
    found = await work.connection.execute(
        select(uploads).where(uploads.c.tenant == work.tenant, uploads.c.id == upload_id)
    )
    return found.mappings().one_or_none()


async def page(work: UnitOfWork, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """Files, newest first."""
    query = select(uploads).where(uploads.c.tenant == work.tenant)
    if after is not None:
        query = query.where(uploads.c.id < after)
    found = await work.connection.execute(query.order_by(uploads.c.id.desc()).limit(limit))
    return list(found.mappings())
