"""Hostile queries and expressions twice: against the check, and with no check in front of the child's walls.

Nothing of it may work either time, and either time the answer is a sentence for people: it names no place on this
machine. What is after something outside is made a third time with neither, where it must succeed: an attack that fails
anyway would prove nothing.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from contracts.recipe import Recipe, Steps
from contracts.runs import ErrorType
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.transform.errors import RecipeInvalid, TransformError
from services.transform.jobs import ApplyJob, JobModule
from services.transform.refusals import as_problem
from tests.attacks import GROWING, QUERIES, QUICK, WAYS, Attack, assert_kind, condition, expression, query
from tests.integration.transform.test_recipes_in_children import TABLE, Bench

ROOT = Path(__file__).resolve().parents[3]
UNCHECKED = "tests.integration.transform.unchecked"
LIMITS = Limits(memory_mb=512, cpu_seconds=60, file_mb=64)
SECONDS, PATIENCE = 2.0, 60.0
CANARY = "canary-4711"
OUTSIDE = [attack for attack in QUERIES if attack.goal in ("read", "write", "call")]
ENDS = {ErrorType.MEMORY_LIMIT, ErrorType.TIME_LIMIT}


class Targets:
    """What attacks are after, and whether they got it."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "secret.csv"
        self.secret.write_text(f"content\n{CANARY}\n")
        self.table = folder / "secret.parquet"
        pl.DataFrame({"content": [CANARY]}).write_parquet(self.table)
        self.target = folder / "target"
        self.calls: list[str] = []
        calls = self.calls

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"a\n1\n")

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def aim(self, attack: Attack) -> str:
        return attack.aimed(
            secret=str(self.secret),
            table=str(self.table),
            target=str(self.target),
            address=f"127.0.0.1:{self.server.server_port}",
            parent=str(os.getpid()),
        )


@pytest.fixture
def targets(tmp_path: Path) -> Iterator[Targets]:
    made = Targets(tmp_path)
    os.environ["MODULARDATA_CANARY"] = CANARY
    yield made
    del os.environ["MODULARDATA_CANARY"]
    made.server.shutdown()
    made.server.server_close()


def a_sandbox(work: str) -> Iterator[Sandbox]:
    made = Sandbox(LIMITS, work=work, search=[str(ROOT)])
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="module")
def checked() -> Iterator[Sandbox]:
    yield from a_sandbox("services.transform.worker")


@pytest.fixture(scope="module")
def unchecked() -> Iterator[Sandbox]:
    yield from a_sandbox(UNCHECKED)


@pytest.fixture
async def place(tmp_path: Path, unchecked: Sandbox) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, unchecked)
    yield made
    assert list(made.scratch.iterdir()) == [], "a job left its folder behind"
    assert unchecked.process is not None
    async with asyncio.timeout(10):
        while psutil.Process(unchecked.process).children():  # noqa: ASYNC110 - nobody tells of the end of a process
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("attack", "way"), WAYS.values(), ids=WAYS.keys())
async def test_the_check_refuses_it_before_a_row_is_read(
    tmp_path: Path, checked: Sandbox, targets: Targets, attack: Attack, way: Any
) -> None:
    place, text = Bench(tmp_path, checked), targets.aim(attack)
    with pytest.raises(RecipeInvalid) as caught:
        await place.apply(place.dataset(), way(text), seconds=PATIENCE)
    assert caught.value.problems[0].pointer.startswith("/steps/0/")
    assert_kind(as_problem(caught.value).document(), text)
    assert not targets.target.exists()
    assert targets.calls == []


@pytest.mark.parametrize(("attack", "way"), WAYS.values(), ids=WAYS.keys())
async def test_the_walls_hold_without_a_check(
    place: Bench, unchecked: Sandbox, targets: Targets, attack: Attack, way: Any
) -> None:
    text, start = targets.aim(attack), time.monotonic()
    seconds = PATIENCE if attack.goal == "memory" else SECONDS
    rows, error = [], None
    try:
        rows = place.rows((await place.apply(place.dataset(), way(text), seconds=seconds)).dataset)
    except TransformError as failed:
        error = failed
    assert time.monotonic() - start < seconds + 60
    assert not targets.target.exists()
    assert targets.calls == []
    assert CANARY not in str(rows)
    assert unchecked.last is not None
    assert unchecked.last.max_rss_mb < LIMITS.memory_mb + 256
    if error is not None:
        document = as_problem(error).document()
        assert_kind(document, text)
        assert CANARY not in str(document)
    if attack.goal in ("read", "call"):
        assert error is not None or rows == [(None,)], rows
    elif attack.goal == "memory":
        assert error is not None
        assert error.type is ErrorType.MEMORY_LIMIT
    elif attack.goal == "endless":
        assert error is not None
        assert error.type in ENDS or error.message == "The result is too large to be written."
    elif attack.goal == "crash":
        assert error is not None
    # The next job of the same forking process is none the worse.
    next_one = await place.apply(place.dataset(), {"kind": "limit", "rows": 1})
    assert next_one.dataset.rows == 1


class Unwalled:
    """The same worker in an ordinary process: neither a check nor walls."""

    def __init__(self) -> None:
        script = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from {UNCHECKED} import handle
for line in sys.stdin:
    folder, job = line.split(" ", 1)
    os.chdir(folder)
    print(handle(job.encode()).decode(), flush=True)
"""
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def run(self, place: Bench, folder: Path, text: str) -> tuple[dict[str, Any], str]:
        """What the worker answers, and the rows that it found."""
        dataset = place.dataset()
        folder.mkdir()
        recipe = Recipe(steps=Steps.validate_python([query(text)]))
        with place.storage.local_parts(dataset) as parts:
            job = ApplyJob(
                inputs=tuple(map(str, parts)),
                table_schema=TABLE,
                modules=(JobModule(name="m", recipe=recipe),),
                output=str(folder),
            )
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(f"{folder} {job.model_dump_json()}\n".encode())
            self.process.stdin.flush()
            said: dict[str, Any] = json.loads(self.process.stdout.readline())
        found = [pl.read_parquet(folder / name).rows() for name in said.get("parts", ())]
        return said, str(found)

    def close(self) -> None:
        with self.process:
            self.process.kill()


@pytest.fixture(scope="module")
def unwalled() -> Iterator[Unwalled]:
    os.environ["MODULARDATA_CANARY"] = CANARY
    made = Unwalled()
    del os.environ["MODULARDATA_CANARY"]
    yield made
    made.close()


@pytest.mark.parametrize("attack", OUTSIDE, ids=lambda attack: attack.name)
def test_with_neither_it_works(tmp_path: Path, unwalled: Unwalled, targets: Targets, attack: Attack) -> None:
    said, found = unwalled.run(Bench(tmp_path, Sandbox(LIMITS, work=UNCHECKED)), tmp_path / "out", targets.aim(attack))
    if attack.goal == "write":
        assert targets.target.exists(), said
    elif attack.goal == "call":
        assert targets.calls != [], said
    else:
        assert said["kind"] == "applied", said
        assert len(found) > 12, found


@pytest.mark.parametrize("text", QUICK)
async def test_a_pattern_that_is_made_to_take_for_ever_takes_no_time(
    tmp_path: Path, checked: Sandbox, unchecked: Sandbox, text: str
) -> None:
    for number, sandbox in enumerate((checked, unchecked)):
        (tmp_path / str(number)).mkdir()
        place = Bench(tmp_path / str(number), sandbox)
        hostile = [(1, "a" * 50_000 + "b" + "x" * 50_000, 0.5)] * 20
        done = await place.apply(place.dataset(rows=hostile), {"kind": "filter", "where": text}, seconds=10)
        assert done.dataset.rows in (0, 20)


@pytest.mark.parametrize("way", [expression, condition])
async def test_a_value_that_is_allowed_and_grows_without_end_meets_a_limit(
    tmp_path: Path, checked: Sandbox, way: Any
) -> None:
    place = Bench(tmp_path, checked)
    with pytest.raises(TransformError) as caught:
        await place.apply(place.dataset(), way(GROWING), seconds=SECONDS)
    assert caught.value.type in ENDS or caught.value.message == "The result is too large to be written."
    assert_kind(as_problem(caught.value).document(), GROWING)
