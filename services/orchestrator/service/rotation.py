"""Rotating a trigger's secret: a new one at once, the old one for as long as senders need to change."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from services.chassis.database import UnitOfWork
from services.chassis.problems import not_found
from services.chassis.sealing import Sealer
from services.orchestrator.repository import definitions
from services.orchestrator.service.trigger_sync import sealed_place
from services.orchestrator.signing import new_secret


class Rotation:
    """Rotates secrets."""

    def __init__(self, sealer: Sealer, overlap_hours: float) -> None:
        self._sealer = sealer
        self._overlap = timedelta(hours=overlap_hours)

    async def rotate(self, work: UnitOfWork, trigger_id: UUID) -> tuple[RowMapping, str]:
        """The trigger as it is now, and its new secret."""
        row = await definitions.get_trigger(work, trigger_id, lock=True)
        if row is None:
            raise not_found()
        secret = new_secret()
        await definitions.rotate_secret(
            work,
            trigger_id,
            secret=self._sealer.seal(secret.encode(), sealed_place(work.tenant, trigger_id)),
            previous=row["secret"],
            until=work.clock.now() + self._overlap,
        )
        changed = await definitions.get_trigger(work, trigger_id)
        if changed is None:
            raise not_found()
        return changed, secret
