"""A server that answers but gives no session: it starts, it recovers, it is full, it knows nobody of that name.

Seen when PostgreSQL was killed under runs: "the database system is starting up" counted as the event's own fault, and
after five tries good events were dead letters.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from services.chassis.database import Database
from services.chassis.errors import DatabaseUnavailable

SSL_REQUEST = 80877103


@asynccontextmanager
async def refusing(code: str) -> AsyncIterator[str]:
    """A server that speaks PostgreSQL's protocol so far as to refuse every session with a code; its address."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                body = await reader.readexactly(size - 4)
                if struct.unpack(">i", body[:4])[0] != SSL_REQUEST:
                    break
                writer.write(b"N")
            fields = b"".join(
                name + value.encode() + b"\x00"
                for name, value in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", "not now"))
            )
            writer.write(b"E" + struct.pack(">i", len(fields) + 5) + fields + b"\x00")
            await writer.drain()
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://127.0.0.1:{server.sockets[0].getsockname()[1]}/platform"


@pytest.mark.parametrize("code", ["57P03", "57P01", "53300", "28P01", "28000", "3D000", "XX000"])
async def test_no_session_is_never_the_fault_of_the_work(code: str) -> None:
    async with refusing(code) as url:
        database = Database("connector", url, "password")
        try:
            with pytest.raises(DatabaseUnavailable):
                async with database.work(uuid4()):
                    raise AssertionError("there was a session")
        finally:
            await database.close()


async def test_a_role_that_cannot_log_in_is_called_by_its_name() -> None:
    async with refusing("28P01") as url:
        database = Database("connector", url, "password")
        try:
            with pytest.raises(DatabaseUnavailable, match="role of 'connector' cannot log in; run the set-up first"):
                await database.check()
        finally:
            await database.close()
