"""Change column types. A value that does not fit fails the run, becomes null, or sends its row to quarantine."""

from typing import Any

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Cast
from services.transform.conversions import convert, to_text
from services.transform.convertible import can_convert, can_fail
from services.transform.expressions.refusal import Refusal
from services.transform.expressions.tree import named
from services.transform.steps.derive import barred
from services.transform.steps.kind import Removal, Report, Site, StepKind, escape
from services.transform.table import ROW, Table

MAX_RAW = 10_000


class CastKind(StepKind[Cast]):
    """cast"""

    def removes(self, step: Cast) -> Removal | None:
        return "quarantined" if step.on_failure == "quarantine" else None

    def output_schema(self, schema: Schema, step: Cast, report: Report) -> Schema:
        for name, type in step.columns.items():
            place = f"/columns/{escape(name)}"
            column = report.column(schema, name, place)
            if column is not None and not can_convert(column.type, type):
                message = f"There is no way from {named(column.type)} to {named(type)}."
                report.add(place, "cannot_convert", message)
        return _cast(schema, step)

    def mentions(self, schema: Schema, step: Cast) -> set[str]:
        return set(step.columns)

    def plan(self, table: Table, step: Cast, site: Site) -> Table:
        if step.on_failure == "quarantine":
            return _quarantining(table, step, site)
        schema = _cast(table.schema, step)
        converted, fallible = [], False
        for name, target in step.columns.items():
            source = _type(table.schema, name)
            value = table.column(name)
            if step.on_failure == "fail" and can_fail(source, target):
                pointer = f"{site.pointer}/columns/{escape(name)}"
                converted.append(
                    Refusal(pointer, site.witness).converted(value, source, target).alias(table.inner[name])
                )
                fallible = True
            else:
                converted.append(convert(value, source, target).alias(table.inner[name]))
        after = table.then(table.lazy.with_columns(converted), schema)
        return barred(after) if fallible else after


def _cast(schema: Schema, step: Cast) -> Schema:
    return Schema(columns=tuple(_cast_column(column, step) for column in schema.columns))


def _cast_column(column: Column, step: Cast) -> Column:
    target = step.columns.get(column.name)
    if target is None:
        return column
    emptied = step.on_failure == "null" and can_fail(column.type, target)
    return Column(name=column.name, type=target, nullable=column.nullable or emptied)


def _type(schema: Schema, name: str) -> LogicalType:
    column = schema.column(name)
    if column is None:
        raise KeyError(name)
    return column.type


def _quarantining(table: Table, step: Cast, site: Site) -> Table:
    """Rows with a value that does not fit leave here, each with its number, the first such column, and all it held."""
    schema = _cast(table.schema, step)
    out = table.then(table.lazy, schema)
    casts = {name: (table.inner[name], _type(table.schema, name), target) for name, target in step.columns.items()}
    texts = [
        to_text(table.column(column.name), column.type).alias(table.inner[column.name])
        if column.type is not LogicalType.BINARY
        else table.column(column.name).bin.encode("base64")
        for column in table.schema.columns
    ]

    def split(rows: pl.DataFrame) -> pl.DataFrame:
        converted = rows.with_columns(
            convert(pl.col(inner), source, target).alias(inner) for inner, source, target in casts.values()
        ).select(list(out.frame_schema))
        misfits = {
            name: converted[inner].is_null() & rows[inner].is_not_null() for name, (inner, _, _) in casts.items()
        }
        refused = pl.Series([False] * rows.height, dtype=pl.Boolean)
        for misfit in misfits.values():
            refused = refused | misfit
        if not refused.any():
            return converted
        held = rows.filter(refused)
        first = pl.DataFrame([misfit.alias(f"{at}") for at, misfit in enumerate(misfits.values())]).filter(refused)
        site.set_aside(_described(held.select(ROW, *texts), first, table, casts))
        return converted.filter(~refused)

    before = table.lazy.select(list(table.frame_schema))
    return out.then(before.map_batches(split, schema=out.frame_schema, streamable=True))


def _described(
    held: pl.DataFrame, misfits: pl.DataFrame, table: Table, casts: dict[str, tuple[str, LogicalType, LogicalType]]
) -> pl.DataFrame:
    """One line for each row that is held: its number, and what of it does not fit first."""
    column = pl.lit(None, dtype=pl.String())
    value, reason = column, column
    for at, (name, (inner, _, target)) in reversed(list(enumerate(casts.items()))):
        hit = misfits.to_series(at)
        column = pl.when(hit).then(pl.lit(name)).otherwise(column)
        value = pl.when(hit).then(pl.col(inner)).otherwise(value)
        reason = pl.when(hit).then(pl.lit(f"not {named(target)}")).otherwise(reason)
    record = held.select(pl.col(inner).alias(name) for name, inner in table.inner.items())
    raw = record.to_struct("raw").struct.json_encode()
    return held.select(
        row=pl.col(ROW).cast(pl.Int64),
        reason=reason,
        column=column,
        value=value,
        raw=pl.when(raw.str.len_chars() > MAX_RAW).then(raw.str.slice(0, MAX_RAW) + "…").otherwise(raw),
    )


QUARANTINE: dict[str, Any] = {
    "row": pl.Int64(),
    "reason": pl.String(),
    "column": pl.String(),
    "value": pl.String(),
    "raw": pl.String(),
}
