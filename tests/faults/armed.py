"""The services as the fault tests compose them: the same parts, each of the named points a place where a process dies.

`python -m tests.faults.armed all …` takes the arguments of `python -m services`. A point is armed by a file of its name
in the folder that MODULARDATA_FAULTS_FOLDER names; the process that comes by removes the file and does what it says.
"""

import asyncio
import faulthandler
import functools
import importlib
import inspect
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from contracts.commands.command import BOOKKEEPING, LONG, QUICK
from services.connector.clients import postgres as clients
from tests.faults.points import OTHERS, POINTS, Point

WAIT_SECONDS = 60.0
# So that what a dead process had taken is taken again within a test's patience.
PATIENCE = {"NOTIFICATION_LEASE_SECONDS": "20", "NOTIFICATION_RETRY_BASE_SECONDS": "1"}
SOONER = timedelta(seconds=5)
# A server ends a transaction that stands still for 30 seconds; on a slow machine the frozen wake later, and should.
FROZEN_SECONDS = 300


class Trap:
    """One point of one folder."""

    def __init__(self, folder: Path, point: Point) -> None:
        self._file = folder / point.name
        self._point = point

    def wants(self, when: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """What is to happen here and now, if anything; only one process can be asked."""
        if self._point.when != when or not self._file.exists() or not self._point.meant(args, kwargs):
            return None
        try:
            order = self._file.read_text()
            self._file.unlink()
        except FileNotFoundError:
            return None
        return order

    def obey(self, order: str) -> None:
        """Die, stop, or wait for the word to go on."""
        told = self._file.with_suffix(".caught")
        told.with_suffix(".new").write_text(str(os.getpid()))
        told.with_suffix(".new").rename(told)
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif order == "stop":
            # To this thread: one that is sent to the process is taken by another, and this one goes on meanwhile.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        else:
            deadline = time.monotonic() + WAIT_SECONDS
            while told.exists() and time.monotonic() < deadline:
                time.sleep(0.01)


def wrapped(method: Callable[..., Any], trap: Trap) -> Callable[..., Any]:
    """The method, with the trap before or after it."""
    if inspect.iscoroutinefunction(method):

        async def step_async(when: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            order = trap.wants(when, args, kwargs)
            if order == "wait":
                await asyncio.to_thread(trap.obey, order)
            elif order is not None:
                trap.obey(order)

        @functools.wraps(method)
        async def around_async(*args: Any, **kwargs: Any) -> Any:
            await step_async("before", args, kwargs)
            try:
                result = await method(*args, **kwargs)
            except Exception:
                await step_async("raised", args, kwargs)
                raise
            await step_async("after", args, kwargs)
            return result

        return around_async

    def step(when: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        order = trap.wants(when, args, kwargs)
        if order is not None:
            trap.obey(order)

    @functools.wraps(method)
    def around(*args: Any, **kwargs: Any) -> Any:
        step("before", args, kwargs)
        try:
            result = method(*args, **kwargs)
        except Exception:
            step("raised", args, kwargs)
            raise
        step("after", args, kwargs)
        return result

    return around


def found(target: str) -> tuple[Any, str]:
    """The owner of a named method, and its name there."""
    module_name, _, path = target.partition(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


def lose_patience() -> None:
    """Notice deaths in half the time that production takes, and let the frozen lie for as long as it takes."""
    clients.Waits = functools.partial(clients.Waits, idle=FROZEN_SECONDS)  # type: ignore[assignment,misc]
    os.environ.update(PATIENCE)
    for limits, name in ((LONG, "heartbeat"), (QUICK, "start_to_close"), (BOOKKEEPING, "start_to_close")):
        object.__setattr__(limits, name, SOONER)


def arm(folder: Path) -> None:
    """Put every point into its place."""
    for point in (*POINTS, *OTHERS):
        owner, name = found(point.target)
        setattr(owner, name, wrapped(getattr(owner, name), Trap(folder, point)))


if __name__ == "__main__":
    # Where its threads stand, for whoever waits for it in vain.
    faulthandler.register(signal.SIGUSR1)
    lose_patience()
    if sys.argv[1:2] != ["setup"]:
        from tests.faults.removals import remove

        faults = Path(os.environ["MODULARDATA_FAULTS_FOLDER"])
        remove(faults)
        arm(faults)
    sys.argv[0] = "services"
    runpy.run_module("services", run_name="__main__", alter_sys=False)
