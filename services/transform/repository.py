"""What transform reads and writes in PostgreSQL; every function works in a unit of work of one tenant."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, update

from services.chassis.database import UnitOfWork
from services.transform.tables import nodes, sessions

# Columns of a node that are large; a list does without them.
_LARGE = {"recipe", "dataset", "books"}


async def add_session(work: UnitOfWork, values: dict[str, Any]) -> RowMapping:
    """Store a session."""
    added = await work.connection.execute(insert(sessions).values(tenant=work.tenant, **values).returning(*sessions.c))
    row: RowMapping = added.mappings().one()
    return row


async def get_session(work: UnitOfWork, session_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One session; locked, it stays as it is until this transaction ends."""
    query = select(sessions).where(sessions.c.tenant == work.tenant, sessions.c.id == session_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def list_sessions(
    work: UnitOfWork, *, after: UUID | None, limit: int, archived: bool = False
) -> list[RowMapping]:
    """Sessions in use, or those that were put away; newest first."""
    put_away = sessions.c.archived_at.is_not(None) if archived else sessions.c.archived_at.is_(None)
    query = select(sessions).where(sessions.c.tenant == work.tenant, put_away)
    if after is not None:
        query = query.where(sessions.c.id < after)
    found = await work.connection.execute(query.order_by(sessions.c.id.desc()).limit(limit))
    return list(found.mappings())


async def change_session(work: UnitOfWork, session_id: UUID, **values: Any) -> RowMapping:
    """Change a session that is there."""
    changed = await work.connection.execute(
        update(sessions)
        .where(sessions.c.tenant == work.tenant, sessions.c.id == session_id)
        .values(**values)
        .returning(*sessions.c)
    )
    row: RowMapping = changed.mappings().one()
    return row


async def add_node(work: UnitOfWork, values: dict[str, Any]) -> RowMapping:
    """Store a node."""
    added = await work.connection.execute(insert(nodes).values(tenant=work.tenant, **values).returning(*nodes.c))
    row: RowMapping = added.mappings().one()
    return row


async def get_node(work: UnitOfWork, session_id: UUID, node_id: UUID) -> RowMapping | None:
    """One node of a session, whole."""
    found = await work.connection.execute(
        select(nodes).where(nodes.c.tenant == work.tenant, nodes.c.session_id == session_id, nodes.c.id == node_id)
    )
    return found.mappings().one_or_none()


async def get_root(work: UnitOfWork, session_id: UUID) -> RowMapping | None:
    """The first node of a session."""
    found = await work.connection.execute(
        select(nodes).where(
            nodes.c.tenant == work.tenant, nodes.c.session_id == session_id, nodes.c.parent_id.is_(None)
        )
    )
    return found.mappings().one_or_none()


async def list_nodes(
    work: UnitOfWork, session_id: UUID, *, after: UUID | None = None, limit: int | None = None
) -> list[RowMapping]:
    """The nodes of a session, oldest first."""
    query = select(*(column for column in nodes.c if column.name not in _LARGE)).where(
        nodes.c.tenant == work.tenant, nodes.c.session_id == session_id
    )
    if after is not None:
        query = query.where(nodes.c.id > after)
    found = await work.connection.execute(query.order_by(nodes.c.id).limit(limit))
    return list(found.mappings())


async def count_nodes(work: UnitOfWork, session_id: UUID) -> int:
    """How many nodes a session has."""
    found = await work.connection.execute(
        select(func.count()).select_from(nodes).where(nodes.c.tenant == work.tenant, nodes.c.session_id == session_id)
    )
    return int(found.scalar_one())


async def path_to(work: UnitOfWork, session_id: UUID, node_id: UUID) -> list[RowMapping]:
    """The nodes from the root to this one, with their own steps; empty when there is no such node."""
    rows = {row["id"]: row for row in await list_nodes(work, session_id)}
    path: list[RowMapping] = []
    at: UUID | None = node_id
    while at is not None and at in rows:
        path.append(rows[at])
        at = rows[at]["parent_id"]
    return path[::-1]


async def books_of(work: UnitOfWork, session_id: UUID, node_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The books of some nodes of a session."""
    found = await work.connection.execute(
        select(nodes.c.id, nodes.c.books).where(
            nodes.c.tenant == work.tenant, nodes.c.session_id == session_id, nodes.c.id.in_(node_ids)
        )
    )
    return {row.id: row.books for row in found}


async def change_node(work: UnitOfWork, session_id: UUID, node_id: UUID, **values: Any) -> RowMapping | None:
    """Change what people call a node; what it holds never changes."""
    changed = await work.connection.execute(
        update(nodes)
        .where(nodes.c.tenant == work.tenant, nodes.c.session_id == session_id, nodes.c.id == node_id)
        .values(**values)
        .returning(*nodes.c)
    )
    return changed.mappings().one_or_none()


async def node_named(work: UnitOfWork, session_id: UUID, name: str) -> UUID | None:
    """The node of a session that bears a name."""
    found = await work.connection.execute(
        select(nodes.c.id).where(nodes.c.tenant == work.tenant, nodes.c.session_id == session_id, nodes.c.name == name)
    )
    named: UUID | None = found.scalar_one_or_none()
    return named
