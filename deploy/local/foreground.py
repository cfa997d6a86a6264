"""Runs a stack until it is told to stop, and tells a running one to stop from another terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from deploy.local import state
from deploy.local.launcher import Stack
from deploy.local.problems import StackError

# What a data folder consists of; nothing else in it is ever removed.
OURS = frozenset(
    {
        *("kafka", "temporal", "postgres", "s3", "objects", "secrets", "logs", "cache"),
        *("state.json", "run.json", "lock", "launcher.log", "demo"),
    }
)


async def run(stack: Stack, story: Callable[[Stack], Awaitable[None]] | None = None) -> None:
    """Bring a stack up, let the story run, and take it down at Ctrl-C, at SIGTERM, or when the story ends.

    Without a story it stays until it is told to stop.
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    try:
        stop = asyncio.create_task(told.wait())
        work = asyncio.create_task(_up(stack, story))
        await asyncio.wait({stop, work}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
        stop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _up(stack: Stack, story: Callable[[Stack], Awaitable[None]] | None) -> None:
    async with stack:
        if story is not None:
            await story(stack)
        else:
            await asyncio.Event().wait()


def down(folder: Path, *, purge: bool = False, seconds: float = 90) -> bool:
    """Stop the stack of a folder, wherever it runs; say whether there was one."""
    was = state.is_running(folder)
    if was:
        _end_launcher(folder, seconds)
    if folder.exists():
        # Also what a launcher left that was killed.
        with state.exclusive(folder):
            state.clear_leftovers(folder)
            if purge:
                _purge(folder)
    return was


def _end_launcher(folder: Path, seconds: float) -> None:
    running = state.load_running(folder)
    launcher = running.launcher.process() if running else None
    if launcher is None:
        raise StackError(f"Something holds {folder / 'lock'}, but no launcher wrote its name there.", "Try again.")
    try:
        launcher.terminate()
    except psutil.AccessDenied:
        raise StackError(
            f"The launcher (process {launcher.pid}) belongs to '{launcher.username()}'.", "Stop it as that user."
        ) from None
    until = time.monotonic() + seconds
    while state.is_running(folder):
        if time.monotonic() > until:
            raise StackError(
                f"The launcher (process {launcher.pid}) did not stop within {seconds:.0f} seconds.",
                f"Insist: kill -9 {launcher.pid} (the servers end with it, and nothing is lost)",
            )
        time.sleep(0.05)


def _purge(folder: Path) -> None:
    entries = list(folder.iterdir())
    ours = [entry for entry in entries if entry.name in OURS or entry.name.startswith((".state.json.", ".run.json."))]
    if not (folder / "state.json").exists() and len(ours) < len(entries):
        raise StackError(f"{folder} does not look like a data folder; nothing was removed.")
    # By name: whoever made their home the data folder keeps what else is in it.
    for entry in ours:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    # The folder itself may be a mount, or the caller's working folder.
    with contextlib.suppress(OSError):
        os.rmdir(folder)
