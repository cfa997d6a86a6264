"""Becomes one child of the launcher: another user, and an end with the launcher's own.

Run as a plain script, `child.py HOW PARENT SIGNAL UID GID COMMAND…`, between the launcher's fork and the
program, because the launcher has threads and nothing but exec is safe between fork and exec there.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
OPEN_FILES = 65536


def drop(uid: int, gid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def follow_by_kernel(parent: int, number: int) -> None:
    """Have the kernel send the signal when the launcher dies; it forgets that on setuid, so set it after."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        sys.exit("the launcher is gone already")


def follow_by_watching(parent: int, number: int, command: list[str]) -> int:
    """Stay as a small guard above the program, where the kernel offers no such thing (macOS)."""
    pid = os.fork()
    if pid == 0:
        os.execv(command[0], command)  # noqa: S606
    for passed in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(passed, lambda received, _frame: os.kill(pid, received))
    told = 0.0
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != parent:
            if not told:
                told = time.monotonic()
                os.kill(pid, number)
            elif time.monotonic() - told > 10:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    """Become the program."""
    how, parent, number, uid, gid, *command = arguments
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))
    if int(uid) != os.geteuid():
        drop(int(uid), int(gid))
    if how == "kernel":
        follow_by_kernel(int(parent), int(number))
        os.execv(command[0], command)  # noqa: S606
    return abs(follow_by_watching(int(parent), int(number), command))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
