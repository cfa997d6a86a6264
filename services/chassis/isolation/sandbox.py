"""Runs a job in a child with walls around it, and says how it ended. The rest of the service never sees the child."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from services.chassis.isolation import wire
from services.chassis.isolation.child import ERRORS
from services.chassis.isolation.failures import (
    ChildDied,
    IsolationUnavailable,
    JobFailed,
    MemoryExceeded,
    OutputTooLarge,
    TimeExceeded,
)
from services.chassis.isolation.walls import Limits

_START_SECONDS = 60.0
_END_SECONDS = 10.0
_ZYGOTE = Path(__file__).with_name("zygote.py")


@dataclass(frozen=True)
class Fate:
    """How a child ended."""

    exit_code: int | None
    signal: int | None
    max_rss_mb: int
    exceeded: str | None = None


@dataclass
class _Zygote:
    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: Path

    def end(self) -> None:
        """Close its socket, at which it ends by itself with its children; wait for it, and insist if it must be."""
        self.control.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Killed(ChildDied):
    """A child ended by a SIGKILL that was not ours."""


class Sandbox:
    """Children for jobs: at most `at_once`, each with its own walls, forked from a process made when first needed.

    `work` is the module whose `handle` does the jobs.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        work: str,
        at_once: int = 2,
        threads: int | None = None,
        rest_after: float = 30.0,
        search: Sequence[str] = (),
    ) -> None:
        self._limits = limits
        self._threads = threads
        self._rest_after = rest_after
        self._work = work
        self._search = [*search, str(Path(__file__).resolve().parents[3])]
        self._room = asyncio.Semaphore(at_once)
        self._starting = asyncio.Lock()
        self._zygote: _Zygote | None = None
        self._asked = 0
        self._at_once = at_once
        self._rest: asyncio.TimerHandle | None = None
        self._warming: asyncio.Task[None] | None = None
        self.last: Fate | None = None

    @property
    def process(self) -> int | None:
        """The process from which children are forked, while there is one."""
        return None if self._zygote is None else self._zygote.process.pid

    @property
    def waiting(self) -> int:
        """How many jobs wait for a place."""
        return max(0, self._asked - self._at_once)

    async def run(self, job: str, *, readable: Sequence[Path], folder: Path, seconds: float) -> bytes:
        """The child's answer to a job; raises JobFailed.

        The child reads `readable`, reads and writes `folder`, and nothing else. Cancelling ends it.
        """
        self._asked += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            async with self._room:
                return await self._tried(job, readable, folder, seconds)
        finally:
            self._asked -= 1
            self._schedule_rest()

    def warm(self) -> None:
        """Have the process from which children are forked ready, without waiting for it."""
        if self._zygote is None and self._warming is None and not self._asked:
            self._warming = asyncio.create_task(self._warm())

    async def _warm(self) -> None:
        try:
            await self._ready()
        except JobFailed as error:
            # Whoever needs it is told then.
            structlog.get_logger().warning("engine_not_warm", reason=error.message)
        finally:
            self._warming = None
            self._schedule_rest()

    async def close(self) -> None:
        """End everything."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self._rest is not None:
            self._rest.cancel()
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            await asyncio.to_thread(zygote.end)

    async def _tried(self, job: str, readable: Sequence[Path], folder: Path, seconds: float) -> bytes:
        """A child that died without a reason gets one successor; if that dies as well, it is the job's fault."""
        try:
            return await self._once(job, readable, folder, seconds)
        except ChildDied:
            for leftover in folder.iterdir():
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()
        try:
            return await self._once(job, readable, folder, seconds)
        except _Killed:
            # Once may be anybody's doing. Twice is the kernel's, when the machine has no memory left.
            raise self._memory() from None

    async def _once(self, job: str, readable: Sequence[Path], folder: Path, seconds: float) -> bytes:
        loop = asyncio.get_running_loop()
        channel, its_channel = socket.socketpair()
        fate, its_fate = socket.socketpair()
        try:
            with its_channel, its_fate:
                await self._fork(its_channel, its_fate, folder)
            channel.setblocking(False)
            fate.setblocking(False)
            order = {
                "job": job,
                "folder": str(folder),
                "readable": [*_libraries(), *(str(path) for path in readable)],
                "writable": [str(folder)],
                "limits": asdict(self._limits),
            }
            answer, late = None, False
            try:
                async with asyncio.timeout(seconds):
                    await loop.sock_sendall(channel, wire.pack(json.dumps(order).encode()))
                    header = await _exactly(channel, 4)
                    answer = await _exactly(channel, wire.length(header))
            except TimeoutError:
                late = True
                fate.shutdown(socket.SHUT_WR)
            except (wire.WireBroken, OSError):
                answer = None
            async with asyncio.timeout(_END_SECONDS):
                told = json.loads(await _until_closed(fate) or b"{}")
        except TimeoutError:
            raise ChildDied("The process that ran it did not end.") from None
        finally:
            # Where the child still runs, this ends it.
            channel.close()
            fate.close()
        self.last = _fate(told)
        if late:
            raise TimeExceeded(f"It takes longer than {seconds:g} seconds.")
        return self._judge(answer, self.last, folder)

    def _judge(self, answer: bytes | None, fate: Fate, folder: Path) -> bytes:
        if fate.exceeded == "disk":
            most = f"{self._limits.disk_mb} MB of disk or makes more than {self._limits.entries:,} files"
            raise OutputTooLarge(f"It fills more than {most}.")
        if answer is not None:
            said: Any = json.loads(answer)
            if said.get("kind") == "failed" and said.get("type") == MemoryExceeded.type.value:
                raise self._memory()
            if said.get("kind") == "failed" and said.get("type") == IsolationUnavailable.type.value:
                raise IsolationUnavailable(str(said["message"]))
            return answer
        if fate.signal == signal.SIGXCPU:
            raise TimeExceeded(f"It takes more than {self._limits.cpu_seconds} seconds of computing time.")
        if fate.signal == signal.SIGXFSZ:
            raise OutputTooLarge("The result is too large to be written.")
        errors = _tail(folder / ERRORS)
        starved = "memory allocation of" in errors or "Cannot allocate memory" in errors or "MemoryError" in errors
        if starved or fate.exceeded == "memory":
            raise self._memory()
        if fate.signal == signal.SIGKILL:
            raise _Killed("The process that ran it was killed.")
        ending = f"signal {fate.signal}" if fate.signal is not None else f"code {fate.exit_code}"
        raise ChildDied(f"The process that ran it ended without a word ({ending}).")

    def _memory(self) -> JobFailed:
        return MemoryExceeded(f"It needs more than {self._limits.memory_mb} MB of memory.")

    async def _fork(self, channel: socket.socket, fate: socket.socket, folder: Path) -> None:
        """Have a child made that holds the other ends; by a new process, if the old one is just dying."""
        for last in (False, True):
            zygote = await self._ready()
            try:
                watched = json.dumps(asdict(self._limits) | {"folder": str(folder)}).encode()
                socket.send_fds(zygote.control, [watched], [channel.fileno(), fate.fileno()])
            except OSError as error:
                async with self._starting:
                    if self._zygote is zygote:
                        self._zygote = None
                await asyncio.to_thread(zygote.end)
                if last:
                    raise ChildDied("The process for running jobs is gone.") from error
            else:
                return

    async def _ready(self) -> _Zygote:
        async with self._starting:
            if self._zygote is not None and self._zygote.process.poll() is not None:
                zygote, self._zygote = self._zygote, None
                await asyncio.to_thread(zygote.end)
            if self._zygote is None:
                self._zygote = await asyncio.to_thread(self._start)
            return self._zygote

    def _start(self) -> _Zygote:
        if sys.platform != "linux":
            raise IsolationUnavailable("Jobs run only on Linux, whose kernel can put walls around a process.")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = Path(tempfile.mkdtemp(prefix="modulardata-zygote-"))
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", str(_ZYGOTE), str(theirs.fileno()), self._work, *self._search],
                pass_fds=[theirs.fileno()],
                env=environment(self._threads),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        zygote = _Zygote(process, ours, folder)
        ours.settimeout(_START_SECONDS)
        try:
            said = json.loads(ours.recv(4096) or b"{}")
        except (OSError, ValueError):
            said = {}
        if not said.get("ready"):
            zygote.end()
            raise ChildDied(f"The process for running jobs did not start: {said.get('error', 'it says nothing')}")
        ours.settimeout(_END_SECONDS)
        return zygote

    def _schedule_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        if not self._asked and self._zygote is not None:
            loop = asyncio.get_running_loop()
            self._rest = loop.call_later(self._rest_after, self._go_to_rest)

    def _go_to_rest(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            asyncio.get_running_loop().run_in_executor(None, zygote.end)


@cache
def _libraries() -> tuple[str, ...]:
    """Code that the interpreter may still load when a job needs it: its own, installed packages, and ours."""
    paths = sysconfig.get_paths()
    ours = Path(__file__).resolve().parents[3]
    found = {*(paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))}
    found |= {str(ours / package) for package in ("contracts", "services")}
    return tuple(sorted(path for path in found if Path(path).is_dir()))


def environment(threads: int | None) -> dict[str, str]:
    """All that a child sees of the environment: nothing of ours."""
    return {
        "POLARS_MAX_THREADS": str(threads or min(4, os.cpu_count() or 1)),
        "POLARS_TEMP_DIR": ".",
        # Nothing goes to the disk before its time, by a budget that no machine has: a child could not remove it again.
        "POLARS_OOC_MEMORY_BUDGET_MB": str(1 << 30),
        "RUST_BACKTRACE": "0",
        # One arena for all threads: what a part of a table has given back is what the next one takes.
        "_RJEM_MALLOC_CONF": "background_thread:false,narenas:1",
        "LC_ALL": "C.UTF-8",
    }


def _fate(told: dict[str, Any]) -> Fate:
    status = told.get("status")
    rss = int(told.get("max_rss_kb", 0)) // 1024
    if status is None:
        return Fate(None, None, rss)
    exceeded = told.get("exceeded")
    if os.WIFSIGNALED(status):
        return Fate(None, os.WTERMSIG(status), rss, exceeded)
    return Fate(os.WEXITSTATUS(status), None, rss, exceeded)


async def _exactly(channel: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    while size:
        part = await loop.sock_recv(channel, min(size, 1 << 20))
        if not part:
            raise wire.WireBroken("the child went away")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


async def _until_closed(channel: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    while True:
        with suppress(ConnectionError):
            part = await loop.sock_recv(channel, 4096)
            if part:
                parts.append(part)
                continue
        return b"".join(parts)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
