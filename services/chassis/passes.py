"""Passes: short texts that let whoever holds one do one thing to one subject until a moment, and name its workspace.

Nothing is stored: who has the key file can make a pass and can tell a true one. A pass is a credential.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

from services.chassis.sealing import Sealer

_MOMENT = 8
_TENANT = 16


class Passes:
    """Passes for one purpose."""

    def __init__(self, sealer: Sealer, purpose: str) -> None:
        self._keys = sealer.derived(f"pass:{purpose}")

    def issue(self, tenant: UUID, subject: UUID, expires: datetime) -> str:
        """The pass for a subject; the same one whenever it is made, as long as the keys stay."""
        return _pass(self._keys[0], _claims(tenant, int(expires.timestamp())), subject)

    def read(self, text: str, subject: UUID, now: datetime) -> UUID | None:
        """The workspace that a pass was issued for; None for one that is false, of another subject, or over."""
        try:
            claims = urlsafe_b64decode(text.encode("ascii")[: (_MOMENT + _TENANT) * 4 // 3])
            tenant = UUID(bytes=claims[_MOMENT:])
        except ValueError:
            return None
        # Made again as a whole and compared as a text, so that a pass has one spelling.
        true = [hmac.compare_digest(_pass(key, claims, subject), text) for key in self._keys]
        expires = int.from_bytes(claims[:_MOMENT], "big")
        return tenant if any(true) and now.astimezone(UTC).timestamp() < expires else None


def _claims(tenant: UUID, expires: int) -> bytes:
    return expires.to_bytes(_MOMENT, "big") + tenant.bytes


def _pass(key: bytes, claims: bytes, subject: UUID) -> str:
    return urlsafe_b64encode(claims + hmac.digest(key, claims + subject.bytes, "sha256")).decode().rstrip("=")
