"""Forgets closed windows that guard nothing any more; those that hold what was loaded are kept."""

from services.chassis.database import Database
from services.chassis.sweeping import KEEP_RECEIPTS, LOT
from services.connector.repository import windows as repository


class ClosedWindows:
    """What connector forgets, of all workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self) -> int:
        """Forget some old windows; returns how many."""
        async with self._database.system() as work:
            return await repository.forget(work, work.clock.now() - KEEP_RECEIPTS, LOT)
