"""Identity as the other services see it: keys, tokens, exchanges; and times that a test moves."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contracts.envelope import Envelope
from contracts.events.identity import CredentialRevoked
from services.chassis.problems import unavailable
from services.chassis.revocations import Revocations

TENANT = UUID(int=1)


class SetClock:
    """Shows the time it was set to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **parts: float) -> None:
        self.time += timedelta(**parts)


class Signatory:
    """Holds the signing key, answers for identity, and can be away."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.private = Ed25519PrivateKey.generate()
        self.public = {"k1": self.private.public_key()}
        self.asked = 0
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.answer: Callable[[str], str] = lambda key: self.token(cred=key_id(key), sub=key_id(key), life=300)

    async def keys(self, kid: str) -> dict[str, Ed25519PublicKey]:
        return self.public

    async def exchange(self, api_key: str) -> str:
        self.asked += 1
        await self.slow.wait()
        if self.away:
            raise unavailable("Identity cannot be reached.")
        return self.answer(api_key)

    def token(
        self, *, life: float = 900, key: Any = None, algorithm: str = "EdDSA", kid: str = "k1", **changes: Any
    ) -> str:
        issued = int(self.clock.now().timestamp())
        name = str(uuid4())
        claims: dict[str, Any] = {
            "iss": "modulardata",
            "aud": "modulardata-api",
            "sub": str(uuid4()),
            "tenant": str(TENANT),
            "role": "operator",
            "platform": False,
            "jti": name,
            "cred": name,
            "iat": issued,
            "exp": issued + int(life),
        }
        claims |= {name: str(value) if isinstance(value, UUID) else value for name, value in changes.items()}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.private, algorithm=algorithm, headers={"kid": kid})


def key_id(api_key: str) -> UUID:
    return UUID(hex=api_key[4:36])


def api_key(id: UUID | None = None) -> str:
    return f"mdk_{(id or uuid4()).hex}_{'r' * 43}"


def revoke(revocations: Revocations, kind: Any, id: UUID, at: datetime, expires: datetime | None = None) -> None:
    event = CredentialRevoked(kind=kind, credential_id=id, revoked_at=at, expires_at=expires)
    envelope = Envelope(
        id=uuid4(),
        source="/services/identity",
        type="identity.credential_revoked.v1",
        subject=str(id),
        time=at,
        tenant=TENANT,
    )
    revocations.hear(envelope, event)
