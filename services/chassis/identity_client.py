"""What every service asks of identity over HTTP: its public keys, and a short token for an API key."""

import asyncio
from datetime import datetime, timedelta

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from services.chassis.clock import Clock
from services.chassis.problems import unauthorized, unavailable

_TIMEOUT_SECONDS = 5.0
_ASK_AGAIN = timedelta(seconds=1)
_REFRESH = timedelta(minutes=10)


class IdentityClient:
    """Asks identity, and remembers its public keys."""

    def __init__(self, url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        # The environment's proxies are for the world outside; this is a neighbour.
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False, transport=transport)
        self._clock = clock
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._asked: datetime | None = None
        self._away = False
        self._refreshing: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def keys(self, kid: str) -> dict[str, Ed25519PublicKey]:
        """The public keys. An unknown key is asked for, though not too often; an old list is renewed aside."""
        age = None if self._asked is None else self._clock.now() - self._asked
        if kid in self._keys:
            if age is None or age > _REFRESH:
                self._refresh()
        elif age is None or age > _ASK_AGAIN or self._refreshing:
            await asyncio.shield(self._refresh())
        if kid not in self._keys and self._away:
            raise unavailable("Identity cannot be reached.")
        return self._keys

    async def exchange(self, api_key: str) -> str:
        """A short token for an API key; raises 401 for a key that does not count, 503 when identity is away."""
        try:
            answer = await self._http.post("/api/tokens:exchange", json={"api_key": api_key})
        except httpx.HTTPError:
            raise unavailable("Identity cannot be reached.") from None
        if answer.status_code == 200:
            return str(answer.json()["token"])
        if answer.status_code in (401, 422):
            raise unauthorized()
        raise unavailable("Identity cannot answer.")

    def _refresh(self) -> "asyncio.Task[None]":
        """The one renewal under way, for all who wait."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._renew())
        return self._refreshing

    async def _renew(self) -> None:
        try:
            self._keys = await self._fetch()
            self._away = False
        except (httpx.HTTPError, ValueError, KeyError, TypeError, jwt.InvalidKeyError):
            self._away = True
        finally:
            self._asked = self._clock.now()
            self._refreshing = None

    async def _fetch(self) -> dict[str, Ed25519PublicKey]:
        answer = await self._http.get("/.well-known/jwks.json")
        answer.raise_for_status()
        keys: dict[str, Ed25519PublicKey] = {}
        for document in answer.json()["keys"]:
            key = OKPAlgorithm.from_jwk(document)
            if isinstance(key, Ed25519PublicKey):
                keys[str(document["kid"])] = key
        return keys
