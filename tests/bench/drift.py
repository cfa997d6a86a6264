"""What comparing deliveries costs, suite by suite, into one table and `build/bench/drift.json`."""

import sys

from tests.bench import comparing, healing
from tests.bench.figures import report


def main() -> int:
    """Measure, print, write; the exit code says whether every figure is within its limit."""
    within = report("drift", [*comparing.figures(), *healing.figures()])
    sys.stdout.flush()
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
