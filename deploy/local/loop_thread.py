"""An event loop in a thread of its own, for callers who have none."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable
from concurrent.futures import Future


class LoopThread:
    """An event loop in a thread of its own, for callers who have none.

    The thread lives as long as the stack: the kernel ends a child when the thread that made it ends.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stack", daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[None]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(_as_coroutine(work), self._loop)
        try:
            future.result()
        except BaseException:
            # An interrupt of the caller calls the work off, which then cleans up after itself.
            if not future.done():
                future.cancel()
                with contextlib.suppress(BaseException):
                    asyncio.run_coroutine_threadsafe(_others_done(), self._loop).result(timeout=60)
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


async def _others_done() -> None:
    me = asyncio.current_task()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not me), return_exceptions=True)
