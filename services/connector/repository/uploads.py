"""What was sent to the platform, and when it was last wanted, in PostgreSQL; the bytes are in the object store."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import SystemWork, UnitOfWork
from services.connector.tables import uploads

# How exactly it is known when an upload was last used: a row is not written for every read.
_NEARLY = timedelta(hours=1)


async def lock(work: UnitOfWork, sha256: str) -> None:
    """Nobody else keeps or removes this content until this transaction ends."""
    key = func.hashtextextended(f"upload {work.tenant} {sha256}", 0)
    await work.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def put(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Note a file that was sent; sent again, it has been used now."""
    now = work.clock.now()
    await work.connection.execute(
        insert(uploads)
        .values(tenant=work.tenant, id=work.ids.new(), created_at=now, used_at=now, **values)
        .on_conflict_do_update(index_elements=["tenant", "sha256", "name"], set_={"used_at": now})
    )


async def use(work: UnitOfWork, sha256: str, name: str) -> None:
    """Note that a file was read."""
    now = work.clock.now()
    await work.connection.execute(
        update(uploads).where(*_is(work, sha256, name), uploads.c.used_at < now - _NEARLY).values(used_at=now)
    )


async def get(work: UnitOfWork, sha256: str, name: str) -> RowMapping | None:
    """One upload."""
    found = await work.connection.execute(select(uploads).where(*_is(work, sha256, name)))
    return found.mappings().one_or_none()


async def page(work: UnitOfWork, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """Uploads, those first that were sent last."""
    query = select(uploads).where(uploads.c.tenant == work.tenant)
    if after is not None:
        query = query.where(uploads.c.id < after)
    found = await work.connection.execute(query.order_by(uploads.c.id.desc()).limit(limit))
    return list(found.mappings())


async def remove(work: UnitOfWork, sha256: str, name: str, unused_since: datetime | None = None) -> bool:
    """Remove an upload; False when there is none, or when it was used since."""
    query = delete(uploads).where(*_is(work, sha256, name))
    if unused_since is not None:
        query = query.where(uploads.c.used_at < unused_since)
    return (await work.connection.execute(query)).rowcount > 0


async def has_content(work: UnitOfWork, sha256: str) -> bool:
    """Whether the content is kept under some name."""
    query = select(exists().where(uploads.c.tenant == work.tenant, uploads.c.sha256 == sha256))
    return bool((await work.connection.execute(query)).scalar_one())


async def unused(system: SystemWork, before: datetime, most: int) -> list[RowMapping]:
    """Uploads of all workspaces that nobody wanted since; the oldest first."""
    query = select(uploads.c.tenant, uploads.c.sha256, uploads.c.name).where(uploads.c.used_at < before)
    found = await system.connection.execute(query.order_by(uploads.c.used_at).limit(most))
    return list(found.mappings())


def _is(work: UnitOfWork, sha256: str, name: str) -> tuple[Any, ...]:
    return (uploads.c.tenant == work.tenant, uploads.c.sha256 == sha256, uploads.c.name == name)
