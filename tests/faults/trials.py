"""One trial: lay a trap, set off runs, let something die, wait for recovery, and hear the oracle."""

import time
from dataclasses import dataclass

from tests.faults.points import Point
from tests.faults.world import WAYS, World


@dataclass(frozen=True)
class Verdict:
    """How a trial went."""

    violations: list[str]
    until_dead: float
    until_rest: float

    def __str__(self) -> str:
        return f"dead after {self.until_dead:.1f} s, at rest after {self.until_rest:.1f} s"


def attempt(world: World, point: Point, number: int) -> Verdict:
    """One point, on its own way and the next of the four; `number` turns the ways."""
    first = point.way or WAYS[number % len(WAYS)]
    second = WAYS[(WAYS.index(first) + 1 + number // len(WAYS) % 3) % len(WAYS)]
    sites = [world.sites[f"by-{way}"] for way in (first, second)]
    began = time.monotonic()
    world.arm(point)
    try:
        for site in sites:
            world.cause(site)
        world.spring(point)
        dead = time.monotonic() - began
    finally:
        world.disarm(point)
    world.rest(*world.sites.values())
    return Verdict(world.judge(*world.sites.values()), dead, time.monotonic() - began)
