"""Takes secrets out of texts by their exact value, in the spellings in which they get into texts."""

import base64
import html
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

REPLACEMENT = "[secret]"
MIN_LENGTH = 4  # of a secret; a shorter one would take half of every text with it
_MIN_FRAGMENT = 8  # of base64 that stands inside something longer


def spellings(secret: str) -> frozenset[str]:
    """How a secret may stand in a text: as it is, for URLs, JSON, Python, HTML, and base64 at any offset."""
    found = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
    }
    found |= {json.dumps(text)[1:-1] for text in tuple(found)}
    raw = secret.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(raw).decode())
        found.add(encode(raw).decode().rstrip("="))
        for offset in range(3):
            # In the middle of something longer (`user:password`), the letters at both ends depend on the neighbours.
            text = encode(b"\x00" * offset + raw).decode().rstrip("=")
            start = -(-offset * 8 // 6)
            end = len(text) if (offset + len(raw)) % 3 == 0 else len(text) - 1
            if end - start >= _MIN_FRAGMENT:
                found.add(text[start:end])
    return frozenset(found)


class Scrubber:
    """Knows the secrets that are in use in this process, and takes them out of what leaves it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Counter[str] = Counter()
        self._pattern: re.Pattern[str] | None = None

    def add(self, *secrets: str) -> None:
        """Know secrets for as long as the process lives."""
        self._change(secrets, 1)

    @contextmanager
    def holding(self, *secrets: str) -> Iterator[None]:
        """Know secrets while the block runs."""
        self._change(secrets, 1)
        try:
            yield
        finally:
            self._change(secrets, -1)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(REPLACEMENT, text)

    def value(self, value: Any) -> Any:
        """The same structure with every text in it scrubbed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(name): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return value

    def _change(self, secrets: Iterable[str], by: int) -> None:
        with self._lock:
            for secret in secrets:
                if len(secret) >= MIN_LENGTH:
                    self._known[secret] += by
            self._known = +self._known
            texts = {text for secret in self._known for text in spellings(secret)}
            # The longest first: a secret may begin with another one.
            ordered = sorted(texts, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
