"""The figures of shaping tables, suite by suite, into one table and `build/bench/transform.json`."""

import argparse
import os
import sys
from collections.abc import Callable

from tests.bench import differing, profiles, recipes, sessions
from tests.bench.figures import Figure, report

SUITES: dict[str, Callable[[], list[Figure]]] = {
    "recipes": recipes.figures,
    "profiles": profiles.figures,
    "sessions": sessions.figures,
    "differing": differing.figures,
}


def main() -> int:
    """Measure, print, write; the exit code says whether every figure is within its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.transform", description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"some of: {', '.join(SUITES)}; all, if none is named")
    wanted = parser.parse_args().suites or list(SUITES)
    unknown = [name for name in wanted if name not in SUITES]
    if unknown:
        parser.error(f"there is no suite {unknown[0]!r}")
    within = report("transform", [figure for name in wanted for figure in SUITES[name]()])
    sys.stdout.flush()
    return 0 if within else 1


if __name__ == "__main__":
    os._exit(main())
