"""Messages on a socket: four bytes of length, then as many bytes."""

import os
import struct

MAX_BYTES = 64 << 20


class WireBroken(Exception):
    """The other end went away, or said more than it may."""


def pack(message: bytes) -> bytes:
    """A message as it travels."""
    if len(message) > MAX_BYTES:
        raise WireBroken("the message is too large")
    return struct.pack("!I", len(message)) + message


def length(header: bytes) -> int:
    """The length that a header announces."""
    (size,) = struct.unpack("!I", header)
    if size > MAX_BYTES:
        raise WireBroken("the message is too large")
    return int(size)


def read(handle: int) -> bytes:
    """The next message on a file descriptor."""
    return _exactly(handle, length(_exactly(handle, 4)))


def write(handle: int, message: bytes) -> None:
    """Send a message on a file descriptor."""
    left = memoryview(pack(message))
    while left:
        left = left[os.write(handle, left) :]


def _exactly(handle: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(handle, min(size, 1 << 20))
        if not part:
            raise WireBroken("the other end went away")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
