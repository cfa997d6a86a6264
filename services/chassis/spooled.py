"""A request's body in a file: read whole before the route runs, so that its sum is known, and never in memory whole."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Message, Receive

_PIECE = 1 << 20


@dataclass(frozen=True)
class Spooled:
    """A body that can be read once more, and the SHA-256 of its bytes."""

    receive: Receive
    digest: bytes


@asynccontextmanager
async def spooled(request: Request) -> AsyncIterator[Spooled]:
    """The body, while inside."""
    digest = hashlib.sha256()
    with tempfile.TemporaryFile(prefix="modulardata-body-") as file:

        def keep(piece: bytes) -> None:
            digest.update(piece)
            file.write(piece)

        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _PIECE:
                await asyncio.to_thread(keep, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(keep, bytes(waiting))
        file.seek(0)

        async def receive() -> Message:
            piece = await asyncio.to_thread(file.read, _PIECE)
            return {"type": "http.request", "body": piece, "more_body": bool(piece)}

        yield Spooled(receive, digest.digest())
