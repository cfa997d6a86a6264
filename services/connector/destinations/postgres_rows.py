"""Parquet parts as the text that COPY takes, in pieces of flat size."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from services.connector.formats.csv_export import written
from services.connector.progress import Progress

_BATCH_ROWS = 32_768


def copy_text(parts: Sequence[Path], columns: tuple[str, ...], start: int, progress: Progress) -> Iterator[bytes]:
    """The rows of the parts with a running number behind them, from `start`.

    Null is an empty field and an empty text is a quoted one, which is how COPY tells them apart. With the number
    there are always two fields, so no line can be the `\\.` that ends a copy.
    """
    import polars as pl

    for path in parts:
        with pq.ParquetFile(path, memory_map=False) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
                frame = pl.DataFrame(pl.from_arrow(batch))
                # The number's name goes nowhere: COPY is told the columns by position.
                numbers = pl.int_range(start, start + frame.height, eager=True).alias("\x00ordinal")
                numbered = pl.DataFrame([*(written(frame.get_column(name)) for name in columns), numbers])
                start += frame.height
                yield numbered.write_csv(None, include_header=False, quote_style="necessary").encode()
                progress.add(rows=frame.height)
        progress.add(bytes=path.stat().st_size)
