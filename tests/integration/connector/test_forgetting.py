"""What connector forgets, and what it must not: a window that guards rows against a second load stays for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.chassis.sweeping import KEEP_RECEIPTS
from services.connector.service.forgetting import ClosedWindows
from services.connector.service.watching import Watch, Watching
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

OLD = datetime.now(UTC) - KEEP_RECEIPTS - timedelta(days=1)
YOUNG = datetime.now(UTC) - KEEP_RECEIPTS + timedelta(days=1)


def database(world: Composed) -> Database:
    return world.platforms["connector"].database


async def age(world: Composed, at: datetime) -> None:
    query = "UPDATE connector.windows SET closed_at = $2 WHERE tenant = $1 AND closed_at IS NOT NULL"
    await world.sql(query, world.tenant, at)


async def windows(world: Composed) -> list[dict[str, Any]]:
    return await world.sql("SELECT * FROM connector.windows WHERE tenant = $1 ORDER BY claimed_at", world.tenant)


async def sweep(world: Composed) -> int:
    return await ClosedWindows(database(world)).sweep()


async def load(runner: Runner) -> int:
    """One run on everything new; how many rows it loaded."""
    scope = runner.scope()
    pulled = await runner.pull(scope)
    rows = (await runner.push(scope, pulled)).rows if pulled.groups else 0
    await runner.close(scope, pulled.window_id, rows=rows)
    return rows


async def test_what_was_loaded_is_loaded_once_however_long_ago(connected: Composed, customer: Customer) -> None:
    runner = Runner(connected, customer)
    customer.put("in/a.csv", "id,name\n1,a\n")
    assert await load(runner) == 1
    for _ in range(3):
        assert await load(runner) == 0  # nothing new
    await age(connected, YOUNG)
    assert await sweep(connected) == 0
    await age(connected, OLD)
    assert await sweep(connected) == 3
    (kept,) = await windows(connected)
    assert kept["rows"] == 1
    assert await load(runner) == 0


async def test_without_its_window_it_is_loaded_twice(connected: Composed, customer: Customer) -> None:
    """The guard, seen red: whoever forgets a window that holds an object hands it out again."""
    runner = Runner(connected, customer)
    customer.put("in/a.csv", "id,name\n1,a\n")
    assert await load(runner) == 1
    await connected.sql("DELETE FROM connector.windows WHERE tenant = $1", connected.tenant)
    assert await load(runner) == 1


async def test_open_and_released_windows(connected: Composed, customer: Customer) -> None:
    runner = Runner(connected, customer)
    customer.put("in/a.csv", "id,name\n1,a\n")
    released = runner.scope()
    pulled = await runner.pull(released)
    await runner.close(released, pulled.window_id, "released")
    still_open = await runner.pull(runner.scope())
    await age(connected, OLD)
    await connected.sql("UPDATE connector.windows SET claimed_at = $2 WHERE tenant = $1", connected.tenant, OLD)
    assert await sweep(connected) == 1
    assert [row["id"] for row in await windows(connected)] == [still_open.window_id]
    objects = "SELECT window_id FROM connector.window_objects WHERE tenant = $1"
    assert [row["window_id"] for row in await connected.sql(objects, connected.tenant)] == [still_open.window_id]


async def test_how_far_a_table_was_read_is_never_forgotten(connected: Composed, customer: Customer) -> None:
    runner = Runner(connected, customer)
    with customer.warehouse() as session:
        session.execute("CREATE TABLE source (id int PRIMARY KEY, name text)")
    for number in range(4):
        with customer.warehouse() as session:
            session.execute("INSERT INTO source VALUES (%s, 'x')", (number,))
        scope = runner.scope()
        pulled = await runner.pull_table(scope, "source", "id")
        assert pulled.rows_read == 1
        await runner.close(scope, pulled.window_id, rows=1)
    at = OLD
    for row in await windows(connected):
        at += timedelta(minutes=1)
        await connected.sql("UPDATE connector.windows SET closed_at = $2 WHERE id = $1", row["id"], at)
    assert await sweep(connected) == 3
    (kept,) = await windows(connected)
    assert kept["upper"] == "3"
    assert (await runner.pull_table(runner.scope(), "source", "id")).rows_read == 0


async def test_a_released_files_window_is_kept(connected: Composed) -> None:
    await connected.sql(
        "INSERT INTO connector.windows (id, tenant, workflow_id, stream, run_id, state, quarantine_entry, claimed_at,"
        " closed_at) VALUES ($1, $2, $3, 'main', $4, 'committed', $5, $6, $6)",
        *(uuid4(), connected.tenant, uuid4(), uuid4(), uuid4(), OLD),
    )
    assert await sweep(connected) == 0


async def test_what_a_watch_saw_is_forgotten_when_it_has_gone_long_ago(connected: Composed) -> None:
    watch = Watch(uuid4(), connected.tenant, uuid4(), "landing", "b", "", "*", 1.0, 1, OLD, True)
    await connected.sql(
        "INSERT INTO connector.watches (trigger_id, tenant, workflow_id, connection, bucket, prefix, pattern,"
        " interval_seconds, enabled, version, since, configured_at)"
        " VALUES ($1, $2, $3, 'landing', 'b', '', '*', 1, true, 1, $4, $4)",
        *(watch.trigger_id, watch.tenant, watch.workflow_id, OLD),
    )
    for name, at in (("old", OLD), ("young", YOUNG), ("there", OLD)):
        await connected.sql(
            "INSERT INTO connector.seen_objects VALUES ($1, $2, $3, $4)", watch.tenant, watch.trigger_id, name, at
        )
    watching = Watching(database(connected))
    assert await watching.forget(watch, {"old", "young"}) == {"old"}
    assert await watching.known(watch) == {"young", "there"}


async def test_the_loop_may_forget_and_nothing_else(connected: Composed) -> None:
    for statement in ("UPDATE windows SET state = 'released'", "DELETE FROM window_objects", "DELETE FROM leases"):
        with pytest.raises(Exception, match="permission denied"):
            async with database(connected).system() as work:
                await work.connection.execute(text(statement))
