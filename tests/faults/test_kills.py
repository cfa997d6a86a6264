"""kill -9 of each kind of process at named points while runs are in flight: no row lost, none twice, every run ends."""

import pytest

from tests.faults.points import POINTS, Point
from tests.faults.trials import attempt
from tests.faults.world import World


@pytest.mark.parametrize(("number", "point"), list(enumerate(POINTS)), ids=[point.name for point in POINTS])
def test_nothing_is_lost_or_doubled(world: World, number: int, point: Point) -> None:
    verdict = attempt(world, point, number)
    assert verdict.violations == []


def test_every_event_was_heard_and_every_end_was_told_once(world: World) -> None:
    assert world.unheard(seconds=60) == []
    assert world.receiver.refused == 0


def test_nothing_was_set_aside_on_the_way(world: World) -> None:
    for service in ("connector", "notification", "orchestrator"):
        assert world.doors.call("GET", f"/api/dead-letters/{service}")["waiting"] == 0
