"""A process starts when the world is there, says what is away, finishes its work, and tells by its exit code."""

import asyncio
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.launcher import Stack
from tests.conftest import open_folder
from tests.integration.identity.conftest import execute
from tests.integration.identity.running import Child, Installation, free_port, installation, until


class Line:
    """A wire to a server. Cut, it refuses new connections and closes old ones; not flowing, it swallows all."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self.target = (host, int(port))
        self.port = free_port()
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.flowing = threading.Event()
        self.flowing.set()
        self.join()

    def join(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(self.target)
                except OSError:
                    near.close()
                    raise
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()
        except OSError:
            return

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                self.flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def world() -> Iterator[Stack]:
    """Servers of this module's own, because it stops them."""
    folder = open_folder()
    with Stack(folder / "stack", services=False) as stack:
        yield stack


@pytest.fixture
def line(world: Stack) -> Iterator[Line]:
    made = Line(urlsplit(world.state.database_admin_url).netloc.rpartition("@")[2])
    yield made
    made.flowing.set()
    made.cut()


@pytest.fixture
def place(world: Stack, line: Line, tmp_path: Path) -> Iterator[Installation]:
    name = f"test_{secrets.token_hex(6)}"
    asyncio.run(execute(world.state.database_admin_url, f"create database {name}"))
    url = world.state.database_admin_url.rpartition("/")[0] + f"/{name}"
    through = f"postgresql://127.0.0.1:{line.port}/{name}"
    with installation(tmp_path, world.state, url, MODULARDATA_DATABASE_URL=through) as made:
        yield made


def log_in(place: Installation) -> tuple[int, float, str]:
    """The status of a login, the seconds it took, and Retry-After."""
    with place.client() as client:
        begun = time.monotonic()
        answer = client.post("/api/login", json={"email": "a@b", "password": "x"})
        return answer.status_code, time.monotonic() - begun, answer.headers.get("retry-after", "")


def half_sent(child: Child) -> tuple[socket.socket, bytes]:
    """A login whose body is on its way; the connection and what is still to be sent."""
    address = urlsplit(child.url)
    connection = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)
    body = json.dumps({"email": "a@b", "password": "x"}).encode()
    connection.sendall(
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body[:10]
    )
    return connection, body[10:]


def test_it_finishes_what_is_under_way_and_ends_with_zero(place: Installation) -> None:
    child = place.start("identity")
    connection, rest = half_sent(child)
    log_in(place)
    child.process.send_signal(signal.SIGTERM)
    until(lambda: "draining" in child.written)
    connection.sendall(rest)
    assert connection.recv(12) == b"HTTP/1.1 401", "the request under way was answered"
    connection.close()
    assert child.process.wait(20) == 0
    assert "Traceback" not in child.written


def test_it_cuts_off_what_does_not_end_and_still_ends(place: Installation) -> None:
    child = place.start("identity", "--only", "api")
    connection, _ = half_sent(child)
    begun = time.monotonic()
    assert child.end() == 0
    assert time.monotonic() - begun < 20
    connection.close()


def test_a_port_that_is_taken_is_named(place: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = place.start("identity", port=port, wait=False)
        assert child.process.wait(20) == 1
    assert f"127.0.0.1:{port}" in child.written
    assert "Traceback" not in child.written


def test_it_waits_for_a_database_and_says_so(place: Installation, line: Line) -> None:
    line.cut()
    child = place.start("identity", wait=False)
    until(lambda: "waiting_for_postgres" in child.written)
    assert child.probe("/healthz") == 200
    assert (child.probe("/startupz"), child.probe("/readyz")) == (503, 503)
    assert log_in(place)[0] == 503
    line.join()
    until(child.ready)
    assert child.probe("/startupz") == 200
    assert log_in(place)[0] == 401


def test_a_database_that_goes_and_comes_back(place: Installation, line: Line) -> None:
    child = place.start("identity")
    assert log_in(place)[0] == 401
    line.cut()
    status, seconds, retry = log_in(place)
    assert (status, retry) == (503, "1")
    assert seconds < 2
    until(lambda: child.missing() == {"postgres"}, seconds=5)
    assert child.probe("/healthz") == 200
    line.join()
    until(child.ready, seconds=10)
    assert log_in(place)[0] == 401
    assert child.end() == 0


def test_a_database_that_falls_silent(place: Installation, line: Line) -> None:
    child = place.start("identity")
    place.set_up()
    with place.client(place.admin["api_key"]) as client:
        assert client.get("/api/me").status_code == 200
        line.flowing.clear()
        begun = time.monotonic()
        answer = client.get("/api/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert time.monotonic() - begun < 3
        status, seconds, _ = log_in(place)
        assert status == 503
        assert seconds < 7
        until(lambda: child.missing() == {"postgres"}, seconds=5)
        line.flowing.set()
        until(child.ready, seconds=10)
        assert client.get("/api/me").status_code == 200
    assert child.end() == 0


def is_missing(child: Child, name: str) -> bool:
    return name in child.missing()


def test_a_broker_and_a_workflow_server_that_stand_still(place: Installation, world: Stack) -> None:
    child = place.start("module_registry")
    for name in ("kafka", "temporal"):
        with standing_still(world.pid(name)):
            until(partial(is_missing, child, name), seconds=10)
            assert child.probe("/healthz") == 200
            assert child.process.poll() is None
        until(child.ready, seconds=20)
    assert child.end() == 0


def test_a_revocation_that_nobody_can_hear_yet_says_so(place: Installation, world: Stack) -> None:
    place.start("identity")
    place.set_up()
    with place.client(place.admin["api_key"]) as client:
        key = client.post("/api/keys", json={"name": "k", "role": "analyst"}).json()
        with standing_still(world.pid("kafka")):
            assert client.post(f"/api/keys/{key['id']}:revoke").status_code == 202
            assert client.post("/api/tokens:exchange", json={"api_key": key["key"]}).status_code == 401
    with place.client(key["key"]) as client:
        until(lambda: client.get("/api/me").status_code == 401)


def test_a_role_that_could_see_past_the_walls_is_refused(place: Installation, world: Stack) -> None:
    admin = world.state.database_admin_url
    asyncio.run(execute(admin, "ALTER ROLE identity_app BYPASSRLS"))
    try:
        child = place.start("identity", wait=False)
        assert child.process.wait(20) == 1
        assert "BYPASSRLS" in child.written
    finally:
        asyncio.run(execute(admin, "ALTER ROLE identity_app NOBYPASSRLS"))


@pytest.mark.parametrize("name", ["kek.json", "secret", "passwords.json"])
def test_without_its_keys_it_does_not_start(place: Installation, name: str) -> None:
    (place.folder / name).unlink()
    child = place.start("identity", wait=False)
    assert child.process.wait(20) == 1
    assert "Traceback" not in child.written
    assert name in child.written or "MODULARDATA_" in child.written
