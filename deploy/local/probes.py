"""How one sees over the wire that a server answers, without its client library."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import urllib.error
import urllib.request

from deploy.local.ports import HOST

API_VERSIONS = 18


async def kafka_answers(port: int) -> bool:
    """Ask the broker which requests it knows; an open port alone may still refuse every one."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        # key, version, correlation id, no client id
        request = struct.pack(">hhih", API_VERSIONS, 0, 7, -1)
        writer.write(struct.pack(">i", len(request)) + request)
        await writer.drain()
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        correlation, error = struct.unpack(">ih", (await reader.readexactly(size))[:6])
        return bool(correlation == 7 and error == 0)
    except asyncio.IncompleteReadError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def http_answers(url: str, good: tuple[int, ...] = (200,)) -> bool:
    """Ask for a page and look at the status only."""
    return await asyncio.to_thread(_status, url) in good


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=4) as response:  # noqa: S310 - the address is our own
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
