"""Fetching the Java archives: whole or not at all, over a real HTTP server that behaves badly."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local import artifacts
from deploy.local.artifacts import Jar
from deploy.local.ports import choose
from deploy.local.problems import StackError
from deploy.local.relock import one_version

CONTENT = {f"org/example/part{n}/1.0/part{n}-1.0.jar": bytes([n]) * (50_000 + n) for n in range(20)}


class Repository(ThreadingHTTPServer):
    """A server of archives that can be told to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.cut: dict[str, int] = {}
        self.status: dict[str, int] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Repository

    def do_GET(self) -> None:
        """Send an archive, or less."""
        path = self.path.lstrip("/")
        self.server.asked.append(path)
        status = self.server.status.get(path, 200)
        content = CONTENT[path] if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        left = self.server.cut.get(path, 0)
        if left:
            self.server.cut[path] = left - 1
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    server = Repository()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def jars() -> list[Jar]:
    return [Jar(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in CONTENT.items()]


def leftovers(cache: Path) -> list[Path]:
    return list(cache.rglob(".part-*"))


async def test_every_archive_arrives_once_and_is_not_fetched_again(
    repository: Repository, jars: list[Jar], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    await artifacts.fetch(jars, tmp_path, lambda done, total: seen.append((done, total)), url=repository.url)
    assert {jar.path: (tmp_path / jar.path).read_bytes() for jar in jars} == CONTENT
    assert seen[-1] == (sum(map(len, CONTENT.values())),) * 2
    await artifacts.fetch(jars, tmp_path, url=repository.url)
    assert sorted(repository.asked) == sorted(CONTENT)


async def test_a_wrong_checksum_is_refused_and_nothing_of_it_is_kept(
    repository: Repository, jars: list[Jar], tmp_path: Path
) -> None:
    wrong = Jar(jars[3].path, jars[3].bytes, "0" * 64)
    with pytest.raises(StackError, match="is not the archive that was locked"):
        await artifacts.fetch([wrong], tmp_path, url=repository.url)
    assert not (tmp_path / wrong.path).exists()
    assert not leftovers(tmp_path)


async def test_a_download_cut_off_in_the_middle_is_tried_again(
    repository: Repository, jars: list[Jar], tmp_path: Path
) -> None:
    repository.cut[jars[5].path] = 1
    await artifacts.fetch(jars, tmp_path, url=repository.url)
    assert repository.asked.count(jars[5].path) == 2
    assert not artifacts.missing(jars, tmp_path)


async def test_a_download_that_is_always_cut_off_is_told_and_what_is_there_is_kept(
    repository: Repository, jars: list[Jar], tmp_path: Path
) -> None:
    await artifacts.fetch(jars[:10], tmp_path, url=repository.url)
    repository.cut[jars[15].path] = 99
    with pytest.raises(StackError, match=r"failed: .*\n.*start again") as failure:
        await artifacts.fetch(jars, tmp_path, url=repository.url)
    assert jars[15].path in str(failure.value)
    assert not (tmp_path / jars[15].path).exists()
    assert not leftovers(tmp_path)
    repository.cut.clear()
    repository.asked.clear()
    await artifacts.fetch(jars, tmp_path, url=repository.url)
    assert not artifacts.missing(jars, tmp_path)
    assert not set(repository.asked) & {jar.path for jar in jars[:10]}


async def test_a_refused_download_says_so(repository: Repository, jars: list[Jar], tmp_path: Path) -> None:
    repository.status[jars[0].path] = 403
    with pytest.raises(StackError, match="was refused: HTTP 403"):
        await artifacts.fetch(jars[:1], tmp_path, url=repository.url)
    assert repository.asked == [jars[0].path], "a refusal is not asked again"


async def test_a_server_that_is_not_there_says_so(jars: list[Jar], tmp_path: Path) -> None:
    port = choose(["nobody"])["nobody"]
    with pytest.raises(StackError, match="Look at the network"):
        await artifacts.fetch(jars[:1], tmp_path, url=f"http://127.0.0.1:{port}")


def test_damage_in_the_cache_is_found(jars: list[Jar], tmp_path: Path) -> None:
    place = tmp_path / jars[0].path
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[jars[0].path][:-1])
    assert artifacts.missing(jars[:1], tmp_path) == jars[:1]
    place.write_bytes(b"x" * jars[0].bytes)
    assert artifacts.damaged(jars[:1], tmp_path) == jars[:1]


def test_the_committed_lock_has_one_version_of_kafka() -> None:
    locked = artifacts.read_lock()
    assert one_version(locked["kafka"], "org/apache/kafka").startswith("4.")
    assert all(len(jar.sha256) == 64 and jar.bytes for jar in artifacts.all_jars(locked))


def test_two_versions_of_one_project_are_refused() -> None:
    jars = [Jar(f"org/apache/kafka/{name}/{v}/{name}-{v}.jar", 1, "0") for name, v in (("a", "4.3.1"), ("b", "3.9.1"))]
    with pytest.raises(StackError, match=r"3\.9\.1"):
        one_version(jars, "org/apache/kafka")
