"""Dead letters are listed, and go back to where they came from once somebody has mended the reason."""

import asyncio
import uuid
from typing import Any

from contracts.envelope import Envelope
from contracts.events.runs import RunRequested
from services.chassis.consumer import Consumer
from services.chassis.database import UnitOfWork
from services.chassis.dead_letter_topic import Match, list_dead_letters, replay_dead_letters
from services.chassis.handlers import Handlers
from services.chassis.partition_work import Retries
from tests.integration.chassis.conftest import SERVICE, Bus, running, until
from tests.integration.chassis.consuming import Effects

TENANT = uuid.UUID(int=42)
OTHER = uuid.UUID(int=43)


class Mendable:
    """A handler with a bug that can be mended."""

    def __init__(self) -> None:
        self.broken = True
        self._effects = Effects()

    async def handle(self, work: UnitOfWork, requested: RunRequested, envelope: Envelope) -> None:
        """Fail for odd numbers while it is broken."""
        if self.broken and requested.workflow_version % 2:
            raise LookupError
        await self._effects.one(work, requested, envelope)


def consumer(bus: Bus, mendable: Mendable) -> Consumer:
    """A consumer of the test's service."""
    handlers = Handlers()
    handlers.on(RunRequested, mendable.handle)
    retries = Retries(tries=2, first_pause=0.01, longest_pause=0.05)
    return Consumer(bus.database, bus.kafka, handlers, bus.producer, prefix=bus.prefix, retries=retries)


async def _set_aside(bus: Bus, mendable: Mendable, count: int, tenants: Any = (TENANT,)) -> None:
    for number in range(count):
        await bus.send(tenants[number % len(tenants)], number, partition=number % 4)
    async with running(consumer(bus, mendable).run):
        await bus.consumed()


async def test_mended_and_replayed_nothing_is_left_and_nothing_is_doubled(bus: Bus) -> None:
    mendable = Mendable()
    await _set_aside(bus, mendable, 20)
    letters, waiting = await list_dead_letters(bus.kafka, SERVICE, prefix=bus.prefix)
    assert waiting == len(letters) == 10
    first = letters[0]
    assert (first.kind, first.topic, first.type, first.tenant) == (
        "handler_failed",
        "runs",
        "run.requested.v1",
        str(TENANT),
    )
    mendable.broken = False
    report = await replay_dead_letters(bus.kafka, bus.producer, SERVICE, prefix=bus.prefix)
    assert (report.replayed, report.kept, report.left) == (10, 0, 0)
    again = await replay_dead_letters(bus.kafka, bus.producer, SERVICE, prefix=bus.prefix)
    assert (again.replayed, again.kept, again.left) == (0, 0, 0)
    assert await list_dead_letters(bus.kafka, SERVICE, prefix=bus.prefix) == ([], 0)
    records = await bus.read(bus.runs, 30)
    originals = {(record.key, record.value, tuple(record.headers)) for record in records}
    assert len(originals) == 20  # what came back is what went away, headers and all
    async with running(consumer(bus, mendable).run):
        await until(lambda: bus.has_effects(20))
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == 20


async def test_a_replay_before_the_mending_sets_aside_again(bus: Bus) -> None:
    mendable = Mendable()
    await _set_aside(bus, mendable, 4)
    await replay_dead_letters(bus.kafka, bus.producer, SERVICE, prefix=bus.prefix)
    async with running(consumer(bus, mendable).run):
        await bus.consumed()
    letters, waiting = await list_dead_letters(bus.kafka, SERVICE, prefix=bus.prefix)
    assert waiting == len(letters) == 2
    # One set of reasons, the last one: they do not pile up.
    raw = (await bus.read(bus.letters, 4))[-1]
    assert [name for name, _ in raw.headers].count("dlq-reason") == 1


async def test_a_part_of_them_and_a_limit(bus: Bus) -> None:
    mendable = Mendable()
    await _set_aside(bus, mendable, 16, tenants=(TENANT, TENANT, OTHER, OTHER))
    match = Match(tenant=str(OTHER))
    report = await replay_dead_letters(bus.kafka, bus.producer, SERVICE, match=match, prefix=bus.prefix)
    assert (report.replayed, report.kept, report.left) == (4, 4, 4)
    letters, waiting = await list_dead_letters(bus.kafka, SERVICE, prefix=bus.prefix)
    assert waiting == 4
    assert {letter.tenant for letter in letters} == {str(TENANT)}
    report = await replay_dead_letters(bus.kafka, bus.producer, SERVICE, limit=3, prefix=bus.prefix)
    assert (report.replayed, report.left) == (3, 1)
    page, waiting = await list_dead_letters(bus.kafka, SERVICE, after=letters[-1].offset, prefix=bus.prefix)
    assert (page, waiting) == ([], 1)


async def test_two_replays_at_once_lose_nothing(bus: Bus) -> None:
    mendable = Mendable()
    await _set_aside(bus, mendable, 40)
    mendable.broken = False
    replay = replay_dead_letters
    both = await asyncio.gather(
        *(replay(bus.kafka, bus.producer, SERVICE, prefix=bus.prefix) for _ in range(2)), return_exceptions=True
    )
    assert any(not isinstance(report, BaseException) for report in both)
    async with running(consumer(bus, mendable).run):
        await until(lambda: bus.has_effects(40))
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == 40
