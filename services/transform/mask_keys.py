"""The secrets with which a workspace hashes values: made when first asked for, sealed, and never changed after."""

import secrets
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Database
from services.chassis.sealing import Sealer
from services.transform.tables import mask_keys

_BYTES = 32


class MaskKeys:
    """Gives secrets by their names. The same name is the same secret for ever: hashes go on matching one another."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def named(self, tenant: UUID, names: Collection[str]) -> dict[str, bytes]:
        """The secrets of these names; those that are not there yet are made."""
        async with self._database.work(tenant) as work:
            for name in sorted(names):
                sealed = self._sealer.seal(secrets.token_bytes(_BYTES), _context(tenant, name))
                made = insert(mask_keys).values(tenant=tenant, name=name, sealed=sealed, created_at=work.clock.now())
                await work.connection.execute(made.on_conflict_do_nothing())
            found = await work.connection.execute(
                select(mask_keys.c.name, mask_keys.c.sealed).where(
                    mask_keys.c.tenant == tenant, mask_keys.c.name.in_(sorted(names))
                )
            )
            return {name: self._sealer.open(sealed, _context(tenant, name)) for name, sealed in found}


def _context(tenant: UUID, name: str) -> tuple[str, ...]:
    return ("transform", "mask_key", str(tenant), name)
