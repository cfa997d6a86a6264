"""Kills things while runs are in flight, for as long as one likes: `python -m tests.faults --seconds 600 --seed 7`.

The seed decides what dies, when and in which order; it is printed, and a violation ends it with code 1.
"""

import argparse
import os
import sys
import time
from contextlib import suppress
from random import Random

from tests.faults.points import POINTS, Point
from tests.faults.world import WAYS, World
from tests.faults.world import world as make_world
from tests.waiting import TooLong

PROCESSES = ("services", "worker", "kafka", "temporal", "postgres", "s3")


def main() -> int:
    """Parse, torture, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="for how long things die")
    parser.add_argument("--seed", type=int, default=None, help="what decides; made up and printed if not given")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    violations = torture(seed, options.seconds)
    for line in violations:
        print(f"  VIOLATION {line}", flush=True)
    verdict = f"{len(violations)} violations" if violations else "nothing lost, nothing doubled"
    print(f"seed {seed}: {verdict}", flush=True)
    return 1 if violations else 0


def torture(seed: int, seconds: float) -> list[str]:
    """Rounds of a few deaths and a rest, until the time is over or something is wrong."""
    random = Random(seed)
    with make_world(seed, progress=True) as world:
        began, number, deaths = time.monotonic(), 0, 0
        while time.monotonic() - began < seconds:
            number += 1
            died = []
            for _ in range(random.randint(1, 3)):
                died.append(_one_death(world, random))
                deaths += 1
            try:
                world.rest(*world.sites.values())
            except TooLong as error:
                return [str(error)]
            violations = world.judge(*world.sites.values()) or world.unheard(seconds=30, messages=False)
            runs = sum(site.ground.owed for site in world.sites.values())
            rows = sum(site.ground.books.loaded for site in world.sites.values())
            print(
                f"{time.monotonic() - began:6.0f} s  round {number}, {deaths} deaths, {runs} runs, {rows:,} rows:"
                f" {', '.join(died)}{' VIOLATED' if violations else ''}",
                flush=True,
            )
            if violations:
                return violations
        return world.unheard(seconds=60)


def _one_death(world: World, random: Random) -> str:
    """Set off some runs, and let one thing die: at a named point, or whenever it comes."""
    point = random.choice(POINTS) if random.random() < 0.6 else None
    ways = random.sample(WAYS, random.randint(1, 3))
    if point is not None:
        if point.way is not None and point.way not in ways:
            ways.append(point.way)
        world.arm(point)
    for way in ways:
        world.cause(world.sites[f"by-{way}"], rows=random.randint(50, 2_000), again=random.randint(0, 2))
    if point is None:
        pause, name = random.uniform(0, 3), random.choice(PROCESSES)
        time.sleep(pause)
        world.kill(name)
        return f"{name} after {pause:.1f} s"
    return _at(world, point)


def _at(world: World, point: Point) -> str:
    try:
        # After other deaths the way to a point may be long; where nobody comes by, nothing dies.
        with suppress(TooLong):
            world.spring(point)
            return point.name
        return f"{point.name} (nobody came by)"
    finally:
        world.disarm(point)


if __name__ == "__main__":
    sys.exit(main())
