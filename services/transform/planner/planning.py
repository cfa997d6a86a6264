"""What a child does for a planner: it looks at a table, reads an instruction, and tries the steps on the first rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.recipe import Recipe, Step
from services.chassis import rows
from services.transform import runner
from services.transform.check import stages
from services.transform.jobs import ApplyJob, Asked, JobModule, Looked, LookJob, PlanJob, Planned
from services.transform.planner.looking import look
from services.transform.planner.planner import RulesPlanner
from services.transform.planner.saying import english, touched_columns
from services.transform.planner.view import ColumnView, Question, TableView

TRIED_ROWS = 200_000  # on which a plan is tried; of longer tables, the first ones
SHOWN_ROWS = 5
SHOWN_VALUES = 12


def look_at(job: LookJob) -> Looked:
    """The table, with no more values than a planner is shown."""
    view = look(job.inputs, job.table_schema)
    columns = tuple(_shortened(column) for column in view.columns)
    return Looked(view=TableView(columns, view.rows))


def _shortened(column: ColumnView) -> ColumnView:
    return ColumnView(
        column.name,
        column.type,
        column.nulls,
        column.distinct,
        column.values[:SHOWN_VALUES],
        column.complete and column.distinct <= SHOWN_VALUES,
        column.least,
        column.greatest,
    )


def plan(job: PlanJob) -> Planned:
    """Steps that do what was asked, with what they would do, or a question; raises TransformError."""
    if job.instruction is None:
        view = TableView(tuple(ColumnView(one.name, one.type) for one in job.table_schema.columns), 0)
        stages(Recipe(steps=job.steps), job.table_schema)
        return _tried(job, job.steps, english(job.steps, view), touched_columns(job.steps, view), ())
    made = RulesPlanner().plan(job.instruction, look(job.inputs, job.table_schema))
    if isinstance(made, Question):
        return Planned(question=Asked(text=made.text, kind=made.kind, choices=made.choices[:50]))
    return _tried(job, made.steps, made.english, made.columns, made.notes)


def _tried(
    job: PlanJob, steps: Sequence[Step], said: tuple[str, ...], columns: tuple[str, ...], notes: tuple[str, ...]
) -> Planned:
    folder = Path(job.output)
    total, sources, tried = _first_rows(job.inputs, folder)
    done = runner.apply(
        ApplyJob(
            inputs=sources,
            table_schema=job.table_schema,
            modules=(JobModule(name="", recipe=Recipe(steps=tuple(steps))),),
            output=str(folder / "tried"),
            keys=job.keys,
        )
    )
    exact = tried == total
    return Planned(
        steps=tuple(steps),
        english=said,
        columns=columns,
        notes=notes,
        table_schema=done.table_schema,
        rows=done.rows if exact else round(done.rows * total / tried),
        exact=exact,
        before=_shown(sources),
        after=_shown([str(folder / "tried" / part) for part in done.parts]),
    )


def _first_rows(inputs: tuple[str, ...], folder: Path) -> tuple[int, tuple[str, ...], int]:
    """How many rows there are, the files to try on, and how many rows these hold."""
    (folder / "tried").mkdir()
    if not inputs:
        return 0, (), 0
    lazy = pl.scan_parquet(list(inputs), glob=False, hive_partitioning=False, cache=False)
    total = int(lazy.select(pl.len()).collect(engine="streaming").item())
    if total <= TRIED_ROWS:
        return total, inputs, total
    first = folder / "first.parquet"
    lazy.head(TRIED_ROWS).sink_parquet(first, maintain_order=True, engine="streaming")
    return total, (str(first),), TRIED_ROWS


def _shown(paths: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The first rows as JSON shows them."""
    found: list[dict[str, Any]] = []
    for path in paths:
        batch = next(pq.ParquetFile(path).iter_batches(batch_size=SHOWN_ROWS), None)
        if batch is not None:
            found += rows.shown(pa.Table.from_batches([batch]).slice(0, SHOWN_ROWS - len(found)))
        if len(found) >= SHOWN_ROWS:
            break
    return tuple(found)
