"""Puts identity together."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.chassis.relayed import relayed
from services.chassis.settings import SettingsInvalid
from services.identity.api import router
from services.identity.passwords import Passwords
from services.identity.service import Identity
from services.identity.settings import IdentitySettings
from services.identity.signing import Signer


def build(platform: Platform) -> Service:
    """The parts of identity."""
    settings = IdentitySettings()
    signer = Signer(platform.database, platform.sealer)
    identity = Identity(
        platform.database,
        signer,
        Passwords(settings.hashing_at_once),
        platform.clock,
        platform.ids,
        settings,
        _setup_secret(platform),
    )

    async def told(tenant: UUID, events: Sequence[UUID]) -> bool:
        return await relayed(platform.database, tenant, events)

    return Service(name="identity", routers=(router(identity, signer, told, platform.http),))


def _setup_secret(platform: Platform) -> str | None:
    path = platform.settings.bootstrap_secret_file
    if path is None:
        return None
    try:
        secret = path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsInvalid(f"MODULARDATA_BOOTSTRAP_SECRET_FILE: cannot be read: {error.strerror}") from None
    if len(secret) < 16:
        raise SettingsInvalid("MODULARDATA_BOOTSTRAP_SECRET_FILE: the secret has fewer than 16 characters")
    platform.scrubber.add(secret)
    return secret
