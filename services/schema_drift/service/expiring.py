"""What nobody decided about in time: entries of quarantine, and reviews whose run is no longer there to end them."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import RowMapping, Select, select

from contracts.adaptation import THE_PLATFORM
from services.chassis.database import Database
from services.chassis.problems import ProblemError
from services.chassis.sweeping import LOT
from services.schema_drift.service import quarantine, reviewing
from services.schema_drift.tables import drift_reviews, quarantine_entries

# A run that waits ends its review itself when its time is over; only one that is gone leaves it open for longer.
GRACE = timedelta(hours=1)


class Expiry:
    """Rejects entries that waited for too long, and closes reviews that nobody waits for any more."""

    def __init__(self, database: Database, keep: timedelta) -> None:
        self._database = database
        self._keep = keep

    async def sweep(self) -> int:
        """End a lot of them; how many were found."""
        now = self._database.now()
        entries = await self._found(
            select(quarantine_entries.c.tenant, quarantine_entries.c.id)
            .where(quarantine_entries.c.state == "open", quarantine_entries.c.created_at < now - self._keep)
            .limit(LOT)
        )
        for row in entries:
            async with self._database.work(row["tenant"]) as work:
                try:
                    await quarantine.reject(work, row["id"], THE_PLATFORM, f"nobody decided for {self._keep.days} days")
                except ProblemError:
                    structlog.get_logger().info("quarantine_decided_meanwhile", entry=str(row["id"]))
        reviews = await self._found(
            select(drift_reviews.c.tenant, drift_reviews.c.id)
            .where(drift_reviews.c.state == "open", drift_reviews.c.expires_at < now - GRACE)
            .limit(LOT)
        )
        for row in reviews:
            await self._close(row["tenant"], row["id"])
        return max(len(entries), len(reviews))

    async def _close(self, tenant: UUID, review_id: UUID) -> None:
        async with self._database.work(tenant) as work:
            await reviewing.abandon(work, review_id)

    async def _found(self, query: Select[tuple[UUID, UUID]]) -> list[RowMapping]:
        async with self._database.system() as system:
            return list((await system.connection.execute(query)).mappings())
