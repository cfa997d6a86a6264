"""The signed tokens of the platform: what they say, and how everybody checks them without asking identity."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.permissions import Role

ISSUER = "modulardata"
AUDIENCE = "modulardata-api"
ALGORITHM = "EdDSA"
LEEWAY = timedelta(seconds=60)
MAX_LENGTH = 4_096


class TokenInvalid(Exception):
    """The token is not one of ours, not for us, or not of this time."""


class KeyUnknown(Exception):
    """The token names a signing key that is not known here."""

    def __init__(self, kid: str) -> None:
        super().__init__("unknown signing key")
        self.kid = kid


class Claims(BaseModel):
    """What a token says. `cred` is what a revocation names: the token's own id, or that of the API key behind it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    iss: str
    aud: str
    sub: UUID
    tenant: UUID
    role: Role
    platform: bool
    jti: UUID
    cred: UUID
    iat: int
    exp: int

    def document(self) -> dict[str, Any]:
        """The claims as they are signed."""
        return self.model_dump(mode="json")


def key_id(token: str) -> str:
    """Which signing key the token names; raises TokenInvalid for what is no token of ours."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= MAX_LENGTH and token.isascii() else {}
    except jwt.InvalidTokenError:
        header = {}
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kid, str) or not 0 < len(kid) <= 64:
        raise TokenInvalid
    return kid


def verify(token: str, keys: Mapping[str, Ed25519PublicKey], now: datetime) -> Claims:
    """The claims of a good token; raises TokenInvalid or KeyUnknown."""
    kid = key_id(token)
    key = keys.get(kid)
    if key is None:
        raise KeyUnknown(kid)
    try:
        document = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Times are judged below, by the clock that this process was given.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        claims = Claims.model_validate(document)
    except (jwt.InvalidTokenError, ValidationError):
        raise TokenInvalid from None
    moment = now.timestamp()
    if moment > claims.exp + LEEWAY.total_seconds() or moment < claims.iat - LEEWAY.total_seconds():
        raise TokenInvalid
    return claims
