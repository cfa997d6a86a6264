"""Mechanisms taken out of the services, one by one, to see that the oracle notices: the dog that must bark.

Each is there until a file of its name appears in the folder of the faults; production code knows nothing of this.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from services.chassis.database import Database, UnitOfWork
from services.connector.destinations.postgres_before import Before
from services.connector.destinations.postgres_ledger import Fence, Ledger
from services.orchestrator.repository import receipts

REMOVABLE = ("ledger", "fence", "receipts", "outbox")


def remove(folder: Path) -> None:
    """Make every removable mechanism one that asks first."""

    def gone(name: str) -> bool:
        return (folder / f"without-{name}").exists()

    _ledger(lambda: gone("ledger"))
    _fence(lambda: gone("fence"))
    _receipts(lambda: gone("receipts"))
    _outbox(lambda: gone("outbox"))


async def publish_late(work: UnitOfWork, late: list[tuple[Any, dict[str, Any]]]) -> None:
    """Put events into the outbox in a transaction of their own, after the one that they tell of."""
    for event, options in late:
        await _publish(work, event, **options)


_publish = UnitOfWork.publish
_LATE: dict[Any, list[tuple[Any, dict[str, Any]]]] = {}


def _ledger(gone: Callable[[], bool]) -> None:
    """Nobody looks whether a window was loaded before. What an undoing needs to know names windows as well."""
    read, write, record = Ledger.read, Ledger.write, Before.record

    def read_or_not(self: Ledger, session: Any, key: Any) -> Any:
        return None if gone() else read(self, session, key)

    def write_or_not(self: Ledger, session: Any, load: Any, target: str, loaded: Any) -> None:
        if not gone():
            write(self, session, load, target, loaded)

    def record_or_not(self: Before, session: Any, load: Any, *told: Any) -> None:
        if not gone():
            record(self, session, load, *told)

    Before.record = record_or_not  # type: ignore[method-assign]
    Ledger.read, Ledger.write = read_or_not, write_or_not  # type: ignore[method-assign]


def _fence(gone: Callable[[], bool]) -> None:
    """Everybody passes, however old."""
    pass_ = Fence.pass_

    def pass_or_not(self: Fence, session: Any, key: Any, epoch: int) -> None:
        if not gone():
            pass_(self, session, key, epoch)

    Fence.pass_ = pass_or_not  # type: ignore[method-assign]


def _receipts(gone: Callable[[], bool]) -> None:
    """Every delivery of a trigger is a new one."""
    add = receipts.add_receipt

    async def add_or_not(work: UnitOfWork, source: str, dedupe_key: str, **values: Any) -> bool:
        return True if gone() else await add(work, source, dedupe_key, **values)

    receipts.add_receipt = add_or_not


def _outbox(gone: Callable[[], bool]) -> None:
    """Events are published after the commit, by a second transaction."""
    work = Database.work

    async def publish_or_keep(self: UnitOfWork, event: Any, **options: Any) -> Any:
        if not gone():
            return await _publish(self, event, **options)
        _LATE.setdefault(self.connection, []).append((event, options))
        return self.ids.new()

    @asynccontextmanager
    async def work_and_publish(self: Database, tenant: UUID) -> AsyncIterator[UnitOfWork]:
        late: list[tuple[Any, dict[str, Any]]] = []
        async with work(self, tenant) as unit:
            yield unit
            late = _LATE.pop(unit.connection, late)
        if late:
            async with work(self, tenant) as unit:
                await publish_late(unit, late)

    UnitOfWork.publish = publish_or_keep  # type: ignore[method-assign]
    Database.work = work_and_publish  # type: ignore[method-assign]
