"""What the runner does with parts that fail, end, or leave something behind."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio import activity

from deploy.local.state import State
from services.chassis.errors import TransientError
from services.chassis.migrations import migrate, provision
from services.chassis.parts import Loop, Service
from services.chassis.platform import Foundation
from services.chassis.run import Member, Process
from services.chassis.topics import ensure_topics
from tests.integration.composed import PASSWORDS, settings_in


@pytest.fixture
async def foundation(servers: State, admin_url: str, tmp_path: Path) -> Foundation:
    await provision(admin_url, {"identity": PASSWORDS["identity"]})
    await migrate(admin_url, ["identity"])
    prefix = f"r{os.urandom(4).hex()}-"
    await ensure_topics(servers.kafka, prefix=prefix)
    settings = settings_in(
        tmp_path,
        servers,
        admin_url,
        http_port=0,
        internal_port=0,
        kafka_prefix=prefix,
        temporal_namespace=servers.temporal_namespace,
    )
    return Foundation.of(settings)


def process_of(foundation: Foundation, **parts: Any) -> Process:
    service = Service(name="identity", **parts)
    return Process(foundation, [Member(service, foundation.platform("identity"))])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - looked at from outside
            await asyncio.sleep(0.02)


async def test_a_loop_that_fails_is_begun_again_and_takes_nobody_down(foundation: Foundation) -> None:
    rounds = 0

    async def loop(stop: asyncio.Event) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise TransientError("the world is bad")
        if rounds == 2:
            raise RuntimeError("a bug")
        await stop.wait()

    process = process_of(foundation, loops=(Loop("odd", loop),))
    running = asyncio.create_task(process.run())
    await until(lambda: rounds == 3 and process.readiness.ready)
    async with httpx.AsyncClient(trust_env=False) as client:
        public = f"http://127.0.0.1:{process.public_port}"
        assert (await client.get(f"{public}/readyz")).status_code == 200
        figures = (await client.get(f"http://127.0.0.1:{process.internal_port}/metrics")).text
    assert 'modulardata_loop_failures_total{loop="odd",service="identity"} 2.0' in figures
    assert 'modulardata_dependency_up{dependency="kafka"} 1.0' in figures
    process.tell()
    assert await asyncio.wait_for(running, 20) == 0


async def test_a_part_that_fails_ends_the_process_with_one(foundation: Foundation) -> None:
    @activity.defn(name="identity.same")
    async def first() -> None: ...

    @activity.defn(name="identity.same")
    async def second() -> None: ...

    process = process_of(foundation, activities=(first, second))
    assert await asyncio.wait_for(process.run(), 40) == 1


async def test_nothing_is_left_behind(foundation: Foundation) -> None:
    before = asyncio.all_tasks()

    async def loop(stop: asyncio.Event) -> None:
        await stop.wait()

    process = process_of(foundation, loops=(Loop("quiet", loop),))
    running = asyncio.create_task(process.run())
    await until(lambda: process.readiness.ready)
    process.tell()
    assert await asyncio.wait_for(running, 20) == 0
    await asyncio.sleep(0)
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert left == set()


async def test_answers_are_not_held_back_by_the_network_stack(foundation: Foundation) -> None:
    """Head and body are two small packets: with Nagle's delay, the second one waits 40 ms for the first."""
    process = process_of(foundation)
    running = asyncio.create_task(process.run())
    await until(lambda: process.readiness.ready)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{process.public_port}", trust_env=False) as client:
        took = []
        for _ in range(30):
            begun = asyncio.get_running_loop().time()
            await client.get("/healthz")
            took.append(asyncio.get_running_loop().time() - begun)
    process.tell()
    await running
    assert sorted(took)[10] < 0.03
