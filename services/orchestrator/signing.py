"""Standard Webhooks as a receiver sees them: who signed these very bytes, lately, with a secret that is in force."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
PAST_SECONDS = 300
FUTURE_SECONDS = 60
MAX_SIGNATURES = 16
MAX_HEADER = 2_048

# No full stop: it separates the parts of what is signed.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,256}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")


class SignatureInvalid(Exception):
    """Nobody who knows a secret in force signed this, now. Why is not told to the caller."""


def new_secret() -> str:
    """A secret in the form that the public libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def verify(headers: Iterable[tuple[str, str]], body: bytes, keys: Sequence[str], now: datetime) -> str:
    """The webhook's id, when one of the secrets signed these bytes within the window; raises SignatureInvalid."""
    said = _standard(headers)
    identity, timestamp = said["webhook-id"], said["webhook-timestamp"]
    if not _ID.fullmatch(identity) or not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureInvalid("malformed id or timestamp")
    age = int(now.timestamp()) - int(timestamp)
    if age > PAST_SECONDS or age < -FUTURE_SECONDS:
        raise SignatureInvalid("too old, or of the future")
    given = _signatures(said["webhook-signature"])
    wanted = [_digest(key, f"{identity}.{timestamp}.".encode() + body) for key in keys]
    # All pairs, so that the time it takes does not tell which one matched.
    matched = [hmac.compare_digest(mine, theirs) for mine in wanted for theirs in given]
    if not any(matched):
        raise SignatureInvalid("no signature matches a secret in force")
    return identity


def sign(key: str, identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers with which a sender signs; the other half of `verify`."""
    timestamp = str(int(at.timestamp()))
    digest = _digest(key, f"{identity}.{timestamp}.".encode() + body)
    return {
        "webhook-id": identity,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _standard(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        if name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            if name in found:
                raise SignatureInvalid(f"{name} stands there twice")
            found[name] = value
    if len(found) != 3:
        raise SignatureInvalid("a header is missing")
    return found


def _signatures(header: str) -> list[bytes]:
    if len(header) > MAX_HEADER:
        raise SignatureInvalid("too many signatures")
    parts = header.split(" ")
    if len(parts) > MAX_SIGNATURES:
        raise SignatureInvalid("too many signatures")
    return [base64.b64decode(match[1]) for part in parts if (match := _SIGNATURE.fullmatch(part))]


def _digest(key: str, content: bytes) -> bytes:
    try:
        raw = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise SignatureInvalid("the secret is not one") from None
    if len(raw) < 24:
        # Also the empty secret: a source without one is closed, not open.
        raise SignatureInvalid("the secret is not one")
    return hmac.digest(raw, content, hashlib.sha256)
