"""What a child does to try a candidate: on an input as it came, or on a past one carried through the inverse change."""

import filecmp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from contracts.adaptation import ColumnFigures, OutputFigures
from contracts.data import Schema
from contracts.differences import ColumnDifference, DataDifference
from contracts.runs import ErrorType
from services.transform import runner
from services.transform.differing.differ import Stored, counted_schema, differ
from services.transform.differing.pairing import pairs
from services.transform.errors import TransformError
from services.transform.jobs import Applied, ApplyJob, JobModule, Part, Replayed, ReplayJob
from services.transform.proving.figures import column_figures, repeated_keys
from services.transform.proving.lost import lost_values
from services.transform.running import rows_in
from services.transform.steps.catalog import KINDS
from services.transform.steps.kind import StepKind

SHOWN_ROWS = 20
# What the steps themselves are to blame for; anything else says nothing about them.
_REFUSALS = frozenset({ErrorType.RECIPE_INVALID, ErrorType.EXPRESSION_FAILED, ErrorType.BOOKS_UNBALANCED})


@dataclass(frozen=True)
class _Rows:
    """Finished files of one schema."""

    paths: tuple[str, ...]
    schema: Schema
    rows: int


@dataclass(frozen=True)
class _Made:
    """What a module made of rows, or why it made nothing."""

    rows: _Rows
    done: Applied
    refused: str = ""


def run(job: ReplayJob, kinds: Mapping[str, StepKind[Any]] = KINDS) -> Replayed:
    """Both outputs in figures, and what differs; raises TransformError for what is not the steps' fault."""
    folder = Path(job.output)
    came = _Rows(job.inputs, job.table_schema, sum(rows_in([Path(one) for one in job.inputs])))
    if job.base is None:
        made = _made(kinds, job, came, job.candidate, folder / "after")
        return Replayed(after=_figures(job, came, made, _lost(job, came)))
    base = _made(kinds, job, came, job.base, folder / "before")
    before = _figures(job, came, base, {}, adapting=0)
    carried = _made(kinds, job, came, job.inverse, folder / "changed")
    if carried.refused:
        refused = f"The past input cannot be brought into the shape of what came: {carried.refused}"
        return Replayed(before=before, after=_figures(job, came, _nothing(refused), {}))
    made = _made(kinds, job, carried.rows, job.candidate, folder / "after")
    lost = _lost(job, carried.rows)
    if base.refused or made.refused:
        return Replayed(before=before, after=_figures(job, carried.rows, made, lost))
    if _same_bytes(base.rows, made.rows):
        # The same rows in the same parts are the same bytes: there is nothing to pair, and nothing to measure twice.
        after = _figures(job, carried.rows, made, lost, before.columns)
        return Replayed(before=before, after=after, difference=_same(base.rows, job.keys))
    return _compared(job, base, made, before, _figures(job, carried.rows, made, lost))


def _made(kinds: Mapping[str, StepKind[Any]], job: ReplayJob, came: _Rows, module: JobModule, folder: Path) -> _Made:
    folder.mkdir()
    wanted = ApplyJob(
        inputs=came.paths,
        table_schema=came.schema,
        modules=(module,),
        output=str(folder),
        part_rows=job.part_rows,
        keys=job.secrets,
    )
    try:
        done = runner.apply(wanted, kinds)
    except TransformError as error:
        if error.type not in _REFUSALS:
            raise
        return _nothing(error.message)
    return _Made(_Rows(tuple(str(folder / name) for name in done.parts), done.table_schema, done.rows), done)


def _nothing(refused: str) -> _Made:
    none = Schema(columns=())
    return _Made(_Rows((), none, 0), Applied(parts=(), rows=0, table_schema=none, books=()), refused)


def _lost(job: ReplayJob, came: _Rows) -> dict[str, int] | str:
    """Input column → values that what adapts has lost, or why it cannot be run."""
    try:
        return lost_values(came.paths, came.schema, job.prelude, Path(job.output))
    except TransformError as error:
        if error.type not in _REFUSALS:
            raise
        return error.message


def _figures(
    job: ReplayJob,
    came: _Rows,
    made: _Made,
    lost: dict[str, int] | str,
    columns: Sequence[ColumnFigures] | None = None,
    *,
    adapting: int | None = None,
) -> OutputFigures:
    adapting = len(job.prelude.recipe.steps) if adapting is None else adapting
    paths, schema, rows = made.rows.paths, made.rows.schema, made.rows.rows
    return OutputFigures(
        input=job.dataset,
        at=job.at,
        share=job.share,
        refused=made.refused or (lost if isinstance(lost, str) else ""),
        output_schema=schema,
        rows_in=came.rows,
        rows_out=rows,
        unaccounted=0 if made.refused else _unaccounted(came, made, adapting),
        quarantined=made.done.quarantined,
        failed_checks=tuple(
            f"{outcome.side}: {outcome.check.kind} {', '.join(outcome.check.named)}: {outcome.failed} rows"
            for outcome in made.done.checks
            if outcome.failed
        ),
        repeated_keys=repeated_keys(paths, schema, job.keys),
        lost_values={} if isinstance(lost, str) else lost,
        columns=tuple(column_figures(paths, schema, rows) if columns is None else columns),
    )


def _unaccounted(came: _Rows, made: _Made, adapting: int) -> int:
    """Rows that no book names, and those that the steps which adapt left out or made."""
    books = made.done.books
    added = sum(book.added for book in books)
    gone = sum(book.filtered + book.deduplicated + book.quarantined + book.combined for book in books)
    first = [book for book in books if 0 <= book.step < adapting]
    strayed = sum(book.filtered + book.deduplicated + book.combined + book.added for book in first)
    return abs(came.rows + added - gone - made.rows.rows) + strayed


def _same_bytes(left: _Rows, right: _Rows) -> bool:
    return (
        left.schema.fingerprint == right.schema.fingerprint
        and len(left.paths) == len(right.paths)
        and all(filecmp.cmp(one, other, shallow=False) for one, other in zip(left.paths, right.paths, strict=True))
    )


def _same(rows: _Rows, keys: Sequence[str]) -> DataDifference:
    return DataDifference(
        left_rows=rows.rows,
        right_rows=rows.rows,
        keys=tuple(keys),
        keys_from="given" if keys else "none",
        equal=rows.rows,
        only_left=0,
        only_right=0,
        changed=0,
        columns=tuple(
            ColumnDifference(
                column=column.name,
                left_type=column.type,
                right_type=column.type,
                compared="key" if column.name in keys else "value",
                changed=0,
            )
            for column in rows.schema.columns
        ),
    )


def _compared(job: ReplayJob, base: _Made, made: _Made, before: OutputFigures, after: OutputFigures) -> Replayed:
    folder = Path(job.output)
    left, right = (
        Stored([Path(path) for path in side.paths], side.schema, side.rows) for side in (base.rows, made.rows)
    )
    both = all(left.schema.column(key) is not None and right.schema.column(key) is not None for key in job.keys)
    found, written = differ(left, right, folder, keys=job.keys if job.keys and both else None)
    counted = counted_schema(pairs(left.schema, right.schema))
    return Replayed(
        before=before,
        after=after,
        difference=found,
        only_left=_first(written.only_left, left.schema if found.keys else counted),
        only_right=_first(written.only_right, right.schema if found.keys else counted),
        changed=_first(written.changed, written.changed_schema),
    )


def _first(path: Path | None, schema: Schema) -> Part | None:
    """The first rows that differ: enough to see what it is about."""
    if path is None:
        return None
    shown = path.with_name(f"first-{path.name}")
    pl.scan_parquet(path, glob=False).head(SHOWN_ROWS).sink_parquet(shown, compression="zstd", engine="streaming")
    return Part(file=shown.name, table_schema=schema)
