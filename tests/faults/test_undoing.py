"""kill -9 while a run is undone: its rows are out once, those of the others are there, and the run says so."""

from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.faults.points import UNDOING, Point
from tests.faults.world import Site, World


def found(world: World, site: Site) -> Counter[Any]:
    """What the table holds, past the platform."""
    with psycopg.connect(world.state.warehouse_dsn) as connection:
        query = f'SELECT id, name, amount, doubled FROM public."{site.ground.table}"'
        return Counter(connection.execute(query.encode()).fetchall())


@pytest.mark.parametrize("point", UNDOING, ids=[point.name for point in UNDOING])
def test_a_run_is_undone_once_whatever_dies(world: World, point: Point) -> None:
    site = world.site(point.name, "manual", "upsert")
    world.cause(site)
    world.rest(site)
    before = found(world, site)
    world.cause(site)
    world.rest(site)
    assert found(world, site) != before
    run = world.oracle.runs(site.ground)
    newest = max(one["id"] for one in run)
    world.arm(point)
    try:
        undoing = world.doors.call("POST", f"/api/runs/{newest}:undo", None)["id"]
        site.ground.accepted["undo"] = {undoing}
        world.spring(point)
    finally:
        world.disarm(point)
    world.rest(site)
    states = {one["id"]: (one["state"], one["message"]) for one in world.oracle.runs(site.ground)}
    assert states[undoing] == ("succeeded", None)
    assert found(world, site) == before
    assert world.doors.call("GET", f"/api/runs/{newest}")["undone_by"] == undoing
