"""Forgets receipts of triggers, long after the last moment at which the same trigger could come again."""

from services.chassis.database import Database
from services.chassis.sweeping import KEEP_RECEIPTS, LOT
from services.orchestrator.repository import receipts


class Receipts:
    """What orchestrator forgets, of all workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self) -> int:
        """Forget some old receipts whose runs have ended; returns how many."""
        async with self._database.system() as work:
            return await receipts.forget(work, work.clock.now() - KEEP_RECEIPTS, LOT)
