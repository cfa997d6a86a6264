"""The first rows that match an expression, in a child: reading ends where enough were found."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from contracts.data import LogicalType, Schema
from services.transform.dtypes import frame_schema
from services.transform.errors import DatasetUnreadable, RecipeInvalid, engine_said
from services.transform.expressions.analysis import analyse
from services.transform.expressions.lowering import lower
from services.transform.expressions.refusal import Witness
from services.transform.expressions.tree import named
from services.transform.jobs import Sampled, SampleJob
from services.transform.steps.kind import Report
from services.transform.table import Table

POINTER = "/query/where"
_FEW = 16  # rows that are fetched one by one
_GROUP = 8  # parts that are looked through at once when little was found in the one before
_FIRST = 65_536  # rows of the first part that are looked through before all others: mostly they are enough


def sample(job: SampleJob) -> Sampled:
    """Write the rows that match, from `offset` on; raises TransformError."""
    report = Report("")
    root = report.expression(job.table_schema, job.where, POINTER)
    if root is not None and root.type not in (LogicalType.BOOLEAN, None):
        report.add(POINTER, "wrong_type", f"A filter must be true or false, and this is {named(root.type)}.")
    if report.problems:
        raise RecipeInvalid(report.problems)
    found: list[pl.DataFrame] = []
    wanted = job.offset + job.limit
    have = 0
    for paths, offset, length in _pieces(job.inputs):
        piece = _matching(paths, offset, length, job.table_schema, job.where, wanted - have)
        found.append(piece)
        have += piece.height
        if have >= wanted:
            break
    rows = pl.concat(found) if found else pl.DataFrame(schema=frame_schema(job.table_schema))
    path = Path(job.output) / "sample.parquet"
    rows.slice(job.offset, job.limit).write_parquet(path)
    return Sampled(part=path.name, matches=have if have < wanted else None)


def _pieces(inputs: Sequence[str]) -> Iterator[tuple[list[str], int, int | None]]:
    """The table in growing pieces: parts, the first row that is looked at, and how many."""
    if not inputs:
        return
    first, rest = list(inputs[:1]), list(inputs[1:])
    yield first, 0, _FIRST
    yield first, _FIRST, None
    size = 1
    while rest:
        yield rest[:size], 0, None
        rest, size = rest[size:], min(_GROUP, size * 2)


def _matching(
    paths: list[str], offset: int, length: int | None, schema: Schema, where: str, limit: int
) -> pl.DataFrame:
    sources = [_source(path, schema) for path in paths]
    if (offset, length) != (0, None):
        return _found([sources[0].slice(offset, length)], schema, where, limit)
    # Where few rows match, most of the work would be to fetch columns of rows that do not: at first nothing is read
    # but the columns that decide.
    places = _places(paths, schema, where, limit)
    matching = [(source, rows) for source, rows in zip(sources, places, strict=True) if rows]
    if sum(len(rows) for _, rows in matching) > _FEW:
        return _found([source for source, _ in matching], schema, where, limit)
    rows = pl.collect_all([source.slice(at, 1) for source, rows in matching for at in rows], engine="streaming")
    return pl.concat(rows).head(limit) if rows else pl.DataFrame(schema=frame_schema(schema))


def _places(paths: list[str], schema: Schema, where: str, limit: int) -> list[list[int]]:
    """The numbers of the first rows of each file that match."""
    number = "row"
    while number in schema.names:
        number += "_"
    witness, plans = Witness(), []
    for path in paths:
        source = pl.scan_parquet(path, glob=False, hive_partitioning=False, cache=False, row_index_name=number)
        inner = {name: f"c{at}" for at, name in enumerate(schema.names)}
        named = source.select(number, *(pl.nth(at + 1).alias(name) for at, name in enumerate(inner.values())))
        matching = lower(analyse(where, schema), inner, POINTER, witness)
        plans.append(named.filter(matching).head(limit).select(number))
    with witness.heard():
        try:
            return [rows.to_series().to_list() for rows in pl.collect_all(plans, engine="streaming")]
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error


def _source(path: str, schema: Schema) -> pl.LazyFrame:
    source = pl.scan_parquet(path, glob=False, hive_partitioning=False, cache=False)
    try:
        found = source.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        raise DatasetUnreadable("The dataset's files cannot be read.") from None
    if list(found.items()) != list(frame_schema(schema).items()):
        raise DatasetUnreadable("The dataset's files do not hold the columns that its schema names.")
    return source


def _found(sources: list[pl.LazyFrame], schema: Schema, where: str, limit: int) -> pl.DataFrame:
    table = Table.over(pl.concat(sources), schema)
    witness = Witness()
    matching = lower(analyse(where, schema), table.inner, POINTER, witness)
    with witness.heard():
        try:
            return table.then(table.lazy.filter(matching).head(limit)).finished().collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error
