"""Waits until events have left the outbox, for answers that mean "everybody is being told"."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, text

from services.chassis.database import Database

_EVERY_SECONDS = 0.05
_UNSENT = text("SELECT count(*) FROM outbox WHERE event_id IN :events AND status <> 'sent'").bindparams(
    bindparam("events", expanding=True)
)


async def relayed(database: Database, tenant: UUID, events: Sequence[UUID], within: float = 5.0) -> bool:
    """Whether Kafka has all of the events before the time is up."""
    if not events:
        return True
    deadline = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < deadline:
        async with database.work(tenant) as work:
            if not (await work.connection.execute(_UNSENT, {"events": list(events)})).scalar_one():
                return True
        await asyncio.sleep(_EVERY_SECONDS)
    return False
