"""kill -9 while a run heals or waits for a person: one version is published, and its rows are loaded once."""

from typing import Any

import pytest

from tests.faults.points import HEALING, Point
from tests.faults.rows import MODULE, RENAMED
from tests.faults.world import Site, World
from tests.waiting import until

# What is in these files is made up: no column of theirs is anybody's name, and none is money.
PLAIN = {"plain": ["name", "amount", "full_name"]}


def healing(world: World, name: str, **drift: Any) -> Site:
    """A workflow with a module of its own that has loaded two files."""
    world.doors.call("POST", "/api/modules", MODULE | {"name": name})
    site = world.site(name, "manual", modules=[{"name": name}], drift=PLAIN | drift)
    for _ in range(2):
        world.cause(site)
        world.rest(site)
    return site


def judge(world: World, site: Site) -> None:
    """Nothing is lost or doubled, and there is one version more."""
    assert world.judge(site) == []
    versions = world.doors.call("GET", f"/api/modules/{site.ground.workflow}/versions")["items"]
    assert [version["number"] for version in versions] == [2, 1]
    newest = max(run["id"] for run in world.oracle.runs(site.ground))
    used = world.doors.call("GET", f"/api/runs/{newest}")["modules"]
    assert [module["version"] for module in used] == [2]


@pytest.mark.parametrize("point", HEALING, ids=[point.name for point in HEALING])
def test_a_run_heals_once_whatever_dies(world: World, point: Point) -> None:
    site = healing(world, f"heals-{point.name}")
    world.arm(point)
    try:
        world.cause(site, header=RENAMED)
        world.spring(point)
    finally:
        world.disarm(point)
    world.rest(site)
    judge(world, site)


def test_a_run_waits_for_a_person_whatever_dies(world: World) -> None:
    site = healing(world, "waits", rulings={"plain": {"renamed": "ask"}})
    world.cause(site, header=RENAMED)
    newest = max(run["id"] for run in world.oracle.runs(site.ground))

    def waiting() -> list[str]:
        found: list[str] = world.doors.call("GET", f"/api/runs/{newest}")["waiting_for"]
        return found

    (review,) = until("it asks", waiting, 60)
    for name in ("services", "temporal"):
        world.kill(name)
    assert until("it still asks", waiting, 60) == [review]
    world.doors.call("POST", f"/api/drift/reviews/{review}:approve", {"reason": "as agreed"})
    world.kill("services")
    world.rest(site)
    judge(world, site)
