"""Who is asking: a bearer token or an API key becomes a principal, judged without asking identity each time."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contracts.permissions import Permission, Role, granted
from services.chassis.clock import Clock
from services.chassis.problems import ProblemError, unauthorized, unavailable
from services.chassis.revocations import Revocations
from services.chassis.tokens import Claims, KeyUnknown, TokenInvalid, key_id, verify

API_KEY = re.compile(r"mdk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}")
_REFUSAL_KEPT = timedelta(seconds=2)
_RENEW_BEFORE = timedelta(seconds=60)
_CACHED = 10_000


@dataclass(frozen=True)
class Principal:
    """Somebody who proved who they are."""

    tenant: UUID
    subject: UUID  # the user, or the API key itself
    role: Role
    platform: bool
    credential_id: UUID  # the token's or the key's id: what a revocation names

    def may(self, permission: Permission) -> bool:
        """Whether this principal holds the permission."""
        return granted(self.role, permission, platform=self.platform)


class Authenticator(Protocol):
    """Turns the Authorization header into a principal."""

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal; raises ProblemError 401 for nobody, 503 when identity is needed and away."""


class Identity(Protocol):
    """What an authenticator needs of identity."""

    async def keys(self, kid: str) -> dict[str, Ed25519PublicKey]:
        """The public keys, this one among them if it exists."""

    async def exchange(self, api_key: str) -> str:
        """A short token for an API key."""


@dataclass(frozen=True)
class _Exchanged:
    """What identity said about an API key: its claims, or a refusal."""

    claims: Claims | None
    until: datetime


class BearerAuthenticator:
    """Checks tokens by identity's public keys, exchanges API keys for tokens, and heeds revocations."""

    def __init__(self, identity: Identity, revocations: Revocations, clock: Clock) -> None:
        self._identity = identity
        self._revocations = revocations
        self._clock = clock
        # By the key's hash: a dump of this memory's structures shows no key.
        self._exchanged: OrderedDict[bytes, _Exchanged] = OrderedDict()
        self._under_way: dict[bytes, asyncio.Task[_Exchanged]] = {}

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal; raises ProblemError 401 for nobody, 503 when identity is needed and away."""
        scheme, _, credential = (authorization or "").partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential:
            raise unauthorized()
        if not self._revocations.complete:
            raise unavailable("Revoked credentials are not known yet.")
        if credential.startswith("mdk_"):
            claims = await self._claims_of_key(credential)
        else:
            claims = await self._claims_of_token(credential)
        if self._revocations.refuses(claims):
            raise unauthorized()
        return Principal(
            tenant=claims.tenant,
            subject=claims.sub,
            role=claims.role,
            platform=claims.platform,
            credential_id=claims.cred,
        )

    async def _claims_of_token(self, token: str) -> Claims:
        try:
            keys = await self._identity.keys(key_id(token))
            return verify(token, keys, self._clock.now())
        except (TokenInvalid, KeyUnknown):
            raise unauthorized() from None

    async def _claims_of_key(self, key: str) -> Claims:
        if not API_KEY.fullmatch(key):
            raise unauthorized()
        name = hashlib.sha256(key.encode()).digest()
        known = self._exchanged.get(name)
        now = self._clock.now()
        if known is None or known.until - _RENEW_BEFORE <= now:
            known = await self._renew(name, key, known)
        if known.claims is None:
            raise unauthorized()
        return known.claims

    async def _renew(self, name: bytes, key: str, known: _Exchanged | None) -> _Exchanged:
        """Ask identity, once for all who wait; while it is away a known answer holds to its end."""
        now = self._clock.now()
        if known is not None and known.claims is None and known.until > now:
            return known
        task = self._under_way.get(name)
        if task is None:
            task = asyncio.create_task(self._ask(name, key))
            self._under_way[name] = task
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        try:
            return await asyncio.shield(task)
        except ProblemError as problem:
            if problem.status == 503 and known is not None and known.claims is not None and known.until > now:
                structlog.get_logger().warning("identity_away", key=str(known.claims.cred))
                return known
            raise

    async def _ask(self, name: bytes, key: str) -> _Exchanged:
        try:
            claims = await self._claims_of_token(await self._identity.exchange(key))
            answer = _Exchanged(claims, datetime.fromtimestamp(claims.exp, self._clock.now().tzinfo))
        except ProblemError as problem:
            if problem.status != 401:
                raise
            answer = _Exchanged(None, self._clock.now() + _REFUSAL_KEPT)
        self._exchanged[name] = answer
        self._exchanged.move_to_end(name)
        while len(self._exchanged) > _CACHED:
            self._exchanged.popitem(last=False)
        return answer
