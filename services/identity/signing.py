"""The platform's signing key: made at the first start, sealed in the database, public half for everybody."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from services.chassis.database import Database
from services.chassis.sealing import Sealer
from services.chassis.tokens import ALGORITHM, Claims
from services.identity import repository

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('identity signing key', 0))")


@dataclass(frozen=True)
class SigningKeys:
    """All public keys by kid, and the one that signs."""

    kid: str
    private: Ed25519PrivateKey
    public: dict[str, bytes]


class Signer:
    """Signs claims, and shows the public keys."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._keys: SigningKeys | None = None
        self._loading = asyncio.Lock()

    async def sign(self, claims: Claims) -> str:
        """The token."""
        keys = await self.keys()
        return jwt.encode(claims.document(), keys.private, algorithm=ALGORITHM, headers={"kid": keys.kid})

    async def jwks(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set."""
        keys = await self.keys()
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": ALGORITHM,
                    "use": "sig",
                    "kid": kid,
                    "x": base64.urlsafe_b64encode(public).decode().rstrip("="),
                }
                for kid, public in keys.public.items()
            ]
        }

    async def keys(self) -> SigningKeys:
        """The keys, read once; made when there are none."""
        async with self._loading:
            if self._keys is None:
                self._keys = await self._load()
            return self._keys

    async def _load(self) -> SigningKeys:
        async with self._database.system() as work:
            await work.connection.execute(_LOCK)
            rows = await repository.signing_keys_of(work)
            if not rows:
                private = Ed25519PrivateKey.generate()
                kid = secrets.token_hex(8)
                sealed = self._sealer.seal(private.private_bytes_raw(), _context(kid))
                await repository.add_signing_key(work, kid, sealed, private.public_key().public_bytes_raw())
                rows = await repository.signing_keys_of(work)
        newest = rows[-1]
        opened = self._sealer.open(newest.sealed, _context(newest.kid))
        return SigningKeys(
            kid=newest.kid,
            private=Ed25519PrivateKey.from_private_bytes(opened),
            public={row.kid: row.public for row in rows},
        )


def _context(kid: str) -> tuple[str, ...]:
    return ("identity", "signing_key", kid)
