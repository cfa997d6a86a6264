"""Identifiers that sort by the time they were made, as a part that can be replaced."""

import secrets
import time
from typing import Protocol
from uuid import UUID


class Ids(Protocol):
    """Makes identifiers."""

    def new(self) -> UUID:
        """An identifier that nobody has yet."""


class SystemIds:
    """UUID version 7 (RFC 9562): 48 bits of milliseconds, then 74 random bits."""

    def new(self) -> UUID:
        """An identifier that nobody has yet."""
        milliseconds = time.time_ns() // 1_000_000
        value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
        value = value & ~(0xF << 76) | 7 << 76
        return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)
