"""Receipts of triggers are forgotten long after their last use, of all workspaces, and never before."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.state import State
from services.chassis.sweeping import KEEP_INBOX, KEEP_RECEIPTS
from services.orchestrator.service.forgetting import Receipts
from tests.integration.orchestrator.world import World, world_of


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


async def ask(world: World, key: str) -> str:
    headers = {"Idempotency-Key": key}
    run = str((await world.request("POST", "/api/workflows/flights/runs", headers=headers)).json()["id"])
    await world.composed.sql("DELETE FROM orchestrator.idempotency")  # the receipt alone shall decide
    return run


async def sweep(world: World, after: timedelta) -> int:
    world.clock.ahead = after
    return await Receipts(world.composed.platforms["orchestrator"].database).sweep()


async def receipts(world: World) -> int:
    return len(await world.composed.sql("SELECT 1 FROM orchestrator.trigger_receipts"))


async def test_a_receipt_outlives_whatever_may_come_again(world: World) -> None:
    assert KEEP_RECEIPTS > KEEP_INBOX
    await world.apply()
    run = await ask(world, "k")
    await world.hear_own()
    await world.ended(run)
    assert await sweep(world, KEEP_RECEIPTS - timedelta(hours=1)) == 0
    assert await ask(world, "k") == run
    assert await sweep(world, KEEP_RECEIPTS + timedelta(hours=1)) == 1
    assert await receipts(world) == 0
    assert (await world.request("GET", f"/api/runs/{run}")).json()["state"] == "succeeded"


async def test_the_receipt_of_a_run_that_goes_on_stays(world: World) -> None:
    await world.apply()
    run = await ask(world, "k")
    assert await sweep(world, 2 * KEEP_RECEIPTS) == 0
    assert await ask(world, "k") == run


async def test_every_workspace_is_swept_by_its_own_age(world: World) -> None:
    insert = (
        "INSERT INTO orchestrator.trigger_receipts (tenant, source, dedupe_key, received_at)"
        " VALUES ($1, 'delivery/x', 'k', $2)"
    )
    now = world.clock.now()
    for days in (KEEP_RECEIPTS.days + 1, KEEP_RECEIPTS.days - 1, KEEP_RECEIPTS.days + 2):
        await world.composed.sql(insert, uuid4(), now - timedelta(days=days))
    assert await sweep(world, timedelta()) == 2
    assert await receipts(world) == 1
