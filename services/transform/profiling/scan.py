"""The rows of a table on their way through, in pieces that fit into memory however wide or long it is."""

from collections.abc import Iterator, Sequence

import polars as pl

from contracts.data import Schema
from services.transform.dtypes import frame_schema
from services.transform.errors import DatasetUnreadable

_CELLS = 2_000_000
_BYTES = 64 << 20
_BATCH_CELLS = 2_000_000
_BATCH_ROWS = 131_072


def column_name(at: int) -> str:
    """What a column is called inside: the engine would read some people's names as patterns."""
    return f"c{at}"


def pieces(paths: Sequence[str], schema: Schema) -> Iterator[pl.DataFrame]:
    """All rows, once; raises DatasetUnreadable where the files do not hold the columns of the schema."""
    columns = max(1, len(schema.columns))
    try:
        yield from _pooled(_batches(paths, schema, columns), columns)
    except (pl.exceptions.PolarsError, OSError):
        raise DatasetUnreadable("The dataset's files cannot be read.") from None


def _batches(paths: Sequence[str], schema: Schema, columns: int) -> Iterator[pl.DataFrame]:
    """One file after the other: of all at once the engine would read ahead in each."""
    wanted = list(frame_schema(schema).items())
    rows = max(1_024, min(_BATCH_ROWS, _BATCH_CELLS // columns))
    for path in paths:
        source = pl.scan_parquet(path, glob=False, hive_partitioning=False, cache=False)
        if list(source.collect_schema().items()) != wanted:
            raise DatasetUnreadable("The dataset's files do not hold the columns that its schema names.")
        named = source.select(pl.nth(at).alias(column_name(at)) for at in range(len(schema.columns)))
        yield from named.collect_batches(chunk_size=rows, maintain_order=True, engine="streaming")


def _pooled(batches: Iterator[pl.DataFrame], columns: int) -> Iterator[pl.DataFrame]:
    pool: list[pl.DataFrame] = []
    rows = size = 0
    for batch in batches:
        pool.append(batch)
        rows += batch.height
        size += int(batch.estimated_size())
        if rows * columns >= _CELLS or size >= _BYTES:
            yield pl.concat(pool, rechunk=False)
            pool, rows, size = [], 0, 0
    if rows:
        yield pl.concat(pool, rechunk=False)
