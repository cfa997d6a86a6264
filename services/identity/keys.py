"""API keys: `mdk_<id>_<random>`, shown once and kept as a hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from services.chassis.auth import API_KEY


@dataclass(frozen=True)
class NewKey:
    """A key as it is shown, once, and what is kept of it."""

    text: str
    prefix: str
    digest: bytes


def make(id: UUID) -> NewKey:
    """A key for this id."""
    text = f"mdk_{id.hex}_{secrets.token_urlsafe(32)}"
    return NewKey(text=text, prefix=f"mdk_{id.hex}", digest=digest(text))


def digest(text: str) -> bytes:
    """What is kept. The key is random, so a plain hash cannot be searched."""
    return hashlib.sha256(text.encode()).digest()


def id_of(text: str) -> UUID | None:
    """The id inside a key; None for what is not written like one."""
    return UUID(hex=text[4:36]) if API_KEY.fullmatch(text) else None


def matches(text: str, kept: bytes) -> bool:
    """Whether this is the key; takes as long when it is not."""
    return hmac.compare_digest(digest(text), kept)
