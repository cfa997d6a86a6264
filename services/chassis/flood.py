"""Decides when bad messages are too many to be set aside one by one: then something else is wrong, and one waits."""

from collections import deque

WINDOW = 10_000
SHARE = 0.01
IN_A_ROW = 1_000


class Flood:
    """Counts judgements: too many are more than a share of a full window, or so many in a row."""

    def __init__(self, *, window: int = WINDOW, share: float = SHARE, in_a_row: int = IN_A_ROW) -> None:
        self._limit = int(window * share)
        self._in_a_row = in_a_row
        self._window = window
        self._positions: deque[int] = deque()  # of the bad ones among the last `window`
        self._seen = 0
        self._row = 0

    def would_be_over(self) -> bool:
        """Whether one more bad message would be too many."""
        if self._row + 1 >= self._in_a_row:
            return True
        oldest = self._seen + 1 - self._window  # what is out of the window by then
        staying = len(self._positions) - bool(self._positions and self._positions[0] <= oldest)
        return self._seen + 1 >= self._window and staying + 1 > self._limit

    def good(self, count: int = 1) -> None:
        """So many messages were in order."""
        if count:
            self._seen += count
            self._row = 0
            self._forget()

    def bad(self) -> None:
        """A message was set aside."""
        self._seen += 1
        self._row += 1
        self._positions.append(self._seen)
        self._forget()

    def _forget(self) -> None:
        while self._positions and self._positions[0] <= self._seen - self._window:
            self._positions.popleft()
