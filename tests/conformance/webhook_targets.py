"""Targets for webhooks, as real servers on this machine: an honest one that keeps what it got, and rogues."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookTarget:
    """A running server, and the requests it got."""

    port: int
    host: str = "127.0.0.1"
    scheme: str = "http"
    requests: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        """Where it takes webhooks."""
        return f"{self.scheme}://{self.host}:{self.port}/hook?x=1"


async def answer(writer: asyncio.StreamWriter, status: str, body: bytes = b"", *headers: str) -> None:
    """An ordinary answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def accept(_request: Received, writer: asyncio.StreamWriter) -> None:
    """204, as receivers should."""
    await answer(writer, "204 No Content")


def says(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """Always this answer."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, status, body, *headers)

    return behave


async def endless(_request: Received, writer: asyncio.StreamWriter) -> None:
    """A refusal whose body never ends."""
    writer.write(b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_success(_request: Received, writer: asyncio.StreamWriter) -> None:
    """A success whose body never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def drip(_request: Received, writer: asyncio.StreamWriter) -> None:
    """One byte of the head at a time, for ever."""
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_body(_request: Received, writer: asyncio.StreamWriter) -> None:
    """A refusal, one byte of its body at a time."""
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 10000\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(_request: Received, _writer: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    await asyncio.sleep(60)


async def hang_up(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Takes the request and closes."""
    writer.close()


async def not_http(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Answers in another language."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


async def huge_head(_request: Received, writer: asyncio.StreamWriter) -> None:
    """A head of many megabytes."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        writer.write(b"X-%d: " % number + b"y" * 200 + b"\r\n")
        await writer.drain()
    writer.write(b"\r\n")


@asynccontextmanager
async def serving(
    behave: Behaviour = accept, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[WebhookTarget]:
    """A target that behaves like this. `host` is only the name it goes by."""
    target = WebhookTarget(port=0, host=host, scheme="https" if tls else "http")
    open_writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        target.at_once += 1
        target.most_at_once = max(target.most_at_once, target.at_once)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                request = await _read(reader)
                target.requests.append(request)
                await behave(request, writer)
            finally:
                target.at_once -= 1
                open_writers.discard(writer)
                writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    target.port = server.sockets[0].getsockname()[1]
    try:
        yield target
    finally:
        server.close()
        for writer in list(open_writers):
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name:
            headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0], headers, body)
