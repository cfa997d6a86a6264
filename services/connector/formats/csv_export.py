"""Writes a Parquet file as CSV in flat memory: nulls are empty fields, empty texts are quoted, bytes hexadecimal."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    import polars as pl

_BATCH_ROWS = 32_768


def export_csv(source: Path, target: Path) -> None:
    """Write the rows with a header line, exactly as they are: this is for programs, not for spreadsheets."""
    import polars as pl

    with pq.ParquetFile(source, memory_map=False) as file, target.open("wb") as out:
        names = file.schema_arrow.names
        out.write(pl.DataFrame(schema=dict.fromkeys(names, pl.String)).write_csv(None).encode())
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
            frame = pl.DataFrame(pl.from_arrow(batch))
            text = pl.DataFrame([written(column) for column in frame.iter_columns()])
            out.write(text.write_csv(None, include_header=False, quote_style="necessary").encode())


def written(column: "pl.Series") -> "pl.Series":
    """A column in a form that CSV holds. Columns, not expressions: to those, a name like `*` means something else."""
    import polars as pl

    if column.dtype != pl.Binary:
        return column
    digits = pl.col("bytes").bin.encode("hex")
    return column.alias("bytes").to_frame().select(pl.concat_str(pl.lit("\\x"), digits)).to_series().alias(column.name)
