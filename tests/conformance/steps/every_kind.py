"""All cases of all steps over one table of some thousand rows in this process; prints a digest of what each wrote.

How many threads the engine has is set once in a process, so each number needs a process of its own.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

from services.transform.errors import TransformError
from services.transform.jobs import ApplyJob, JobModule
from services.transform.runner import apply
from tests.conformance.steps.subject import KEY, OTHER, OTHER_POOL, POOL, TABLE, recipe
from tests.conformance.steps.test_steps_conform import CASES, NAMES
from tests.unit.transform.evaluating import frame


def main(folder: Path, given: list[Path], other: Path) -> None:
    """Run each case; a step that refuses a value gives its refusal."""
    digests: dict[str, str] = {}
    for name, case in zip(NAMES, CASES, strict=True):
        output = folder / name
        output.mkdir()
        module = JobModule(name="", recipe=recipe(case.step), inputs={"other": (str(other),)})
        job = ApplyJob(
            inputs=tuple(map(str, given)),
            table_schema=TABLE,
            modules=(module,),
            output=str(output),
            part_rows=1_500,
            keys={"default": KEY.hex()},
        )
        digest = hashlib.sha256()
        try:
            done = apply(job)
        except TransformError as error:
            digests[name] = f"refused: {error.pointer}"
            continue
        for part in (*done.parts, *done.quarantine_parts):
            digest.update((output / part).read_bytes())
        digests[name] = f"{digest.hexdigest()} {done.rows} rows"
    print(json.dumps(digests))


def tables(folder: Path) -> tuple[list[Path], Path]:
    """Thousands of rows of what the columns may hold, in three parts, and the other table."""
    lots = random.Random(7)
    paths = []
    for number in range(3):
        rows = [tuple(lots.choice([None, *values]) for values in POOL) for _ in range(1_000)]
        paths.append(folder / f"{number}.parquet")
        frame(TABLE, rows).write_parquet(paths[-1])
    others = [tuple(lots.choice([None, *values]) for values in OTHER_POOL) for _ in range(10)]
    frame(OTHER, others).write_parquet(folder / "other.parquet")
    return paths, folder / "other.parquet"


if __name__ == "__main__":
    folder, other, *parts = map(Path, sys.argv[1:])
    main(folder, parts, other)
