"""Removes sessions with all that hangs on them: when somebody asks, and some time after they were put away."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from contracts.events.sessions import SessionDeleted
from services.chassis.database import Database, UnitOfWork
from services.chassis.problems import conflict, not_found
from services.chassis.sweeping import LOT
from services.transform import repository, task_store
from services.transform.chatting import repository as chatting
from services.transform.chatting.service import MODEL_DAY
from services.transform.tables import messages, nodes, sessions, tasks


async def remove(work: UnitOfWork, session_id: UUID, who: UUID | None, archived_before: datetime | None = None) -> bool:
    """Remove a session that nothing works at; False when it is not one that was put away before then.

    Data that was computed stays: other sessions, comparisons and versions may stand on the very same.
    """
    session = await repository.get_session(work, session_id, lock=True)
    if session is None:
        raise not_found()
    if archived_before is not None and (session["archived_at"] is None or session["archived_at"] >= archived_before):
        return False
    if session["state"] == "opening":
        raise conflict("The session's data is still being read.", "session_opening")
    if await task_store.count_open(work, session_id):
        raise conflict("The session has work that is not at its end.", "session_busy")
    if await chatting.asked_model(work, session_id, MODEL_DAY):
        # What was asked counts against the workspace's day; removing it would make room.
        raise conflict("The model was asked about this session within the last day; remove it later.", "session_recent")
    for table in (messages, tasks, nodes):
        await work.connection.execute(
            delete(table).where(table.c.tenant == work.tenant, table.c.session_id == session_id)
        )
    await work.connection.execute(delete(sessions).where(sessions.c.tenant == work.tenant, sessions.c.id == session_id))
    await work.publish(SessionDeleted(session_id=session_id, deleted_by=who), key=session_id)
    return True


class PutAway:
    """What transform forgets, of all workspaces."""

    def __init__(self, database: Database, keep: timedelta) -> None:
        self._database = database
        self._keep = keep

    async def sweep(self) -> int:
        """Forget some sessions that were put away long ago; returns how many."""
        async with self._database.system() as system:
            before = system.clock.now() - self._keep
            old = select(sessions.c.tenant, sessions.c.id).where(
                sessions.c.archived_at < before, sessions.c.state != "opening"
            )
            lot = await system.connection.execute(old.order_by(sessions.c.archived_at).limit(LOT))
            found = list(lot)
        gone = 0
        for tenant, session_id in found:
            async with self._database.work(tenant) as work:
                # Work that was begun before it was put away has its own end; the next round comes.
                if not await task_store.count_open(work, session_id):
                    gone += await remove(work, session_id, None, before)
        return gone
