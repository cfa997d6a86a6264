"""Values read as another type: what does not fit fails the run, becomes null, or sends its row to quarantine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from contracts.data import Column, LogicalType, Schema
from services.transform.conversions import to_text
from services.transform.expressions.refusal import Refusal
from services.transform.steps.kind import Site, column_of, escape, with_columns
from services.transform.table import ROW, Table

MAX_RAW = 10_000


@dataclass(frozen=True)
class Reading:
    """How the values of one column become another type: null where they do not fit."""

    column: str
    target: LogicalType
    compute: Callable[[pl.Expr], pl.Expr]
    misfit: str  # what a value is that does not fit: "not an integer"
    fallible: bool = True
    place: str = ""  # in the step
    blank_is_null: bool = False  # whether a text of white space alone is a null, and none that does not fit

    def operand(self, value: pl.Expr) -> pl.Expr:
        """The value as it is read."""
        return pl.when(value.str.contains(r"\S")).then(value) if self.blank_is_null else value


def read_schema(schema: Schema, readings: Sequence[Reading], on_failure: str) -> Schema:
    """The columns behind the readings."""
    changed = []
    for reading in readings:
        column = schema.column(reading.column)
        if column is not None:
            emptied = (reading.fallible and on_failure == "null") or reading.blank_is_null
            changed.append(Column(name=column.name, type=reading.target, nullable=column.nullable or emptied))
    return with_columns(schema, changed)


def read(table: Table, readings: Sequence[Reading], on_failure: str, site: Site) -> Table:
    """The table behind the readings."""
    if on_failure == "quarantine":
        return _quarantining(table, readings, site)
    after = read_schema(table.schema, readings, on_failure)
    values = []
    for reading in readings:
        value = reading.operand(table.column(reading.column))
        if on_failure == "fail" and reading.fallible:
            place = reading.place or f"/columns/{escape(reading.column)}"
            source = column_of(table.schema, reading.column).type
            value = Refusal(site.pointer + place, site.witness).checked(
                [value], [source], reading.target, reading.compute, f"{{}} is {reading.misfit}"
            )
        else:
            value = reading.compute(value)
        values.append((column_of(after, reading.column), value))
    read_table = table.setting(values)
    fallible = on_failure == "fail" and any(reading.fallible for reading in readings)
    return barred(read_table) if fallible else read_table


def barred(table: Table) -> Table:
    """The table behind a line that no later step is moved across.

    A value that a step refuses is refused even where a later filter would have removed its row: without this barrier
    the engine filters first.
    """
    lazy = table.lazy.select(list(table.frame_schema))
    return table.then(lazy.map_batches(_same, schema=table.frame_schema, streamable=True))


def _same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


def _quarantining(table: Table, readings: Sequence[Reading], site: Site) -> Table:
    """Rows with a value that does not fit leave here, each with its number, the first such column, and all it held."""
    out = table.then(table.lazy, read_schema(table.schema, readings, "quarantine"))
    inner = [table.inner[reading.column] for reading in readings]
    texts = [
        to_text(table.column(column.name), column.type).alias(table.inner[column.name])
        if column.type is not LogicalType.BINARY
        else table.column(column.name).bin.encode("base64")
        for column in table.schema.columns
    ]

    def split(rows: pl.DataFrame) -> pl.DataFrame:
        asked = rows.with_columns(
            reading.operand(pl.col(name)).alias(name) for name, reading in zip(inner, readings, strict=True)
        )
        converted = asked.with_columns(
            reading.compute(pl.col(name)).alias(name) for name, reading in zip(inner, readings, strict=True)
        ).select(list(out.frame_schema))
        misfits = [converted[name].is_null() & asked[name].is_not_null() for name in inner]
        refused = pl.Series([False] * rows.height, dtype=pl.Boolean)
        for misfit in misfits:
            refused = refused | misfit
        if not refused.any():
            return converted
        held = rows.filter(refused)
        first = pl.DataFrame([misfit.alias(f"{at}") for at, misfit in enumerate(misfits)]).filter(refused)
        site.run.set_aside(_described(held.select(ROW, *texts), first, table, readings))
        return converted.filter(~refused)

    before = table.lazy.select(list(table.frame_schema))
    return out.then(before.map_batches(split, schema=out.frame_schema, streamable=True))


def _described(held: pl.DataFrame, misfits: pl.DataFrame, table: Table, readings: Sequence[Reading]) -> pl.DataFrame:
    """One line for each row that is held: its number, and what of it does not fit first."""
    column = pl.lit(None, dtype=pl.String())
    value, reason = column, column
    for at, reading in reversed(list(enumerate(readings))):
        hit = misfits.to_series(at)
        column = pl.when(hit).then(pl.lit(reading.column)).otherwise(column)
        value = pl.when(hit).then(table.column(reading.column)).otherwise(value)
        reason = pl.when(hit).then(pl.lit(reading.misfit)).otherwise(reason)
    record = held.select(pl.col(inner).alias(name) for name, inner in table.inner.items())
    raw = record.to_struct("raw").struct.json_encode()
    return held.select(
        row=pl.col(ROW).cast(pl.Int64),
        reason=reason,
        column=column,
        value=value,
        raw=pl.when(raw.str.len_chars() > MAX_RAW).then(raw.str.slice(0, MAX_RAW) + "…").otherwise(raw),
    )
