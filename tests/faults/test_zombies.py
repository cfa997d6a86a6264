"""A worker that was thought dead wakes up after its successor has finished: it is shut out, and nothing changes."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.points import PUSH_COMMITTED, PUSH_FENCED, PUSH_TO_BEGIN, PUSH_TO_COMMIT, Point
from tests.faults.world import Site, World
from tests.waiting import TooLong, until


@contextmanager
def woken_zombie(world: World, site: Site, stop: Point, ending: Point) -> Iterator[None]:
    """A worker stops at a point, another one loads the window, the first goes on; inside, it has come to `ending`."""
    # The table is there before: a zombie that was making it would keep its successor waiting until its session ends.
    world.cause(site)
    world.rest(site)
    world.arm(stop, "stop")
    world.cause(site)
    zombie = world.caught(stop)
    # Tasks must not go to the standing one, who still has its requests for work at the server.
    world.kill("temporal")
    try:
        with world.second_worker():
            world.rest(site, all_ready=False)
            world.arm(ending, "wait")
            said = world.log_end("worker")
            os.kill(zombie, signal.SIGCONT)
            try:
                assert world.caught(ending) == zombie
            except TooLong as error:
                os.kill(zombie, signal.SIGUSR1)
                until("its stacks", lambda: "most recent call first" in world.log_since("worker", said), 10)
                what = f"{error}\n{world.log_since('worker', said)}\n{world.oracle.runs(site.ground)}"
                raise TooLong(what) from None
            yield
    finally:
        os.kill(zombie, signal.SIGCONT)
        world.disarm(stop)
        world.disarm(ending)


def test_a_zombie_is_fenced(world: World) -> None:
    site = world.site("zombie", "manual")
    with woken_zombie(world, site, PUSH_TO_BEGIN, PUSH_FENCED):
        assert world.judge(site) == []


def test_without_fence_and_ledger_a_zombie_loads_again(world: World) -> None:
    """The oracle barks: what the one before proves is not proved by an oracle that sees nothing."""
    site = world.site("zombie-unfenced", "manual")
    with world.without("ledger", "fence"), woken_zombie(world, site, PUSH_TO_COMMIT, PUSH_COMMITTED):
        violations = world.judge(site)
    assert [line for line in violations if "of them doubled" in line]


def test_without_the_ledger_the_fence_alone_keeps_a_zombie_out(world: World) -> None:
    site = world.site("zombie-unledgered", "manual")
    with world.without("ledger"), woken_zombie(world, site, PUSH_TO_BEGIN, PUSH_FENCED):
        violations = world.judge(site)
    assert [line for line in violations if "rows are" in line] == []
