"""The bench `main-job`: the whole road from S3 to PostgreSQL against bare scripts over the same servers."""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.launcher import Stack
from tests.bench import bare, events, flights, memory, platform, triggers
from tests.bench.figures import Figure, compared, report

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder below which the servers' user may have folders of its own, also when root measures."""
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def end_to_end(client: platform.Client, stack: Stack, rounds: int) -> Figure:
    """Twelve months as CSV on S3 → module → upsert, ours and the bare script in turn."""
    bucket = platform.bucket(stack.state)
    for month in range(1, 13):
        bucket.put(f"bench/flights-{month:02}.csv", flights.month(month))
    ours, reference = [], []
    for number in range(rounds):
        name = f"bench-{number}"
        client.apply(name, path="bench/*.csv", table=f"bench_{number}")
        began = time.perf_counter()
        client.run_to_end(name)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        bare.copy_flights(stack.state, prefix="bench/", table=f"bare_{number}")
        reference.append(time.perf_counter() - began)
        platform.same_rows(stack.state, f"bench_{number}", f"bare_{number}")
    return compared("12 months, S3 → module → PostgreSQL upsert", ours, reference, "bare script", limit=2.5)


def worker_memory(client: platform.Client, stack: Stack) -> Figure:
    """The peak of the worker that pulls and pushes, at once and at ten times the data."""
    bucket = platform.bucket(stack.state)
    for copy in range(10):
        for month in range(1, 13):
            bucket.put(f"tenfold/{copy}/flights-{month:02}.csv", flights.month(month, year=2013 + copy))
    client.apply("once", path="tenfold/0/*.csv", table="once")
    with memory.peak(stack.pid("worker")) as once:
        client.run_to_end("once")
    client.apply("tenfold", path="tenfold/*/*.csv", table="tenfold")
    with memory.peak(stack.pid("worker")) as tenfold:
        client.run_to_end("tenfold", timeout=900)
    return Figure(
        name="peak memory of the worker, 10× the data",
        unit="MB",
        limit=1.2,
        ours=tenfold.megabytes,
        reference=once.megabytes,
        reference_name="1× the data",
    )


def absolute(rounds: int) -> list[Figure]:
    """What must hold by itself: ready, story, and the stack at rest."""
    ready = []
    for _ in range(rounds):
        with open_folder() as folder:
            began = time.perf_counter()
            with Stack(folder / "data"):
                ready.append(time.perf_counter() - began)
    story = []
    with open_folder() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "cli", "demo", "--once", "--output", "json"],
            cwd=ROOT,
            env=os.environ | {"MODULARDATA_HOME": str(folder / "data")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=600,
        )
        story.append(time.perf_counter() - began)
    return [
        Figure("up, from an empty folder to ready", "s", 12, statistics.median(ready), runs=[[r] for r in ready]),
        Figure("the whole story, warm", "s", 90, statistics.median(story), runs=[[s] for s in story]),
    ]


def main() -> int:
    """Measure, print, write; the exit code says whether every figure is within its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.main_job", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle-seconds", type=float, default=60)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    figures = absolute(options.rounds)
    with open_folder() as folder, Stack(folder / "data") as stack:
        resting = memory.rest(stack, options.idle_seconds)
        figures.append(Figure("the stack at rest", "MB", 1024, resting))
        client = platform.Client(stack.state)
        client.prepare()
        figures.append(end_to_end(client, stack, options.rounds))
        figures += triggers.measure(client, stack)
        figures.append(worker_memory(client, stack))
        figures += asyncio.run(events.measure(stack.state, backlog=options.backlog))
    within = report("main-job", figures)
    sys.stdout.flush()
    return 0 if within else 1


if __name__ == "__main__":
    os._exit(main())
