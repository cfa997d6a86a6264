"""The dog that must bark: without a mechanism the same deaths lose or double something, and the oracle sees it."""

from tests.faults.points import EVENTS_UNPUBLISHED, POINTS
from tests.faults.world import World

BY_NAME = {point.name: point for point in POINTS}


def test_without_the_ledger_a_lost_acknowledgement_doubles_rows(world: World) -> None:
    site, point = world.site("unledgered", "manual"), BY_NAME["push-committed-not-acknowledged"]
    with world.without("ledger"):
        world.arm(point)
        world.cause(site)
        world.spring(point)
        world.rest(site)
    assert [line for line in world.judge(site) if "of them doubled" in line]


def test_without_receipts_a_delivery_that_comes_twice_is_two_runs(world: World) -> None:
    site = world.site("unreceipted", "webhook")
    with world.without("receipts"):
        world.cause(site, again=1)
        world.rest(site)
    assert [line for line in world.judge(site) if "was answered with 2 runs" in line]


def test_with_an_outbox_apart_a_death_after_the_commit_loses_a_file(world: World) -> None:
    site = world.site("unboxed", "watch")
    with world.without("outbox"):
        world.arm(EVENTS_UNPUBLISHED)
        lost = world.cause(site)
        world.spring(EVENTS_UNPUBLISHED)
    # The next file comes through, so the first one had its time.
    site.ground.watched.remove(lost)
    world.cause(site)
    world.rest(site)
    assert [line for line in world.judge(site) if "rows are lost" in line]


def test_an_oracle_of_rows_sees_one_row(world: World) -> None:
    """Seen from outside: one row taken away, one put there twice."""
    site = world.site("tampered", "manual")
    world.cause(site)
    world.rest(site)
    assert world.judge(site) == []
    world.tamper(f'DELETE FROM "{site.ground.table}" WHERE id = (SELECT min(id) FROM "{site.ground.table}")')
    assert [line for line in world.judge(site) if "1 rows are lost" in line]
    world.tamper(f'INSERT INTO "{site.ground.table}" SELECT * FROM "{site.ground.table}" ORDER BY id DESC LIMIT 1')
    assert [line for line in world.judge(site) if "1 rows are too many, 1 of them doubled" in line]
