"""Which credentials count no more, as heard on the topic `identity` by every process for itself."""

from datetime import datetime
from uuid import UUID

from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.identity import CredentialRevoked
from services.chassis.clock import Clock
from services.chassis.tokens import LEEWAY, Claims

TOPIC = "identity"


class Revocations:
    """The revoked tokens, keys and users. Nothing passes before the topic has been read to its end once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._users: dict[UUID, datetime] = {}
        self._credentials: dict[UUID, datetime | None] = {}
        self._swept = clock.now()
        self.complete = False

    def hear(self, envelope: Envelope, event: Contract) -> None:
        """Take in one event of the topic; those of other kinds pass."""
        if not isinstance(event, CredentialRevoked):
            return
        if event.kind == "user":
            known = self._users.get(event.credential_id)
            self._users[event.credential_id] = max(known, event.revoked_at) if known else event.revoked_at
        else:
            self._credentials[event.credential_id] = event.expires_at
        self._sweep()

    def end_reached(self) -> None:
        """All that was revoked until now is known."""
        self.complete = True

    def refuses(self, claims: Claims) -> bool:
        """Whether the token, the key behind it, or its user was revoked."""
        if claims.jti in self._credentials or claims.cred in self._credentials:
            return True
        revoked_at = self._users.get(claims.sub)
        return revoked_at is not None and claims.iat <= revoked_at.timestamp()

    def _sweep(self) -> None:
        """Forget tokens that would be refused for their age anyway, so that the list stays small."""
        now = self._clock.now()
        if now - self._swept < LEEWAY:
            return
        self._swept = now
        self._credentials = {
            name: end for name, end in self._credentials.items() if end is None or end + 2 * LEEWAY > now
        }
