"""How long what guards against a second effect is kept, and the loop that forgets it afterwards, lot by lot."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from contracts.topics import DEAD_LETTER_RETENTION_SECONDS, TOPICS

# The longest way on which an event can come a second time: it waits among the dead letters until their last day, is
# sent back, and waits in its topic until its last day.
REPLAYED_WITHIN = timedelta(seconds=DEAD_LETTER_RETENTION_SECONDS + max(topic.retention_seconds for topic in TOPICS))
KEEP_INBOX = REPLAYED_WITHIN + timedelta(days=1)
# Receipts and windows: longer than any event comes back, and than any sender of webhooks goes on trying.
KEEP_RECEIPTS = timedelta(days=90)
LOT = 5_000  # rows that one transaction forgets

EVERY = timedelta(hours=1)
_NEXT_LOT_SECONDS = 1.0


class Sweeping:
    """Calls `sweep`, which forgets at most a lot and returns how much; soon again while there is more."""

    def __init__(self, sweep: Callable[[], Awaitable[int]], every: timedelta = EVERY) -> None:
        self._sweep = sweep
        self._every = every

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and then until the stop event is set."""
        while not stop.is_set():
            more = await self._sweep() >= LOT
            try:
                await asyncio.wait_for(stop.wait(), _NEXT_LOT_SECONDS if more else self._every.total_seconds())
            except TimeoutError:
                continue
