"""Consumers killed with SIGKILL: each event has its effect exactly once, and without a mechanism it has not."""

import asyncio
import json
import random
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.chassis.dead_letter_topic import replay_dead_letters
from tests.integration.chassis.conftest import Bus, until
from tests.integration.conftest import ROLE_PASSWORD

TENANT = uuid.UUID(int=42)
ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def process(bus: Bus, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A consumer in a process of its own; killed when the block ends."""
    told = {"url": bus.place.url, "password": ROLE_PASSWORD, "kafka": bus.kafka, "prefix": bus.prefix} | options
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.chassis.consuming",
        json.dumps(told),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def said(child: asyncio.subprocess.Process, word: str) -> None:
    """Wait until the process says a word."""
    assert child.stdout is not None
    async with asyncio.timeout(30):
        while True:
            line = await child.stdout.readline()
            assert line, "the process ended"
            if line.decode().strip() == word:
                return


async def test_a_kill_inside_the_handler_loses_nothing(bus: Bus) -> None:
    await bus.send(TENANT, 1)
    async with process(bus, hold=True) as child:
        await said(child, "handling")
    async with process(bus):
        await until(lambda: bus.has_effects(1))
        await bus.consumed()
    assert await bus.count("SELECT count(*) FROM effects") == 1


async def test_the_same_kill_loses_the_event_when_offsets_come_first(bus: Bus) -> None:
    await bus.send(TENANT, 1)
    async with process(bus, hold=True, kind="commits-first") as child:
        await said(child, "handling")
    await bus.consumed()  # although nothing was done
    async with process(bus):
        await bus.send(TENANT, 2)
        await until(lambda: bus.has_effects(1))
    assert [row["number"] for row in await bus.admin("SELECT number FROM effects")] == [2]


@pytest.mark.parametrize("without_inbox", [False, True])
async def test_a_kill_between_the_transaction_and_its_offsets(bus: Bus, without_inbox: bool) -> None:
    await bus.send(TENANT, 1)
    async with process(bus, kind="stops-before-offsets", without_inbox=without_inbox) as child:
        await said(child, "committed")
    assert await bus.committed() == {}
    async with process(bus, without_inbox=without_inbox):
        await bus.consumed()
    # The inbox is what makes it one: without it the effect is there twice.
    assert await bus.count("SELECT count(*) FROM effects") == (2 if without_inbox else 1)


async def test_thousands_of_events_with_failures_duplicates_garbage_and_kills(bus: Bus) -> None:
    seed = 20261121
    chance = random.Random(seed)
    count = 4_000
    garbage = 0
    flying = []
    for number in range(count):
        envelope = bus.envelope(TENANT, f"run-{number}")
        body = bus.body(number)
        for _ in range(2 if chance.random() < 0.05 else 1):
            flying.append(
                await bus.producer.send(bus.runs, body, envelope.subject.encode(), envelope.to_headers(), number % 4)
            )
        if chance.random() < 0.001:
            garbage += 1
            flying.append(await bus.producer.send(bus.runs, b"\x00" + body, b"k", [], number % 4))
    for future in flying:
        await bus.producer.outcome(future)
    done = kills = 0
    while done < count * 3 // 4:
        # Killed in the midst of its work: as soon as it has done a part of it.
        async with process(bus, batch=True, fail_once_every=100):
            target = min(count, done + chance.randrange(300, 1_500))
            await until(lambda target=target: bus.has_effects(target, at_least=True))  # type: ignore[misc]
        kills += 1
        done = await bus.count("SELECT count(*) FROM effects")
    async with process(bus, batch=True):
        await bus.consumed()
    assert await bus.count("SELECT count(DISTINCT number) FROM effects") == count, seed
    assert await bus.count("SELECT count(*) FROM effects") == count, seed
    letters = await bus.read(bus.letters, garbage, quiet=0.5)
    # A kill between a dead letter and its offset makes it again: the place it came from tells them apart.
    places = {(dict(letter.headers)["dlq-partition"], dict(letter.headers)["dlq-offset"]) for letter in letters}
    assert len(places) == garbage, seed
    assert all(letter.value.startswith(b"\x00") for letter in letters)
    assert kills
    # What is garbage stays garbage, but it can be sent back and is set aside again, once.
    report = await replay_dead_letters(bus.kafka, bus.producer, "orchestrator", prefix=bus.prefix)
    assert report.replayed == len(letters)
