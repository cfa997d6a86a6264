"""Encrypts what Temporal keeps: arguments, results, and failure attributes."""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from services.chassis.keys import KeyRing

_ENCODING = b"binary/encrypted"
_NONCE = 12


class PayloadUnreadable(Exception):
    """A payload was changed, or encrypted with a key that is not here."""


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM with the primary key; decrypts with any key of the ring, so keys can be rotated."""

    def __init__(self, ring: KeyRing) -> None:
        self._primary = ring.primary
        self._keys = {name: AESGCM(key) for name, key in ring.keys.items()}

    @classmethod
    def from_file(cls, path: Path) -> "EncryptingCodec":
        """Read the keys; raises KeyFileInvalid."""
        return cls(KeyRing.load(path))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt whole payloads, their metadata included."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt; payloads of others pass as they are."""
        return list(self._decrypted(payloads))

    def _encrypt(self, payload: Payload) -> Payload:
        name = self._primary.encode()
        nonce = secrets.token_bytes(_NONCE)
        data = nonce + self._keys[self._primary].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": _ENCODING, "key-id": name}, data=data)

    def _decrypted(self, payloads: Iterable[Payload]) -> Iterable[Payload]:
        for payload in payloads:
            if payload.metadata.get("encoding") != _ENCODING:
                yield payload
                continue
            name = payload.metadata.get("key-id", b"").decode("utf-8", "replace")
            if name not in self._keys:
                raise PayloadUnreadable(f"encrypted with key {name!r}, which is not in the key file")
            try:
                plain = self._keys[name].decrypt(payload.data[:_NONCE], payload.data[_NONCE:], name.encode())
            except InvalidTag:
                raise PayloadUnreadable("an encrypted payload was changed") from None
            yield Payload.FromString(plain)
