"""Runs recipes over Parquet files: lazily, in the streaming engine, in one pass, with every row in the books.

A recipe whose steps look at one row at a time goes part by part, in memory that does not grow with the table. The same
rows in the same parts give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from contracts.commands.transform import StepBooks
from contracts.data import Schema
from contracts.recipe import ModuleInput
from services.transform.check import Stage, module_stages
from services.transform.errors import BooksUnbalanced, RecipeInvalid, ValueRefused, engine_said
from services.transform.expressions.refusal import Witness
from services.transform.jobs import Applied, ApplyJob
from services.transform.needed import read_columns
from services.transform.running import PASSING, Counter, Files, ModuleRun, Shared, rows_in, rows_of, verified
from services.transform.set_aside import SetAside
from services.transform.steps.catalog import KINDS
from services.transform.steps.conform import Conform
from services.transform.steps.expect import Expect
from services.transform.steps.kind import Site, StepKind
from services.transform.table import Table

_GROUP_CELLS = 2_000_000
_GROUP_ROWS = 65_536


@dataclass
class _Tally:
    """The books of one step."""

    module: str
    number: int  # of the module in the job
    stage: Stage
    rows_in: int = 0
    rows_out: int = 0

    @property
    def changes_count(self) -> bool:
        """Whether there may be other rows behind the step than before it."""
        return self.stage.kind.adds or self.stage.kind.removes(self.stage.step) is not None

    def books(self, kept: int | None) -> StepBooks:
        """What became of the rows: `kept` of them came through, where the step has said it."""
        removed = self.stage.kind.removes(self.stage.step)
        kept = min(self.rows_in, self.rows_out) if kept is None else kept
        gone, added = self.rows_in - kept, self.rows_out - kept
        if gone < 0 or added < 0 or (gone and removed is None) or (added and not self.stage.kind.adds):
            raise BooksUnbalanced("Rows were lost or doubled between two steps.", self.stage.pointer)
        return StepBooks(
            module=self.module,
            step=self.stage.index,
            kind=self.stage.step.kind,
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            added=added,
            **({removed: gone} if removed is not None else {}),
        )


def apply(job: ApplyJob, kinds: Mapping[str, StepKind[Any]] = KINDS, *, passing: bool = False) -> Applied:
    """Run the job; raises TransformError. With `passing`, its files are no dataset's: somebody will `scan` them."""
    tallies = _checked(job, kinds)
    with _named(tallies):
        return _run(job, tallies, passing)


@contextmanager
def _named(tallies: Sequence[_Tally]) -> Iterator[None]:
    """While inside, a value that is refused is told with the step that refuses it."""
    try:
        yield
    except ValueRefused as refused:
        within = [tally.stage for tally in tallies if f"{refused.pointer}/".startswith(f"{tally.stage.pointer}/")]
        # What stands before a module's first step has the module's own place, around those of its steps.
        stage = max(within, key=lambda stage: len(stage.pointer), default=None)
        if stage is None:
            raise
        raise ValueRefused(f"{stage.label}: {refused.message}", refused.pointer) from None


class Unwritten:
    """A job whose rows are written nowhere: they are made whenever somebody asks, and counted when asked `once`."""

    def __init__(self, job: ApplyJob, tallies: list[_Tally]) -> None:
        self.schema = tallies[-1].stage.after if tallies else job.table_schema
        self._job, self._tallies, self._witness = job, tallies, Witness()
        self._shared = _shared(job)
        self._counters: dict[int, Counter] = {}
        self._present = sum(rows_of(verified(job.inputs, job.table_schema)))

    @classmethod
    def of(cls, job: ApplyJob) -> "Unwritten | None":
        """None where a step must see the whole table: that is not done twice. Raises TransformError."""
        tallies = _checked(job, KINDS)
        whole = any(tally.stage.kind.sees_all(tally.stage.step) for tally in tallies)
        if whole or _borders(job) or len(job.modules) != 1:
            return None
        return cls(job, tallies)

    def scan(self, *, once: bool = False) -> pl.LazyFrame:
        """The rows, to be made in `heard`."""
        shared = self._shared if once else replace(self._shared, silent=True)
        source = Files(self._job.inputs, self._job.table_schema)
        reading = read_columns([tally.stage for tally in self._tallies], source.schema)
        places = [source.schema.names.index(column.name) for column in reading.columns]
        runs = {0: ModuleRun(self._job.modules[0], {}, shared)}
        table, counters = _planned(source.scan(), reading, places, self._tallies, runs, 0, self._witness)
        self._counters = counters if once else self._counters
        return table.finished()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While inside, what the recipe refuses is told as a job tells it."""
        try:
            with _named(self._tallies), self._witness.heard():
                yield
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.applied.rows

    @cached_property
    def applied(self) -> Applied:
        """What a job would answer; the rows were asked for `once`."""
        rows = _count(self._tallies, self._counters, self._present)
        self._shared.aside.part_done()
        return _applied(Files((), self.schema), rows, self._tallies, self._shared, Path(self._job.output))


def _shared(job: ApplyJob) -> Shared:
    return Shared(SetAside(Path(job.output)), {name: bytes.fromhex(key) for name, key in job.keys.items()})


def _run(job: ApplyJob, tallies: list[_Tally], passing: bool) -> Applied:
    """The job in as few passes as its modules allow: what a later module looks up must have been written before."""
    output, shared = Path(job.output), _shared(job)
    current = Files(job.inputs, job.table_schema)
    made: dict[str, Files] = {}
    rows, first = 0, 0
    for last in [*_borders(job), len(job.modules) - 1]:
        steps = [tally for tally in tallies if first <= tally.number <= last]
        runs = {number: ModuleRun(job.modules[number], made, shared) for number in range(first, last + 1)}
        between = last < len(job.modules) - 1
        folder = output / f"between-{last}" if between else output
        folder.mkdir(exist_ok=True)
        current, rows = _pass(current, steps, runs, shared, folder, job.part_rows, passing)
        first = last + 1
        if between:
            made[job.modules[last].name] = current
    return _applied(current, rows, tallies, shared, output)


def _applied(current: Files, rows: int, tallies: Sequence[_Tally], shared: Shared, output: Path) -> Applied:
    """The books, what was set aside, and what was found."""
    books = tuple(
        tally.books(shared.came_through(tally.stage.pointer))
        for tally in tallies
        if not isinstance(tally.stage.step, Conform)
    )
    quarantine = shared.aside.finish()
    if quarantine.rows != sum(book.quarantined for book in books):
        raise BooksUnbalanced("The rows that were set aside are not those that are missing.")
    return Applied(
        parts=tuple(str(Path(path).relative_to(output)) for path in current.paths),
        rows=rows,
        table_schema=current.schema,
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


def _pass(
    source: Files,
    tallies: list[_Tally],
    runs: Mapping[int, ModuleRun],
    shared: Shared,
    output: Path,
    part_rows: int,
    passing: bool,
) -> tuple[Files, int]:
    """Some of the steps over some files, into others."""
    plan = [tally.stage for tally in tallies]
    reading = read_columns(plan, source.schema)
    whole = any(stage.kind.sees_all(stage.step) for stage in plan)
    parts = verified(source.paths, source.schema)
    present = rows_of(parts)
    if whole:
        parts, present = [source.scan()], [sum(present)]
    places = [source.schema.names.index(column.name) for column in reading.columns]
    written: list[tuple[list[Path], Future[list[int]], int]] = []
    first_row = 0
    # What was written is read again while the engine is busy with the next part.
    with ThreadPoolExecutor(1) as beside:
        for number, (rows, lazy) in enumerate(zip(present, parts, strict=True)):
            witness = Witness()
            table, counters = _planned(lazy, reading, places, tallies, runs, first_row, witness)
            files = _sink(table, output, number, part_rows if whole else None, witness, passing)
            written.append((files, beside.submit(rows_in, files), _count(tallies, counters, rows)))
            first_row += rows
            shared.aside.part_done()
    kept: list[str] = []
    for files, held, counted in written:
        found = held.result()
        if sum(found) != counted:
            raise BooksUnbalanced("The output does not hold the rows that were counted on the way.")
        kept += [str(path) for path, rows in zip(files, found, strict=True) if rows]
    return Files(tuple(kept), plan[-1].after if plan else source.schema), sum(counted for _, _, counted in written)


def _borders(job: ApplyJob) -> list[int]:
    """The modules whose output a later one looks up, and which must therefore have ended before."""
    wanted: set[int] = set()
    for number, module in enumerate(job.modules):
        for name, other in module.recipe.inputs.items():
            if isinstance(other, ModuleInput):
                earlier = [at for at in range(number) if job.modules[at].name == other.module]
                if not earlier:
                    message = f"There is no module {other.module!r} before this one."
                    raise RecipeInvalid.at(f"{module.pointer}/inputs/{name}", "module_unknown", message)
                wanted.add(earlier[-1])
    return sorted(wanted)


def _checked(job: ApplyJob, kinds: Mapping[str, StepKind[Any]]) -> list[_Tally]:
    tallies: list[_Tally] = []
    schema = job.table_schema
    for number, module in enumerate(job.modules):
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
        tallies += [_Tally(module.name, number, stage) for stage in checked]
        schema = checked[-1].after if checked else schema
    return tallies


def _planned(
    source: pl.LazyFrame,
    reading: Schema,
    places: Sequence[int],
    tallies: Sequence[_Tally],
    runs: Mapping[int, ModuleRun],
    first_row: int,
    witness: Witness,
) -> tuple[Table, dict[int, Counter]]:
    """The plan of the steps over the columns at these places of some rows."""
    numbered = any(tally.stage.kind.removes(tally.stage.step) == "quarantined" for tally in tallies)
    table = Table.over(source, reading, places, first_row=first_row + 1 if numbered else None)
    counters: dict[int, Counter] = {}
    for at, tally in enumerate(tallies):
        stage = tally.stage
        table = stage.kind.plan(table, stage.step, Site(stage.pointer, tally.rows_in, witness, runs[tally.number]))
        if tally.changes_count and runs[tally.number].counts:
            counters[at] = Counter(runs[tally.number].shared)
            lazy = table.lazy.select(list(table.frame_schema))
            table = table.then(lazy.map_batches(counters[at], schema=table.frame_schema, streamable=True))
    return table, counters


def _sink(
    table: Table, output: Path, number: int, part_rows: int | None, witness: Witness, passing: bool
) -> list[Path]:
    """Run the plan into files."""
    group = max(1_024, min(_GROUP_ROWS, _GROUP_CELLS // max(1, len(table.inner))))
    stem, ending = f"{number:06}", PASSING if passing else ".parquet"
    target: Any = output / f"{stem}{ending}"
    if part_rows is not None:
        target = pl.PartitionBy(output / stem, max_rows_per_file=part_rows, approximate_bytes_per_file=None)
    how: dict[str, Any] = {"maintain_order": True, "engine": "streaming", "mkdir": part_rows is not None}
    with witness.heard():
        try:
            rows = table.finished()
            if passing:
                rows.sink_ipc(target, record_batch_size=group, **how)
            else:
                rows.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=group, **how)
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error
    return [target] if part_rows is None else sorted((output / stem).glob(f"*{ending}"))


def _count(tallies: Sequence[_Tally], counters: dict[int, Counter], present: int) -> int:
    """Put the rows of a part into the books; how many came out of it."""
    current = present
    for at, tally in enumerate(tallies):
        tally.rows_in += current
        counter = counters.get(at)
        current = current if counter is None else counter.rows
        tally.rows_out += current
    return current
