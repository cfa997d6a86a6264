"""Rows of a Parquet file from a place on, decoding no more than what comes before them in their row group."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def rows_of(file: pq.ParquetFile, offset: int, limit: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Up to `limit` rows from row `offset` on."""
    wanted = None if columns is None else list(columns)
    found: list[pa.RecordBatch] = []
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if offset >= rows:
            offset -= rows
            continue
        # The batch ends where the page ends: what lies behind it in the group is not decoded.
        size = min(rows, offset + limit)
        for batch in file.iter_batches(batch_size=size, row_groups=[number], columns=wanted):
            piece = batch.slice(offset, limit)
            offset = max(0, offset - batch.num_rows)
            found.append(piece)
            limit -= piece.num_rows
            if offset == 0 and limit <= 0:
                break
        if limit <= 0:
            break
    table = pa.Table.from_batches(found, file.schema_arrow if wanted is None else None) if found else None
    if table is None:
        return file.schema_arrow.empty_table() if wanted is None else file.schema_arrow.empty_table().select(wanted)
    return table if wanted is None else table.select(wanted)
