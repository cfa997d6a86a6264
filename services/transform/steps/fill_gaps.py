"""Add the rows that are missing in a series of dates or times; the series comes out in its order."""

import polars as pl

from contracts.data import NUMBERS, Column, Schema
from contracts.recipe import FillGaps
from services.transform.dtypes import DTYPES
from services.transform.steps.calendar import ENGINE, check_unit
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, listed
from services.transform.table import ROW, Table


class FillGapsKind(StepKind[FillGaps]):
    """fill_gaps"""

    whole = True
    adds = True

    def output_schema(self, schema: Schema, step: FillGaps, report: Report) -> Schema:
        check_unit(schema, step.column, step.unit, "/column", report)
        report.columns(schema, step.by, "/by")
        if step.column in step.by:
            report.add("/by", "repeated", f"The column {step.column!r} is the series itself.")
        return schema if report.problems else Schema(columns=tuple(_column(one, step) for one in schema.columns))

    def mentions(self, schema: Schema, step: FillGaps) -> set[str]:
        return {step.column, *step.by}

    def decides(self, schema: Schema, step: FillGaps) -> set[str]:
        return self.mentions(schema, step)

    def sources(self, schema: Schema, step: FillGaps) -> Sources:
        return {}

    def english(self, step: FillGaps, schema: Schema) -> str:
        every = step.unit if step.every == 1 else f"{step.every} {step.unit}s"
        by = f" for each {listed(step.by)}" if step.by else ""
        fill = {"null": "empty", "forward": "with the values before", "zero": "with zeros"}[step.fill]
        return f"Add the missing rows of {step.column}, one each {every}{by}, {fill}"

    def plan(self, table: Table, step: FillGaps, site: Site) -> Table:
        """The series of each group runs from its first to its last moment; what is there already stays, doubles too."""
        moment, by = table.inner[step.column], table.columns(step.by)
        number, added = table.fresh(), table.fresh()
        rows = table.lazy.with_row_index(number).with_columns(pl.lit(False).alias(added))
        dtype = DTYPES[column_of(table.schema, step.column).type]
        first, last = pl.col(moment).min().alias("first"), pl.col(moment).max().alias("last")
        known = rows.filter(pl.col(moment).is_not_null())
        ends = known.group_by(by, maintain_order=True).agg(first, last) if by else known.select(first, last)
        ranges = pl.date_ranges if dtype == pl.Date() else pl.datetime_ranges
        every = f"{step.every}{ENGINE[step.unit]}"
        wanted = (
            ends.filter(pl.col("first").is_not_null())
            .select(*by, ranges("first", "last", interval=every).alias(moment))
            .explode(moment)
            .with_columns(pl.col(moment).cast(dtype))
        )
        new = wanted.join(known, on=[*by, moment], how="anti", nulls_equal=True)
        others = [
            (_filling(column, step).alias(table.inner[column.name]))
            for column in table.schema.columns
            if column.name not in (step.column, *step.by)
        ]
        hidden = [pl.lit(None, dtype=pl.UInt32()).alias(ROW)] if table.carries_row else []
        new = new.with_columns(
            *others, *hidden, pl.lit(None, dtype=pl.UInt32()).alias(number), pl.lit(True).alias(added)
        )
        order = rows.collect_schema().names()
        # Groups in the order of their first row, each in the order of its moments, rows without one at the end.
        both = pl.concat([rows.select(order), new.select(order)])
        start = table.fresh()
        placed = pl.col(number).min().over(by) if by else pl.lit(0)
        sorted_rows = both.with_columns(placed.alias(start)).sort(
            [start, moment, number], nulls_last=True, maintain_order=True
        )
        done = table.then(sorted_rows, self.output_schema(table.schema, step, Report(site.pointer)))
        if step.fill == "forward":
            rest = [table.inner[one.name] for one in table.schema.columns if one.name not in (step.column, *step.by)]
            carried = [_carried(pl.col(name), pl.col(added), by).alias(name) for name in rest]
            done = done.then(done.lazy.with_columns(carried))
        return done.then(done.lazy.select([*done.hidden, *done.inner.values()]))


def _carried(value: pl.Expr, added: pl.Expr, by: list[str]) -> pl.Expr:
    """In new rows the value of the row before, be it null; the others keep theirs."""
    place = pl.when(~added).then(pl.int_range(pl.len())).forward_fill()
    found = value.gather(place)
    return found.over(by) if by else found


def _filling(column: Column, step: FillGaps) -> pl.Expr:
    dtype = DTYPES[column.type]
    return pl.lit(0).cast(dtype) if step.fill == "zero" and column.type in NUMBERS else pl.lit(None, dtype=dtype)


def _column(column: Column, step: FillGaps) -> Column:
    if column.name in (step.column, *step.by):
        return column
    filled = step.fill == "forward" or (step.fill == "zero" and column.type in NUMBERS)
    return column.model_copy(update={"nullable": column.nullable or not filled})
