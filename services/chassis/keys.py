"""Files of 256-bit keys: one primary that encrypts, older ones that still decrypt."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32


class KeyFileInvalid(Exception):
    """A key file is missing or is not what it should be; the message names the file and no key."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id. To rotate: add a key, make it the primary, re-encrypt, then remove the old one."""

    primary: str
    keys: dict[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.primary not in self.keys:
            raise KeyFileInvalid(f"the primary key {self.primary!r} is not among the keys")
        for name, key in self.keys.items():
            if not 1 <= len(name.encode()) <= 255:
                raise KeyFileInvalid("a key id has 1 to 255 bytes")
            if len(key) != KEY_BYTES:
                raise KeyFileInvalid(f"key {name!r} does not have {KEY_BYTES} bytes")

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Read {"primary": id, "keys": {id: base64 of 32 bytes}}; raises KeyFileInvalid."""
        try:
            document = json.loads(path.read_text("utf-8"))
            keys = {str(name): base64.b64decode(value, validate=True) for name, value in document["keys"].items()}
            primary = str(document["primary"])
        except OSError as error:
            raise KeyFileInvalid(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise KeyFileInvalid(f"{path} is not a key file") from None
        return cls(primary=primary, keys=keys)
