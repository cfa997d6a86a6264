"""How long guards are kept follows from how long events can come again; forgetting goes on lot by lot, and ends."""

import asyncio
from datetime import timedelta

from contracts.topics import DEAD_LETTER_RETENTION_SECONDS, TOPICS
from services.chassis.sweeping import KEEP_INBOX, KEEP_RECEIPTS, LOT, Sweeping


def test_an_event_that_comes_back_on_its_last_day_is_still_known() -> None:
    longest = max(topic.retention_seconds for topic in TOPICS)
    assert timedelta(seconds=DEAD_LETTER_RETENTION_SECONDS + longest) < KEEP_INBOX < KEEP_RECEIPTS


async def test_lots_follow_one_another_until_there_is_no_more() -> None:
    left, stop = [LOT, LOT, 7], asyncio.Event()

    async def sweep() -> int:
        gone = left.pop(0)
        if not left:
            stop.set()
        return gone

    async with asyncio.timeout(10):
        await Sweeping(sweep, timedelta(hours=1)).run(stop)
    assert left == []
