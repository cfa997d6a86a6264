"""How far a piece of work is, and whether it is still wanted: written by threads, read by heartbeats."""

import threading
from typing import Protocol

from services.connector.failures import Stopped


class Milestones(Protocol):
    """Told when a load or a read has come to a named point; see `reached` for the names."""

    def reached(self, name: str) -> None:
        """One of: pull.claimed, pull.spooled, pull.read, pull.stored, push.begun, push.staged, push.ledger_written,
        push.before_commit, push.after_commit, push.released, undo.taken_back, undo.before_commit, undo.after_commit,
        undo.released, preserve.stored, window.closed, watch.seen.
        """


class Progress:
    """Counters of one activity. `reached` and `check` raise Stopped when the work is no longer wanted."""

    def __init__(self, milestones: Milestones) -> None:
        self._milestones = milestones
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._rows = 0
        self._bytes = 0
        self._total_bytes = 0
        self._point = ""

    def expect(self, total: int) -> None:
        """So many more bytes will come."""
        with self._lock:
            self._total_bytes += total

    def add(self, rows: int = 0, bytes: int = 0) -> None:
        """Rows and bytes that are done."""
        with self._lock:
            self._rows += rows
            self._bytes += bytes
        self.check()

    def reached(self, name: str) -> None:
        """A named point of the work."""
        self._point = name
        self._milestones.reached(name)
        self.check()

    def stop(self) -> None:
        """Nobody wants this any more; the threads that work on it end at their next step."""
        self._stop.set()

    def check(self) -> None:
        """Raise Stopped when nobody wants this any more."""
        if self._stop.is_set():
            raise Stopped("this work is no longer wanted")

    def snapshot(self) -> dict[str, int | str]:
        """What a heartbeat says."""
        with self._lock:
            return {
                "rows": self._rows,
                "bytes": self._bytes,
                "total_bytes": self._total_bytes,
                "point": self._point,
            }
