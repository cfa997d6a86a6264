"""Messages of a workspace in PostgreSQL: what was asked, what was planned, what was applied."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, case, exists, func, insert, literal, select, text, update

from services.chassis.database import UnitOfWork
from services.transform.tables import asked_by_runs, messages, tasks
from services.transform.task_store import OPEN

_TAKE_MODEL = text("SELECT pg_try_advisory_xact_lock(hashtextextended('model ' || CAST(:tenant AS text), 0))")


def _seen() -> Select[Any]:
    """Messages, each with what became of its plan: a task that is done has applied it."""
    by_task = case((tasks.c.state == "done", tasks.c.node_id))
    applied = func.coalesce(messages.c.applied_node_id, by_task).label("applied_node_id")
    others = [column for column in messages.c if column.name != "applied_node_id"]
    under_way = func.coalesce(tasks.c.state.in_(OPEN), literal(False)).label("under_way")
    joined = messages.outerjoin(tasks, (tasks.c.id == messages.c.task_id) & (tasks.c.tenant == messages.c.tenant))
    return select(*others, applied, under_way).select_from(joined)


async def add_message(work: UnitOfWork, values: dict[str, Any]) -> RowMapping:
    """Store what was asked together with its answer."""
    added = await work.connection.execute(insert(messages).values(tenant=work.tenant, **values).returning(*messages.c))
    row: RowMapping = added.mappings().one()
    return row


async def get_message(work: UnitOfWork, session_id: UUID, message_id: UUID) -> RowMapping | None:
    """One message of a session; it stays as it is until this transaction ends."""
    found = await work.connection.execute(
        _seen()
        .where(messages.c.tenant == work.tenant, messages.c.session_id == session_id, messages.c.id == message_id)
        .with_for_update(of=messages)
    )
    row: RowMapping | None = found.mappings().one_or_none()
    return row


async def list_messages(
    work: UnitOfWork, session_id: UUID, *, node_id: UUID | None, after: UUID | None, limit: int
) -> list[RowMapping]:
    """The messages of a session, or of one of its nodes, oldest first."""
    query = _seen().where(messages.c.tenant == work.tenant, messages.c.session_id == session_id)
    if node_id is not None:
        query = query.where(messages.c.node_id == node_id)
    if after is not None:
        query = query.where(messages.c.id > after)
    found = await work.connection.execute(query.order_by(messages.c.id).limit(limit))
    return list(found.mappings())


async def full_until(work: UnitOfWork, within: timedelta, most: int, *, planner: str | None = None) -> datetime | None:
    """When the workspace may send a message again, if it sent as many within this time as it may."""
    since = work.clock.now() - within
    query = select(messages.c.created_at).where(messages.c.tenant == work.tenant, messages.c.created_at > since)
    by_runs = select(asked_by_runs.c.created_at).where(
        asked_by_runs.c.tenant == work.tenant, asked_by_runs.c.created_at > since
    )
    if planner is not None:
        query = query.where(messages.c.planner == planner)
    if most == 0:
        return work.clock.now() + within
    asked = (query.union_all(by_runs) if planner == "model" else query).subquery()
    # The one whose leaving makes room.
    last = select(asked.c.created_at).order_by(asked.c.created_at.desc()).offset(most - 1).limit(1)
    oldest = (await work.connection.execute(last)).scalar_one_or_none()
    return None if oldest is None else oldest + within


async def take_the_model(work: UnitOfWork) -> bool:
    """Have the model for this workspace until the transaction ends; False if somebody has it.

    An answer counts once it is kept: whoever asked meanwhile would not be counted in time.
    """
    return bool((await work.connection.execute(_TAKE_MODEL, {"tenant": str(work.tenant)})).scalar_one())


async def asked_by_run(work: UnitOfWork, report_id: UUID) -> dict[str, Any] | None:
    """What the model answered when a run asked it about a report."""
    query = select(asked_by_runs.c.answer).where(
        asked_by_runs.c.tenant == work.tenant, asked_by_runs.c.report_id == report_id
    )
    return (await work.connection.execute(query)).scalar_one_or_none()


async def keep_asked_by_run(work: UnitOfWork, report_id: UUID, answer: dict[str, Any]) -> None:
    """Keep what the model answered to a run; it counts like what people asked."""
    values = {"report_id": report_id, "tenant": work.tenant, "answer": answer, "created_at": work.clock.now()}
    await work.connection.execute(insert(asked_by_runs).values(values))


async def asked_model(work: UnitOfWork, session_id: UUID, within: timedelta) -> bool:
    """Whether the model was asked about a session within this time."""
    query = select(
        exists().where(
            messages.c.tenant == work.tenant,
            messages.c.session_id == session_id,
            messages.c.planner == "model",
            messages.c.created_at > work.clock.now() - within,
        )
    )
    return bool((await work.connection.execute(query)).scalar_one())


async def mark_applied(
    work: UnitOfWork, message_id: UUID, *, node_id: UUID | None = None, task_id: UUID | None = None
) -> None:
    """Note which node came of a plan, or which task makes it."""
    await work.connection.execute(
        update(messages)
        .where(messages.c.tenant == work.tenant, messages.c.id == message_id)
        .values(applied_node_id=node_id, task_id=task_id)
    )
