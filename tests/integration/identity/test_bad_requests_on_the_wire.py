"""What no well-behaved client can send, sent byte by byte to a running service; it answers, stays small, and lives."""

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.integration.identity.running import Child, Installation

MEGABYTE = 1_000_000


@pytest.fixture
def alive(running: Child) -> Iterator[Child]:
    """The process must be the same afterwards, and well."""
    before = running.process.pid
    yield running
    assert running.process.poll() is None
    assert running.process.pid == before
    assert running.probe("/healthz") == 200


def send(child: Child, *parts: bytes, end: bool = False, read: bool = True) -> tuple[int, bytes]:
    """Send bytes; the status (0 when the connection was closed without one) and all that came back."""
    address = urlsplit(child.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had heard enough
        if not read:
            return 0, b""
        received = b""
        try:
            while more := connection.recv(65_536):
                received += more
        except ConnectionResetError:
            pass
    return (int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/") else 0), received


def head(method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", "Content-Type: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


LOGIN = "/api/login"
BODY = b'{"email": "a@b", "password": "x"}'

SMUGGLED = {
    "two lengths": head("POST", LOGIN, "Content-Length: 5", "Content-Length: 33") + BODY,
    "lengths in one line": head("POST", LOGIN, "Content-Length: 5, 33") + BODY,
    "length of letters": head("POST", LOGIN, "Content-Length: abc") + BODY,
    "negative length": head("POST", LOGIN, "Content-Length: -1") + BODY,
    "length with a plus": head("POST", LOGIN, "Content-Length: +33") + BODY,
    "length and chunks": head("POST", LOGIN, "Content-Length: 33", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "unknown coding": head("POST", LOGIN, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunk size of letters": head("POST", LOGIN, "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
    "space before the colon": head("POST", LOGIN, "Content-Length : 33") + BODY,
    "no host": b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "NUL in the path": b"GET /heal\x00thz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "a header without end": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000,
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_ambiguous_requests_are_refused_and_the_connection_is_closed(alive: Child, name: str) -> None:
    status, received = send(alive, SMUGGLED[name])
    assert status in (400, 404, 431, 501), received[:300]
    assert status != 404 or name == "NUL in the path"
    if status in (400, 431, 501):
        assert b"connection: close" in received.lower()


def test_a_body_that_ends_too_early_harms_nobody(alive: Child) -> None:
    send(alive, head("POST", LOGIN, "Content-Length: 500"), b'{"email": "a', end=True)
    send(alive, head("POST", LOGIN, "Content-Length: 500"), b'{"email": "a', read=False)
    send(alive, head("POST", LOGIN, "Transfer-Encoding: chunked"), b"5\r\n{\r\n", end=True)
    assert "http_failed" not in alive.written


def test_a_hundred_megabytes_are_refused_in_constant_memory(alive: Child) -> None:
    peak, stop = [alive.memory()], threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            peak.append(alive.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        chunk = b"%x\r\n" % MEGABYTE + b" " * MEGABYTE + b"\r\n"
        begun = time.monotonic()
        for _ in range(3):
            status, _ = send(alive, head("POST", LOGIN, "Transfer-Encoding: chunked"), *[chunk] * 100)
            assert status in (413, 0), "refused, or cut off while it was still sending"
        status, received = send(alive, head("POST", LOGIN, "Content-Length: 100000000"))
        assert status == 413
        assert b"application/problem+json" in received
        assert time.monotonic() - begun < 20
    finally:
        stop.set()
        watcher.join()
    assert max(peak) - peak[0] < 50 * MEGABYTE
    assert alive.written.count('"status": 413') >= 4


def test_a_compressed_bomb_is_not_opened(alive: Child) -> None:
    status, received = send(alive, head("POST", LOGIN, "Content-Encoding: gzip", "Content-Length: 3"), b"\x1f\x8b\x08")
    assert status == 415
    assert b"application/problem+json" in received


@pytest.mark.parametrize(
    "path", ["//api/me", "/api/../api/me", "/api/%2e%2e/api/me", "/api/me/..;/me", "/api/me/", "/API/me", "/api\\me"]
)
def test_other_spellings_of_a_path_are_unknown(alive: Child, path: str) -> None:
    status, received = send(alive, head("GET", path))
    assert (status, b"not_found" in received) == (404, True)


@pytest.mark.parametrize("path", ["*", "http://evil.example/api/me", "/api/me?x=%ff", "/api/me#x"])
def test_odd_targets_do_not_get_in(alive: Child, path: str) -> None:
    status, _ = send(alive, head("GET", path))
    assert status in (400, 401, 404)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "BREW"])
def test_other_methods_are_refused(alive: Child, method: str) -> None:
    status, received = send(alive, head(method, "/api/me"))
    assert (status, b"allow: GET" in received) == (405, True)


def test_many_connections_that_say_nothing_do_not_stop_the_others(alive: Child, place: Installation) -> None:
    address = urlsplit(alive.url)
    idle = [socket.create_connection((str(address.hostname), int(address.port or 0))) for _ in range(200)]
    try:
        with place.client(place.admin["api_key"]) as client:
            begun = time.monotonic()
            assert client.get("/api/me").status_code == 200
            assert time.monotonic() - begun < 5
        assert len(psutil.Process(alive.process.pid).net_connections("tcp")) >= 200
    finally:
        for connection in idle:
            connection.close()


def test_what_is_internal_is_not_public(alive: Child, nobody: httpx.Client) -> None:
    for path in ("/metrics", "/docs", "/openapi.json", "/redoc", "/debug"):
        assert nobody.get(path).status_code == 404
    assert httpx.get(alive.internal + "/metrics", trust_env=False).status_code == 200
    document = httpx.get(alive.internal + "/openapi.json", trust_env=False).json()
    assert "/api/me" in document["paths"]
