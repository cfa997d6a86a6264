"""Envelope encryption: a data key for each value, wrapped by a key that lives outside the database."""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.chassis.keys import KEY_BYTES, KeyRing

_MAGIC = b"mds1"
_NONCE = 12
_WRAPPED = KEY_BYTES + 16


class SealBroken(Exception):
    """A sealed value was changed, moved to another place, or sealed with a key that is not here."""


class Sealer:
    """Seals small secrets for one place each: a value moved to another context does not open.

    The form is: magic, length and id of the wrapping key, nonce and wrapped data key, nonce and ciphertext.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._primary = ring.primary
        self._keys = {name: AESGCM(key) for name, key in ring.keys.items()}

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """Read the wrapping keys; raises KeyFileInvalid when they are not there."""
        return cls(KeyRing.load(path))

    def seal(self, plaintext: bytes, context: tuple[str, ...]) -> bytes:
        """Encrypt under a fresh data key, bound to the context."""
        header = _header(self._primary)
        bound = header + _canonical(context)
        data_key = secrets.token_bytes(KEY_BYTES)
        wrapped = self._wrap(self._primary, data_key, bound)
        nonce = secrets.token_bytes(_NONCE)
        return header + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, bound)

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises SealBroken, which says nothing about the value."""
        name, wrapped, nonce, ciphertext = _parse(sealed)
        if name not in self._keys:
            raise SealBroken(f"sealed with key {name!r}, which is not in the key file")
        bound = _header(name) + _canonical(context)
        try:
            data_key = self._keys[name].decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
            return AESGCM(data_key).decrypt(nonce, ciphertext, bound)
        except InvalidTag:
            raise SealBroken("the sealed value does not belong here or was changed") from None

    def key_id(self, sealed: bytes) -> str:
        """Which wrapping key a value needs."""
        return _parse(sealed)[0]

    def reseal(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """The same value under the primary key, for rotation; unchanged when it is there already."""
        if self.key_id(sealed) == self._primary:
            return sealed
        return self.seal(self.open(sealed, context), context)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Keys for something else than sealing, the primary's first; what they are used for tells nothing of ours."""
        names = sorted(self._ring.keys, key=lambda name: (name != self._primary, name))
        info = _canonical(("derived", purpose))
        return tuple(HKDF(SHA256(), KEY_BYTES, None, info).derive(self._ring.keys[name]) for name in names)

    def _wrap(self, name: str, data_key: bytes, bound: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._keys[name].encrypt(nonce, data_key, bound)


def _header(name: str) -> bytes:
    encoded = name.encode()
    return _MAGIC + bytes([len(encoded)]) + encoded


def _canonical(context: tuple[str, ...]) -> bytes:
    # With lengths, so that ("ab", "c") and ("a", "bc") are two places.
    parts = [part.encode() for part in context]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _parse(sealed: bytes) -> tuple[str, bytes, bytes, bytes]:
    start = len(_MAGIC) + 1
    if len(sealed) < start or not sealed.startswith(_MAGIC):
        raise SealBroken("not a sealed value")
    end = start + sealed[len(_MAGIC)]
    cut = end + _NONCE + _WRAPPED
    if len(sealed) < cut + _NONCE + 16:
        raise SealBroken("the sealed value is cut short")
    try:
        name = sealed[start:end].decode()
    except UnicodeDecodeError:
        raise SealBroken("not a sealed value") from None
    return name, sealed[end:cut], sealed[cut : cut + _NONCE], sealed[cut + _NONCE :]
