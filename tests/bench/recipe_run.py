"""One recipe over some parts in this process, ours or by hand; prints its effort, the peak of memory, and the rows."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from contracts.recipe import Recipe, Steps
from services.chassis.arrow import from_polars
from services.transform.jobs import ApplyJob, JobModule
from services.transform.runner import apply
from tests.bench.memory import peak
from tests.bench.ten_recipes import RECIPES


def ours(title: str, output: Path, parts: list[Path]) -> int:
    """The runner, as a job has it."""
    schema = from_polars(pl.scan_parquet(parts[0]).collect_schema())
    recipe = Recipe(steps=Steps.validate_python(list(RECIPES[title].steps)))
    job = ApplyJob(
        inputs=tuple(map(str, parts)),
        table_schema=schema,
        modules=(JobModule(name="", recipe=recipe),),
        output=str(output),
    )
    return apply(job).rows


def by_hand(title: str, output: Path, parts: list[Path]) -> int:
    """The same in Polars: one lazy plan into one file."""
    target = output / "out.parquet"
    RECIPES[title].by_hand(pl.scan_parquet(parts)).sink_parquet(
        target, compression="zstd", compression_level=1, engine="streaming", maintain_order=True
    )
    return int(pl.scan_parquet(target).select(pl.len()).collect().item())


WAYS: dict[str, Callable[[str, Path, list[Path]], int]] = {"ours": ours, "by-hand": by_hand}


def main() -> None:
    """Run it."""
    way, title, output, *parts = sys.argv[1:]
    with peak(os.getpid()) as memory:
        began, worked = time.perf_counter(), time.process_time()
        rows = WAYS[way](title, Path(output), list(map(Path, parts)))
        seconds, computing = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"seconds": seconds, "computing": computing, "megabytes": memory.megabytes, "rows": rows}))


if __name__ == "__main__":
    main()
