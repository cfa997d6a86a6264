"""The first rows that match an expression, in a child: reading ends where enough were found."""

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
_GROUP, _GROWTH = 8, 4  # parts that are looked through at once: at most, and times those before
_FIRST = 65_536  # rows of the first part that are looked through before all others: mostly they are enough


def sample(job: SampleJob) -> Sampled:
    """Write the rows that match, from `offset` on; raises TransformError."""
    report = Report("")
    root = report.expression(job.table_schema, job.where, POINTER)
    if root is not None and root.type not in (LogicalType.BOOLEAN, None):
        report.add(POINTER, "wrong_type", f"A filter must be true or false, and this is {named(root.type)}.")
    if report.problems:
        raise RecipeInvalid(report.problems)
    wanted = job.offset + job.limit
    found = _glance(job, wanted)
    have = sum(piece.height for piece in found)
    if have < wanted:
        # The first rows are looked at again with the rest of their part: to look twice costs less than to look apart.
        rest, size = list(job.inputs), 1 if have else _GROUP
        found, have = [], 0
        while rest and have < wanted:
            found.append(_matching(rest[:size], job.table_schema, job.where, wanted - have))
            have += found[-1].height
            rest, size = rest[size:], min(_GROUP, size * _GROWTH)
    rows = pl.concat(found) if found else pl.DataFrame(schema=frame_schema(job.table_schema))
    path = Path(job.output) / "sample.parquet"
    rows.slice(job.offset, job.limit).write_parquet(path)
    return Sampled(part=path.name, matches=have if have < wanted else None)


def _glance(job: SampleJob, limit: int) -> list[pl.DataFrame]:
    """What matches among the first rows."""
    sources = [_source(path, job.table_schema).head(_FIRST) for path in job.inputs[:1]]
    return [_found([source], job.table_schema, job.where, limit) for source in sources]


def _matching(paths: list[str], schema: Schema, where: str, limit: int) -> pl.DataFrame:
    sources = [_source(path, schema) for path in paths]
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
