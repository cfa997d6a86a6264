"""Ten recipes on five million rows, each beside the same by hand in Polars: time, and the peak of memory.

Each run is a process of its own in the environment of a job's child, so that its peak is its own. Both read the same
parts, which the store's own writer made as in a pull (the engine shares a file's row groups among its threads, so their
size counts), and write Parquet of the same kind; what differs is what we add: the books, the checks, the row numbers.
Both begin with the engine loaded and end when the rows of what they wrote are counted: the start of a process, and the
sums that the store compares before and after, are in neither figure. The runs take turns, and the best of both are
compared, by the clock and by what the processors worked.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from services.chassis.isolation.sandbox import environment
from tests.bench import flights
from tests.bench.children import TENANT, store, stored
from tests.bench.effort import Effort
from tests.bench.figures import ROOT, Figure, best
from tests.bench.ten_recipes import RECIPES

ROWS = 5_000_000
PART_ROWS = 500_000
ROUNDS = 5
TIME, FLAT, WHOLE = 1.15, 1.2, 1.2


def figures() -> list[Figure]:
    """Times and peaks of all recipes."""
    found = []
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        folder = Path(name)
        full, tenth = table(folder / "full", ROWS), table(folder / "tenth", ROWS // 10)
        for title, recipe in RECIPES.items():
            pairs = [(_run(folder, "ours", title, full), _run(folder, "by-hand", title, full)) for _ in range(ROUNDS)]
            ours, hand = ([pair[side] for pair in pairs] for side in (0, 1))
            if ours[0]["rows"] != hand[0]["rows"]:
                raise AssertionError(f"{title}: {ours[0]['rows']} rows and {hand[0]['rows']} by hand")
            mine, other = ([Effort(run["seconds"], run["computing"]) for run in side] for side in (ours, hand))
            found += best(f"{title}, 5 M rows", mine, other, "Polars by hand", limit=TIME)
            peak = max(run["megabytes"] for run in ours)
            if recipe.whole:
                least, beside, limit = max(run["megabytes"] for run in hand), "by hand", WHOLE
            else:
                least, beside, limit = _run(folder, "ours", title, tenth)["megabytes"], "a tenth of the rows", FLAT
            found.append(Figure(f"{title}, peak of memory", "MB", limit, peak, least, beside))
    return found


def table(folder: Path, rows: int) -> list[Path]:
    """Flights again and again, with a number of their own, in parts as a pull writes them."""
    storage = store(folder)
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    copies = (
        flights.repeated(min(PART_ROWS, rows - start)).with_columns((number + start).alias("id"))
        for start in range(0, rows, PART_ROWS)
    )
    with storage.local_parts(stored(storage, copies), tenant=TENANT) as parts:
        return [path.resolve() for path in parts]


def _run(folder: Path, way: str, title: str, parts: list[Path]) -> dict[str, float]:
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as output:
        command = [sys.executable, "-m", "tests.bench.recipe_run", way, title, output, *map(str, parts)]
        around = environment(None) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=output, env=around)
    said: dict[str, float] = json.loads(done.stdout)
    return said
