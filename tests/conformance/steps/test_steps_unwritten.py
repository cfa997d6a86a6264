"""Every step gives the same rows, the same books and the same refusals where its rows are written nowhere."""

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from services.transform.errors import TransformError
from services.transform.jobs import Applied, ApplyJob, JobModule
from services.transform.runner import Unwritten, apply
from tests.conformance.steps.every_kind import tables
from tests.conformance.steps.subject import KEY, TABLE, recipe
from tests.conformance.steps.test_steps_conform import CASES, NAMES

EACH = 2  # cases of each kind of step


def told(folder: Path, done: Applied, rows: pl.DataFrame) -> tuple[Any, ...]:
    aside = [pl.read_parquet(folder / part).rows() for part in done.quarantine_parts]
    return rows.rows(), done.table_schema, done.rows, done.books, done.quarantined, done.checks, aside


def written(job: ApplyJob, folder: Path) -> Any:
    try:
        done = apply(job)
    except TransformError as error:
        return type(error), error.pointer
    parts = [pl.read_parquet(folder / part) for part in done.parts]
    return told(folder, done, pl.concat(parts) if parts else pl.DataFrame())


def unwritten(made: Unwritten, folder: Path) -> Any:
    try:
        with made.heard():
            rows = made.scan(once=True).collect(engine="streaming")
            again = made.scan().collect(engine="streaming")
        assert again.equals(rows)
        return told(folder, made.applied, rows if rows.height else pl.DataFrame())
    except TransformError as error:
        return type(error), error.pointer


def test_every_step_gives_the_same_unwritten(tmp_path: Path) -> None:
    given, other = tables(tmp_path)
    different, compared = [], set()
    some: Counter[str] = Counter()
    for name, case in zip(NAMES, CASES, strict=True):
        kind = case.step["kind"]
        some[kind] += 1
        if some[kind] > EACH:
            continue
        folders = [tmp_path / name / way for way in ("written", "unwritten")]
        jobs = []
        for folder in folders:
            folder.mkdir(parents=True)
            jobs.append(
                ApplyJob(
                    inputs=tuple(map(str, given)),
                    table_schema=TABLE,
                    modules=(JobModule(name="", recipe=recipe(case.step), inputs={"other": (str(other),)}),),
                    output=str(folder),
                    keys={"default": KEY.hex()},
                )
            )
        made = Unwritten.of(jobs[1])
        if made is not None:
            compared.add(kind)
            if repr(written(jobs[0], folders[0])) != repr(unwritten(made, folders[1])):
                different.append(name)
    assert different == []
    assert len(compared) > len(some) / 2
