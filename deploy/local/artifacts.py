"""The Java archives of the embedded stack: fetched once, side by side, each held against the committed lock."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.problems import StackError

LOCK = Path(__file__).with_name("jars.lock")
CONNECTIONS = 16
ATTEMPTS = 3

# (bytes there, bytes in all)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Jar:
    """One archive: its path in the repository's layout, its size and its sum."""

    path: str
    bytes: int
    sha256: str


def read_lock(lock: Path = LOCK) -> dict[str, list[Jar]]:
    """Read the lock: the archives of each server, in class path order."""
    jars: dict[str, list[Jar]] = {}
    section = ""
    for line in lock.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            jars[section] = []
        elif line and not line.startswith("#"):
            path, size, digest = line.split()
            jars[section].append(Jar(path, int(size), digest))
    return jars


def repository() -> str:
    """Say where archives come from: a mirror of one's own, or the public repository."""
    own = os.environ.get("MODULARDATA_MAVEN_URL")
    if own:
        return own.rstrip("/")
    # The library knows the address of the public repository, so that no file here has to name it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks at folders on import and warns about those of root
        from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL).rstrip("/")


def missing(jars: list[Jar], cache: Path) -> list[Jar]:
    """Find the archives that are not in the cache, or not whole."""
    return [jar for jar in jars if not _whole(cache / jar.path, jar.bytes)]


def damaged(jars: list[Jar], cache: Path) -> list[Jar]:
    """Find the archives in the cache whose content is not what the lock says."""
    there = [jar for jar in jars if (cache / jar.path).is_file()]
    return [jar for jar in there if _sum(cache / jar.path) != jar.sha256]


def class_path(jars: list[Jar], cache: Path) -> str:
    """Make the class path of one server."""
    return os.pathsep.join(str(cache / jar.path) for jar in jars)


async def fetch(jars: list[Jar], cache: Path, progress: Progress | None = None, url: str = "") -> None:
    """Bring every archive into the cache; what is there and whole is not fetched again."""
    wanted = list({jar.path: jar for jar in missing(jars, cache)}.values())
    if not wanted:
        return
    url = url or repository()
    total = sum(jar.bytes for jar in wanted)
    seen: dict[str, int] = {}

    def note(jar: Jar, received: int) -> None:
        seen[jar.path] = received
        if progress is not None:
            progress(sum(seen.values()), total)

    limits = httpx.Limits(max_connections=CONNECTIONS)
    timeout = httpx.Timeout(30, pool=None)
    slots = asyncio.Semaphore(CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=True) as client:

        async def one(jar: Jar) -> None:
            async with slots:
                await _fetch_one(client, f"{url}/{jar.path}", jar, cache, note)

        try:
            async with asyncio.TaskGroup() as group:
                for jar in wanted:
                    group.create_task(one(jar))
        except BaseExceptionGroup as failures:
            # One failure stops the others, so the first is the one to tell. Not `except*`: Python before 3.11.4 wraps
            # what is raised in such a block into a group again.
            told = failures.subgroup(StackError)
            if told is None:
                raise
            raise told.exceptions[0] from None


async def _fetch_one(
    client: httpx.AsyncClient, url: str, jar: Jar, cache: Path, note: Callable[[Jar, int], None]
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await _download(client, url, jar, cache, note)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status < 500 or attempt == ATTEMPTS:
                raise StackError(
                    f"The download of {url} was refused: HTTP {status}.",
                    "If this network has a mirror of its own, name it: MODULARDATA_MAVEN_URL=https://…",
                ) from error
        except httpx.TransportError as error:
            if attempt == ATTEMPTS:
                raise StackError(
                    f"The download of {url} failed: {str(error) or type(error).__name__}.",
                    "Look at the network or the proxy, and start again: what is already there is kept.",
                ) from error
        except OSError as error:
            raise StackError(
                f"Could not write to {cache}: {error.strerror}.", "Make room, or name another: MODULARDATA_CACHE."
            ) from error
        else:
            return
        await asyncio.sleep(0.3 * attempt)


async def _download(
    client: httpx.AsyncClient, url: str, jar: Jar, cache: Path, note: Callable[[Jar, int], None]
) -> None:
    target = cache / jar.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, received = hashlib.sha256(), 0
    # A name of its own, so that two launchers may fetch at once and an interrupted one leaves nothing whole.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            async with client.stream("GET", url) as response:
                response.raise_for_status()
                async for chunk in response.aiter_bytes(1 << 16):
                    digest.update(chunk)
                    received += len(chunk)
                    file.write(chunk)
                    note(jar, min(received, jar.bytes))
        if received < jar.bytes:
            raise httpx.ReadError(f"cut off after {received:,} of {jar.bytes:,} bytes")
        if digest.hexdigest() != jar.sha256:
            raise StackError(
                f"{url} is not the archive that was locked: its SHA-256 sum is {digest.hexdigest()}, "
                f"{jar.sha256} was expected. Nothing was kept of it.",
                "Something between here and the repository changed it; name a source that can be trusted: "
                "MODULARDATA_MAVEN_URL=https://…",
            )
        # Servers run as an ordinary user who has to be able to read it.
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def all_jars(locked: Mapping[str, list[Jar]]) -> list[Jar]:
    """Take the archives of every server as one list."""
    return [jar for jars in locked.values() for jar in jars]
