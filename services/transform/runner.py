"""Runs recipes over Parquet files: lazily, in the streaming engine, in one pass, with every row in the books.

A recipe whose steps look at one row at a time goes part by part, in memory that does not grow with the table. The same
rows in the same parts give the same bytes.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from contracts.commands.transform import StepBooks
from contracts.data import Schema
from services.transform.check import Stage, module_stages
from services.transform.dtypes import frame_schema
from services.transform.errors import BooksUnbalanced, DatasetUnreadable, TransformError, ValueRefused
from services.transform.expressions.refusal import Witness
from services.transform.jobs import Applied, ApplyJob
from services.transform.needed import read_columns
from services.transform.set_aside import SetAside
from services.transform.steps.catalog import KINDS
from services.transform.steps.conform import Conform
from services.transform.steps.expect import Expect
from services.transform.steps.kind import Site, StepKind
from services.transform.table import Table

_GROUP_CELLS = 2_000_000
_GROUP_ROWS = 65_536


@dataclass
class _Counter:
    """Counts the rows that pass a point of a plan."""

    rows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, batch: pl.DataFrame) -> pl.DataFrame:
        with self._lock:
            self.rows += batch.height
        return batch


@dataclass
class _Tally:
    """The books of one step."""

    module: str
    stage: Stage
    rows_in: int = 0
    rows_out: int = 0

    def books(self) -> StepBooks:
        removed = self.stage.kind.removes(self.stage.step)
        gone = self.rows_in - self.rows_out
        if gone < 0 or (gone and removed is None):
            raise BooksUnbalanced("Rows were lost or doubled between two steps.", self.stage.pointer)
        return StepBooks(
            module=self.module,
            step=self.stage.index,
            kind=self.stage.step.kind,
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            **({removed: gone} if removed is not None else {}),
        )


def apply(job: ApplyJob, kinds: Mapping[str, StepKind[Any]] = KINDS) -> Applied:
    """Run the job; raises TransformError."""
    tallies = _checked(job, kinds)
    try:
        return _run(job, tallies)
    except ValueRefused as refused:
        within = [tally.stage for tally in tallies if f"{refused.pointer}/".startswith(f"{tally.stage.pointer}/")]
        # What stands before a module's first step has the module's own place, around those of its steps.
        stage = max(within, key=lambda stage: len(stage.pointer), default=None)
        if stage is None:
            raise
        raise ValueRefused(f"{stage.label}: {refused.message}", refused.pointer) from None


def _run(job: ApplyJob, tallies: list[_Tally]) -> Applied:
    plan = [tally.stage for tally in tallies]
    output, aside = Path(job.output), SetAside(Path(job.output))
    reading = read_columns(plan, job.table_schema)
    whole = any(stage.kind.whole for stage in plan)
    written: list[str] = []
    first_row = rows = 0
    for number, paths in enumerate([list(job.inputs)] if whole else [[path] for path in job.inputs]):
        present = _verify(paths, job.table_schema)
        table, counters, witness = _planned(paths, reading, tallies, first_row, aside)
        files = _sink(table, output, number, job.part_rows if whole else None, witness)
        produced = sum(count for _, count in files)
        _count(tallies, counters, present, produced)
        written += [name for name, count in files if count]
        rows += produced
        first_row += present
        aside.part_done()
    books = tuple(tally.books() for tally in tallies if not isinstance(tally.stage.step, Conform))
    quarantine = aside.finish()
    if quarantine.rows != sum(book.quarantined for book in books):
        raise BooksUnbalanced("The rows that were set aside are not those that are missing.")
    return Applied(
        parts=tuple(written),
        rows=rows,
        table_schema=plan[-1].after if plan else job.table_schema,
        books=books,
        quarantined=quarantine.rows,
        quarantine_parts=quarantine.parts,
        quarantine_sample=quarantine.sample,
        checks=tuple(
            outcome
            for tally in tallies
            if isinstance(tally.stage.step, Expect)
            for outcome in tally.stage.step.outcomes(tally.module)
        ),
    )


def _checked(job: ApplyJob, kinds: Mapping[str, StepKind[Any]]) -> list[_Tally]:
    tallies: list[_Tally] = []
    schema = job.table_schema
    for module in job.modules:
        checked = module_stages(
            module.recipe,
            schema,
            prefix=module.pointer,
            name=module.name,
            input_contract=module.input_contract,
            output_contract=module.output_contract,
            input_checks=module.input_checks,
            output_checks=module.output_checks,
            kinds=kinds,
        )
        tallies += [_Tally(module.name, stage) for stage in checked]
        schema = checked[-1].after if checked else schema
    return tallies


def _verify(paths: list[str], schema: Schema) -> int:
    """How many rows the files hold; raises DatasetUnreadable when they do not hold the columns they should."""
    if not paths:
        return 0
    try:
        lazy = pl.scan_parquet(paths, glob=False, hive_partitioning=False)
        found = lazy.collect_schema()
        rows = lazy.select(pl.len()).collect(engine="streaming").item()
    except (pl.exceptions.PolarsError, OSError):
        raise DatasetUnreadable("The dataset's files cannot be read.") from None
    if list(found.items()) != list(frame_schema(schema).items()):
        raise DatasetUnreadable("The dataset's files do not hold the columns that its schema names.")
    return int(rows)


def _planned(
    paths: list[str], reading: Schema, tallies: Sequence[_Tally], first_row: int, aside: SetAside
) -> tuple[Table, dict[int, _Counter], Witness]:
    if paths:
        source = pl.scan_parquet(paths, glob=False, hive_partitioning=False, cache=False)
        names = source.collect_schema().names()
        lazy = source.select(pl.nth(names.index(column.name)) for column in reading.columns)
    else:
        lazy = pl.LazyFrame(schema=frame_schema(reading))
    numbered = any(tally.stage.kind.removes(tally.stage.step) == "quarantined" for tally in tallies)
    table = Table.over(lazy, reading, first_row=first_row + 1 if numbered else None)
    counters: dict[int, _Counter] = {}
    witness = Witness()
    for at, tally in enumerate(tallies):
        stage = tally.stage
        site = Site(stage.pointer, tally.rows_in, witness, aside.take)
        table = stage.kind.plan(table, stage.step, site)
        if stage.kind.removes(stage.step) is not None:
            counters[at] = _Counter()
            lazy = table.lazy.select(list(table.frame_schema))
            table = table.then(lazy.map_batches(counters[at], schema=table.frame_schema, streamable=True))
    return table, counters, witness


def _sink(table: Table, output: Path, number: int, part_rows: int | None, witness: Witness) -> list[tuple[str, int]]:
    """Run the plan into files; their names and rows."""
    group = max(1_024, min(_GROUP_ROWS, _GROUP_CELLS // max(1, len(table.inner))))
    stem = f"{number:06}"
    target: Any = output / f"{stem}.parquet"
    if part_rows is not None:
        target = pl.PartitionBy(output / stem, max_rows_per_file=part_rows, approximate_bytes_per_file=None)
    with witness.heard():
        try:
            table.finished().sink_parquet(
                target,
                compression="zstd",
                compression_level=1,
                row_group_size=group,
                maintain_order=True,
                engine="streaming",
                mkdir=part_rows is not None,
            )
        except pl.exceptions.PolarsError as error:
            raise TransformError(f"The engine could not run this: {_first_line(error)}") from error
    files = [target] if part_rows is None else sorted((output / stem).glob("*.parquet"))
    return [(str(path.relative_to(output)), _rows(path)) for path in files]


def _count(tallies: Sequence[_Tally], counters: dict[int, _Counter], present: int, produced: int) -> None:
    current = present
    for at, tally in enumerate(tallies):
        tally.rows_in += current
        counter = counters.get(at)
        current = current if counter is None else counter.rows
        tally.rows_out += current
    if current != produced:
        raise BooksUnbalanced("The output does not hold the rows that were counted on the way.")


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect(engine="streaming").item())


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
