"""Child processes of the launcher: started, watched, started again when they die, stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.account import Account
from deploy.local.problems import StackError

BECOME = Path(__file__).with_name("child.py")
LOG_BYTES = 20_000_000
FIRST_DELAY, LONGEST_DELAY, HEALTHY_AFTER = 0.2, 10.0, 10.0


@dataclass(frozen=True)
class Program:
    """One program: how it is run, how it is stopped, and how one sees that it is ready."""

    name: str
    command: list[str]
    folder: Path
    environment: dict[str, str]
    account: Account | None
    ready: Callable[[], Awaitable[bool]]
    ready_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    # What it is sent when the launcher dies without a word.
    death_signal: signal.Signals = signal.SIGTERM


class Supervised:
    """One program with the process that runs it now."""

    def __init__(
        self,
        program: Program,
        logs: Path,
        changed: Callable[[], None],
        died: Callable[[Program, int], None] = lambda _program, _code: None,
    ) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self.restarts = 0
        self.last_exit: int | None = None
        self._changed, self._died = changed, died
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The number of the process that runs it now; 0 when none does."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    async def start(self) -> None:
        """Start it, wait until it is ready, and watch it from then on."""
        await self._spawn()
        began = time.monotonic()
        while not await self._is_ready():
            process = self._process
            if process is not None and process.returncode is not None:
                raise StackError(
                    f"{self.program.name} ended with code {process.returncode} before it was ready.\n{self.tail()}",
                    f"Its whole log: {self.log}",
                )
            if time.monotonic() - began > self.program.ready_seconds:
                raise StackError(
                    f"{self.program.name} was not ready within {self.program.ready_seconds:.0f} seconds.\n"
                    f"{self.tail()}",
                    f"Its whole log: {self.log}",
                )
            await asyncio.sleep(0.04)
        self._watch = asyncio.create_task(self._keep_alive(), name=f"watch {self.program.name}")

    async def stop(self) -> None:
        """Stop it: ask, wait, and then insist."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.program.stop_seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        _end_group(process.pid)
        self._changed()

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 8000))
                text = file.read().decode(errors="replace").splitlines()[-lines:]
        except OSError:
            return ""
        message = "\n".join(f"    {_shortened(line)}" for line in text)
        if "No space left on device" in message:
            message += "\n    The disk is full: make room and start again; nothing was lost."
        return message

    async def _is_ready(self) -> bool:
        try:
            return await asyncio.wait_for(self.program.ready(), 5)
        except (OSError, TimeoutError):
            return False

    async def _spawn(self) -> None:
        program = self.program
        account = program.account
        uid = account.uid if account else os.geteuid()
        gid = account.gid if account else os.getegid()
        how = "kernel" if sys.platform == "linux" else "watch"
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_BYTES:
                self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                # -I -S: nothing of the environment or of site-packages takes part, and it is quick
                *(sys.executable, "-I", "-S", str(BECOME), how, str(os.getpid())),
                *(str(int(program.death_signal)), str(uid), str(gid), *program.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.folder,
                env=program.environment,
                # Ctrl-C in the terminal is for the launcher, who stops the others in order.
                start_new_session=True,
            )
        self._changed()

    async def _keep_alive(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping:
            began = time.monotonic()
            process = self._process
            if process is None:
                return
            self.last_exit = await process.wait()
            _end_group(process.pid)
            self._died(self.program, self.last_exit)
            if time.monotonic() - began > HEALTHY_AFTER:
                delay = FIRST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            self.restarts += 1
            try:
                await self._spawn()
            except OSError as error:  # no memory or no process slots right now: try again later
                with self.log.open("a") as log:
                    log.write(f"launcher: could not start it again: {error}\n")


def _shortened(line: str) -> str:
    """Keep both ends of a long line: what happened stands at the start of it, and why at the end."""
    return line if len(line) <= 500 else f"{line[:150]} … {line[-340:]}"


def _end_group(leader: int) -> None:
    """End what a process left behind in its group: its own children may not have noticed."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def server_environment(folder: Path) -> dict[str, str]:
    """What a server sees of the environment: nothing that could be a secret of the caller."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


async def run_once(
    name: str,
    command: list[str],
    *,
    folder: Path,
    environment: dict[str, str],
    account: Account | None,
    log: Path,
    seconds: float = 120,
) -> None:
    """Run a program that ends by itself, and say what it said if it fails."""
    program = Program(name, command, folder, environment, account, ready=_at_once, stop_seconds=3)
    once = Supervised(program, log.parent, lambda: None)
    once.log = log
    await once._spawn()
    process = once._process
    if process is None:
        raise StackError(f"{name} did not start.")
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        raise StackError(f"{name} did not end within {seconds:.0f} seconds.\n{once.tail()}") from None
    finally:
        # Also when this start was called off.
        if process.returncode is None:
            await once.stop()
    if code != 0:
        raise StackError(f"{name} failed with code {code}.\n{once.tail()}", f"Its whole log: {log}")


async def _at_once() -> bool:
    return True
