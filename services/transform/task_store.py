"""Tasks in PostgreSQL: long work of sessions, how far it is, and how it ended."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, update

from services.chassis.database import UnitOfWork
from services.transform.tables import tasks

OPEN = ("pending", "running")


async def add_task(work: UnitOfWork, values: dict[str, Any]) -> RowMapping:
    """Store a task that waits to be done."""
    given = {"state": "pending", "progress": 0.0, "created_at": work.clock.now()} | values
    added = await work.connection.execute(insert(tasks).values(tenant=work.tenant, **given).returning(*tasks.c))
    row: RowMapping = added.mappings().one()
    return row


async def get_task(work: UnitOfWork, task_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One task; locked, it stays as it is until this transaction ends."""
    query = select(tasks).where(tasks.c.tenant == work.tenant, tasks.c.id == task_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def list_tasks(work: UnitOfWork, session_id: UUID, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """A session's tasks, newest first."""
    query = select(tasks).where(tasks.c.tenant == work.tenant, tasks.c.session_id == session_id)
    if after is not None:
        query = query.where(tasks.c.id < after)
    found = await work.connection.execute(query.order_by(tasks.c.id.desc()).limit(limit))
    return list(found.mappings())


async def count_open(work: UnitOfWork, session_id: UUID) -> int:
    """How many tasks of a session are not at their end."""
    found = await work.connection.execute(
        select(func.count())
        .select_from(tasks)
        .where(tasks.c.tenant == work.tenant, tasks.c.session_id == session_id, tasks.c.state.in_(OPEN))
    )
    return int(found.scalar_one())


async def change_task(work: UnitOfWork, task_id: UUID, **values: Any) -> None:
    """Change a task that is not at its end; one that is stays as it is."""
    await work.connection.execute(
        update(tasks)
        .where(tasks.c.tenant == work.tenant, tasks.c.id == task_id, tasks.c.state.in_(OPEN))
        .values(**values)
    )
