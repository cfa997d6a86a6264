"""The life of a child: hear the order, put up the walls, do the job, answer, end."""

import json
import os
import resource
import signal
import traceback
from collections.abc import Callable
from typing import Any

from services.chassis.isolation import wire
from services.chassis.isolation.failures import JobFailed
from services.chassis.isolation.walls import Limits, leave_with, put_up

Handle = Callable[[bytes], bytes]
ERRORS = "errors.txt"


def live(channel: int, parent: int, handle: Handle) -> None:
    """Everything a child does, from the fork on. It has one thread and one open socket. Does not return."""
    code = 1
    try:
        os.setsid()
        leave_with(parent)
        _close_all_but(channel)
        order = json.loads(wire.read(channel))
        os.chdir(order["folder"])
        _errors_to_file()
        wire.write(channel, _answer(order, handle))
        code = 0
    except wire.WireBroken:
        code = 2
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        # Without the interpreter's own end: it would wait for the engine's threads.
        os._exit(code)


def _answer(order: dict[str, Any], handle: Handle) -> bytes:
    try:
        put_up(order["readable"], order["writable"], Limits(**order["limits"]))
    except JobFailed as error:
        return _failed(error.type.value, error.message)
    return handle(order["job"].encode())


def _failed(type: str, message: str) -> bytes:
    return json.dumps({"kind": "failed", "type": type, "message": message}).encode()


def _close_all_but(channel: int) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    highest, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(3, channel)
    os.closerange(channel + 1, min(highest, 1 << 16))


def _errors_to_file() -> None:
    """What the engine prints goes into the child's own folder, never into the service's log: it may hold values."""
    errors = os.open(ERRORS, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, source in ((0, nothing), (1, nothing), (2, errors)):
        os.dup2(source, number)
    os.close(errors)
    os.close(nothing)
