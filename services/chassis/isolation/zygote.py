"""A small process that has loaded the engine once and forks a child for each job; it never runs a job itself.

It also watches how much memory each child uses and how much it has on disk, and ends the one that has too much. The
limits of the kernel count addresses, of which the engine reserves many more than it uses, and the bytes of one file.

Started as a script, by its path, with: the number of its socket, the module whose `handle` does the jobs, and where
modules are found. It ends when the socket closes, and takes its children with it.
"""

import array
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_WATCH_SECONDS = 0.02
_LOOKING_SHARE = 20  # a look into a folder takes at most one part in so many of the time
_BLOCK = 512  # what the kernel counts a file's place in
_MESSAGE = 1 << 14
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Child:
    """One running job: its process, and the socket on which its end is told. If that closes first, it is ended."""

    def __init__(self, pid: int, fate: socket.socket, order: dict[str, Any]) -> None:
        self.pid = pid
        self.fate = fate
        self.unwanted = False
        self.exceeded: str | None = None
        self._order = order
        self._next_look = 0.0

    def excess(self) -> str | None:
        """What it has too much of, if of anything."""
        if _memory(self.pid) > self._order["memory_mb"] << 20:
            return "memory"
        began = time.monotonic()
        if began >= self._next_look:
            overfull = self.overfull()
            self._next_look = began + (time.monotonic() - began) * _LOOKING_SHARE
            return "disk" if overfull else None
        return None

    def overfull(self) -> bool:
        """Whether its folder holds more than it may."""
        return _overfull(self._order["folder"], self._order["disk_mb"] << 20, self._order["entries"])


class Zygote:
    """Forks children, notices their ends, and ends those that nobody waits for any more."""

    def __init__(self, control: socket.socket, live: Callable[[int, int], None]) -> None:
        self._control = control
        self._live = live
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._selector.register(control, selectors.EVENT_READ, None)
        self._selector.register(self._woken, selectors.EVENT_READ, None)

    def run(self) -> None:
        """Serve until the socket closes."""
        while True:
            for key, _ in self._selector.select(_WATCH_SECONDS if self._children else None):
                if key.fileobj is self._control:
                    if not self._fork():
                        self._end_all()
                        return
                elif key.data is None:
                    os.read(self._woken, 4096)
                else:
                    self._end(key.data)
            self._reap()
            self._watch()

    def _fork(self) -> bool:
        message, ancillary, _, _ = self._control.recvmsg(_MESSAGE, socket.CMSG_SPACE(8))
        handles = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                handles.frombytes(data[: len(data) // handles.itemsize * handles.itemsize])
        if len(handles) != 2:
            return False
        channel, fate = handles
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._live(channel, parent)
            os._exit(1)
        os.close(channel)
        child = _Child(pid, socket.socket(fileno=fate), json.loads(message))
        self._children[pid] = child
        self._selector.register(child.fate, selectors.EVENT_READ, child)
        return True

    def _end(self, child: _Child) -> None:
        """Nobody waits for it: end its whole group. Its end is told nevertheless, once it is there."""
        self._selector.unregister(child.fate)
        child.unwanted = True
        _kill(child.pid)

    def _watch(self) -> None:
        for child in self._children.values():
            child.exceeded = child.exceeded or child.excess()
            if child.exceeded:
                _kill(child.pid)

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if not ended:
                continue
            child = self._children.pop(pid)
            # Whatever it may have left in its group goes with it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            if not child.unwanted:
                self._selector.unregister(child.fate)
            if child.exceeded is None and child.overfull():
                child.exceeded = "disk"
            told = {"status": status, "max_rss_kb": usage.ru_maxrss, "exceeded": child.exceeded}
            with suppress(OSError):  # nobody may be listening any more
                child.fate.sendall(json.dumps(told).encode())
            child.fate.close()

    def _end_all(self) -> None:
        for pid in self._children:
            _kill(pid)
            os.waitpid(pid, 0)


def _memory(pid: int) -> int:
    """Bytes of memory that are a process's own: not code, not mapped inputs."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            _, resident, shared, *_ = file.read().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _overfull(folder: str, most_bytes: int, most_entries: int) -> bool:
    """Whether a folder holds more than it may; it is counted no further than that."""
    size = entries = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    with suppress(FileNotFoundError):  # removed meanwhile
                        size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                    entries += 1
                    if size > most_bytes or entries > most_entries:
                        return True
        except FileNotFoundError:
            continue
        except OSError:
            # A folder that was made so that nobody can look into it, or so deep that its name is too long.
            return True
    return False


def _kill(pid: int) -> None:
    # It may not have made a group of its own yet.
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Load the engine, say so, and serve."""
    handle, module, *paths = arguments
    control = socket.socket(fileno=int(handle))
    sys.path[:0] = [path for path in paths if path not in sys.path]
    try:
        from services.chassis.isolation import child

        work = importlib.import_module(module).handle
    except BaseException as error:
        control.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:1000]}).encode())
        return
    # The garbage collector of a child would otherwise write to every page it shares.
    gc.collect()
    gc.freeze()
    zygote = Zygote(control, lambda channel, parent: child.live(channel, parent, work))
    control.send(json.dumps({"ready": True}).encode())
    zygote.run()
    # Its own folder, in which it stands.
    with suppress(OSError):
        os.rmdir(os.getcwd())


if __name__ == "__main__":
    main(sys.argv[1:])
