"""Expressions and recipes run in this process, for tests of what they mean."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe, Steps
from services.transform.dtypes import DTYPES, frame_schema
from services.transform.expressions.analysis import analyse
from services.transform.expressions.lowering import lower
from services.transform.expressions.refusal import Witness
from services.transform.jobs import Applied, ApplyJob, JobModule
from services.transform.runner import apply
from services.transform.table import Table


def schema(**columns: str) -> Schema:
    """A schema by names and types; a `!` after the type says never null."""
    return Schema(
        columns=tuple(
            Column(name=name, type=LogicalType(kind.rstrip("!")), nullable=not kind.endswith("!"))
            for name, kind in columns.items()
        )
    )


def frame(table: Schema, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Rows as the engine holds them."""
    return pl.DataFrame(
        {
            column.name: pl.Series([row[at] for row in rows], dtype=DTYPES[column.type])
            for at, column in enumerate(table.columns)
        },
        schema=frame_schema(table),
    )


def evaluate(text: str, table: Schema, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The values of an expression, row by row, after checks of type and nullability that hold for all of them."""
    root = analyse(text, table)
    inside = Table.over(frame(table, rows).lazy(), table)
    witness = Witness()
    value = lower(root, inside.inner, "/x", witness)
    with witness.heard():
        found = inside.lazy.with_columns(value.alias("result")).collect(engine="streaming")["result"]
    assert found.dtype == (pl.Null() if root.type is None else DTYPES[root.type])
    assert root.nullable or not found.null_count(), f"{text} gave a null that its type does not tell of"
    return found.to_list()


def job(
    folder: Path, table: Schema, parts: Sequence[Sequence[Sequence[Any]]], steps: Sequence[dict[str, Any]]
) -> ApplyJob:
    """A job over these rows, in so many parts."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, rows in enumerate(parts):
        path = folder / f"in-{number}.parquet"
        frame(table, rows).write_parquet(path)
        paths.append(str(path))
    output = folder / "out"
    output.mkdir()
    recipe = Recipe(steps=Steps.validate_python(list(steps)))
    return ApplyJob(
        inputs=tuple(paths), table_schema=table, modules=(JobModule(name="", recipe=recipe),), output=str(output)
    )


def read(work: ApplyJob, files: Sequence[str], table: Schema) -> list[tuple[Any, ...]]:
    """The rows of a job's files, in order."""
    frames = [pl.read_parquet(Path(work.output) / name) for name in files]
    return [row for one in frames for row in one.rows()] if frames else frame(table, []).rows()


def run(
    table: Schema, rows: Sequence[Sequence[Any]], *steps: dict[str, Any], parts: int = 1
) -> tuple[Applied, list[tuple[Any, ...]]]:
    """Apply steps to rows; the answer, and the rows that came out."""
    size = max(1, -(-len(rows) // parts))
    pieces = [rows[start : start + size] for start in range(0, max(1, len(rows)), size)]
    with tempfile.TemporaryDirectory() as name:
        work = job(Path(name), table, pieces, steps)
        done = apply(work)
        found = read(work, done.parts, done.table_schema)
    assert len(found) == done.rows
    return done, found
