"""The archive of a server's classes: made of what one start loaded, used by the next, and never in its way."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import account as accounts
from deploy.local import artifacts, cache, class_archive, java, ports
from deploy.local.account import Account
from deploy.local.class_archive import ClassArchive
from deploy.local.s3proxy import S3Proxy
from deploy.local.state import State
from deploy.local.supervisor import Supervised
from tests.conftest import open_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    made = open_folder()
    yield made
    # What the servers' user made is not the caller's to list, unless he is root, who may take all away.
    shutil.rmtree(made)


@pytest.fixture
async def account(folder: Path) -> Account:
    return accounts.choose(folder / "nothing")


@pytest.fixture
async def classes(folder: Path, account: Account) -> ClassArchive:
    jars = artifacts.read_lock()["s3proxy"]
    place = cache.folder(account, folder) / "jars"
    await artifacts.fetch(jars, place)
    return class_archive.of("s3", java.find(), artifacts.class_path(jars, place), folder / "cache")


@asynccontextmanager
async def running(folder: Path, account: Account, classes: ClassArchive) -> AsyncIterator[Supervised]:
    state = State(folder=folder, ports=ports.choose(["s3"], set()), s3_access_key="AK", s3_secret_key="secret")
    server = S3Proxy(state, account, classes.java, classes)
    await server.prepare()
    child = Supervised(server.program(), folder, lambda: None)
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


def maps(child: Supervised, path: Path) -> bool:
    return str(path) in Path(f"/proc/{child.pid}/maps").read_text()


async def test_the_second_start_maps_what_the_first_one_noted(
    folder: Path, account: Account, classes: ClassArchive
) -> None:
    async with running(folder, account, classes) as first:
        assert not maps(first, classes.path)
        await classes.make(folder / "s3", account, folder / "classes.log")
    assert classes.path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in classes.path.parent.iterdir()] == [classes.path.name], "nothing half made stays"
    made = classes.path.stat().st_mtime_ns
    async with running(folder, account, classes) as second:
        assert maps(second, classes.path)
        await classes.make(folder / "s3", account, folder / "classes.log")
    assert classes.path.stat().st_mtime_ns == made, "one that is there is left alone"


async def test_a_damaged_archive_is_told_and_done_without(
    folder: Path, account: Account, classes: ClassArchive
) -> None:
    classes.path.parent.mkdir(mode=0o755, parents=True)
    classes.path.write_bytes(os.urandom(100_000))
    async with running(folder, account, classes) as child:
        assert not maps(child, classes.path)
    assert "Not a valid shared archive file" in child.log.read_text()


def test_another_runtime_or_another_file_has_another_archive(classes: ClassArchive, folder: Path) -> None:
    def path(java_version: int, jars: str) -> Path:
        return class_archive.of("s3", replace(classes.java, version=java_version), jars, folder).path

    version = classes.java.version
    usual = path(version, classes.class_path)
    assert path(version, classes.class_path) == usual
    assert path(version + 1, classes.class_path) != usual
    jar = folder / "a.jar"
    jar.write_bytes(b"one")
    before = path(version, str(jar))
    jar.write_bytes(b"another")
    assert path(version, str(jar)) != before
