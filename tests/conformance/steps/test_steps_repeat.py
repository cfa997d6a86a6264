"""Every step, run again, gives the same bytes, however many threads the engine has: a node is reproduced by replay."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conformance.steps.every_kind import tables
from tests.conformance.steps.test_steps_conform import CASES

ROOT = Path(__file__).resolve().parents[3]


def test_every_step_gives_the_same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    given, other = tables(tmp_path)
    found: list[dict[str, str]] = []
    for threads in (1, 4, 4):
        output = tmp_path / f"run-{len(found)}"
        output.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.conformance.steps.every_kind", output, other, *given],
            cwd=ROOT,
            env=os.environ | {"POLARS_MAX_THREADS": str(threads)},
            capture_output=True,
            check=True,
            text=True,
        )
        found.append(json.loads(done.stdout))
    one, four, again = found
    assert len(one) == len(CASES)
    assert {name for name in one if one[name] != four[name]} == set()
    assert {name for name in one if four[name] != again[name]} == set()
    refused = {name for name, digest in one.items() if digest.startswith("refused")}
    assert len(refused) < len(CASES) / 20, refused
