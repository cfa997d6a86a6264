"""Add columns that look at other rows: ranks, neighbours, running and moving figures. Rows keep their order."""

from collections.abc import Mapping

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType, Schema
from contracts.recipe import Window, WindowColumn
from services.transform.steps.exact import Scale, float_mean, float_sum, floats_of, from_units, narrowed, scales
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, Sources, StepKind, column_of, listed, with_columns
from services.transform.steps.ordering import check_keys, in_order, sorting
from services.transform.table import Table

_RANKS = frozenset({"rank", "dense_rank", "percent_rank"})
_ORDERED = frozenset(LogicalType) - {LogicalType.BINARY}
_HALVINGS = 64  # after which no sum of floats is too large for one
_SUMMED = NUMBERS | {LogicalType.BOOLEAN}


class WindowKind(StepKind[Window]):
    """window"""

    whole = True

    def output_schema(self, schema: Schema, step: Window, report: Report) -> Schema:
        report.columns(schema, step.partition_by, "/partition_by")
        check_keys(schema, step.order_by, "/order_by", report)
        names: set[str] = set()
        for at, column in enumerate(step.columns):
            place = f"/columns/{at}"
            if column.column is not None:
                report.typed(schema, column.column, f"{place}/column", _takes(column), "be used so")
            if column.function in _RANKS and not step.order_by:
                report.add(f"{place}/function", "wrong_arguments", "A rank needs 'order_by'.")
            if column.name in names:
                report.add(f"{place}/name", "name_taken", f"There would be two columns named {column.name!r}.")
            names.add(column.name)
        if len(names - set(schema.names)) + len(schema.columns) > MAX_COLUMNS:
            report.add("/columns", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
        return schema if report.problems else with_columns(schema, [_new(schema, column) for column in step.columns])

    def mentions(self, schema: Schema, step: Window) -> set[str]:
        looked = {column.column for column in step.columns if column.column is not None}
        return looked | set(step.partition_by) | {key.column for key in step.order_by}

    def sources(self, schema: Schema, step: Window) -> Sources:
        around = {*step.partition_by, *(key.column for key in step.order_by)}
        return {one.name: around | ({one.column} if one.column is not None else set()) for one in step.columns}

    def english(self, step: Window, schema: Schema) -> str:
        columns = listed([_said(column) for column in step.columns])
        within = f" within {listed(step.partition_by)}" if step.partition_by else ""
        order = f", in the order of {in_order(step.order_by)}" if step.order_by else ""
        return f"Add {columns}{within}{order}"

    def plan(self, table: Table, step: Window, site: Site) -> Table:
        summed = [one.column for one in step.columns if one.column and one.function in ("sum", "mean", "max")]
        known = scales(table.lazy, floats_of(table, summed), site)
        number = table.fresh()
        lazy = table.lazy.with_row_index(number)
        parts = table.columns(step.partition_by)
        if step.order_by:
            lazy = sorting(lazy, table, step.order_by)
        placed = table.fresh()
        if any(column.function in _RANKS for column in step.columns):
            keys = [pl.col(name) for name in table.columns([key.column for key in step.order_by])]
            changed = pl.any_horizontal(key.ne_missing(key.shift(1)) for key in keys)
            begins = pl.int_range(pl.len()) == 0
            lazy = lazy.with_columns(_over(begins | changed, parts).alias(placed))
        values = []
        for at, column in enumerate(step.columns):
            value = _value(table, column, placed, known)
            value = _over(value, parts)
            new = _new(table.schema, column)
            if new.type is LogicalType.INTEGER and column.function in ("sum", "running_sum", "moving_sum"):
                value = narrowed(value, "The sum", f"{site.pointer}/columns/{at}", site.witness)
            values.append((new, value))
        done = table.then(lazy).setting(values)
        back = done.lazy.sort(number) if step.order_by else done.lazy
        return done.then(back.select([*done.hidden, *done.inner.values()]))


def _over(value: pl.Expr, parts: list[str]) -> pl.Expr:
    return value.over(parts) if parts else value


def _takes(column: WindowColumn) -> frozenset[LogicalType]:
    figure = column.function.rpartition("_")[2]
    if figure in ("sum", "mean"):
        return _SUMMED
    return (
        _ORDERED
        if column.function in ("min", "max")
        else NUMBERS
        if figure in ("min", "max")
        else frozenset(LogicalType)
    )


def _new(schema: Schema, column: WindowColumn) -> Column:
    figure = column.function.rpartition("_")[2]
    if column.function in ("row_number", "rank", "dense_rank") or figure == "count":
        return Column(name=column.name, type=LogicalType.INTEGER, nullable=False)
    if column.function == "percent_rank":
        return Column(name=column.name, type=LogicalType.FLOAT, nullable=False)
    source = column_of(schema, column.column or "")
    if figure == "mean":
        return Column(name=column.name, type=LogicalType.FLOAT)
    type = LogicalType.INTEGER if figure == "sum" and source.type is LogicalType.BOOLEAN else source.type
    return Column(name=column.name, type=type)


def _value(table: Table, column: WindowColumn, placed: str, known: Mapping[str, Scale]) -> pl.Expr:
    row = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    begins = pl.col(placed)
    if column.function == "row_number":
        return row
    if column.function in ("rank", "percent_rank"):
        rank = pl.when(begins).then(row).forward_fill()
        # As long as the rows: the engine divides by one number in another way, which differs in the last digit.
        others = (row * 0 + pl.len() - 1).cast(pl.Float64)
        return rank if column.function == "rank" else pl.when(others > 0).then((rank - 1) / others).otherwise(0.0)
    if column.function == "dense_rank":
        return begins.cast(pl.Int64).cum_sum()
    if column.column is None:
        return pl.len().cast(pl.Int64) if column.function == "count" else row
    value = table.column(column.column)
    type = column_of(table.schema, column.column).type
    scale = known.get(table.inner[column.column], Scale())
    if column.function in ("lag", "lead"):
        return value.shift(column.offset if column.function == "lag" else -column.offset)
    if column.function in ("first", "last"):
        return value.first() if column.function == "first" else value.last()
    way, _, figure = column.function.rpartition("_")
    if way == "moving":
        return _moving(value, type, figure, column.size or 1)
    return _running(value, type, figure) if way == "running" else _whole(value, type, figure, scale)


def _whole(value: pl.Expr, type: LogicalType, figure: str, scale: Scale) -> pl.Expr:
    count = pl.when(value.count() > 0).then(value.count())
    if figure == "count":
        return value.count().cast(pl.Int64)
    if figure == "sum":
        total = float_sum(value, scale) if type is LogicalType.FLOAT else _wide(value, type).sum()
        return pl.when(value.count() > 0).then(total)
    if figure == "mean":
        if type is LogicalType.FLOAT:
            return float_mean(value, scale)
        return _wide(value, type).sum().cast(pl.Float64) / count
    if figure == "max" and type is LogicalType.FLOAT and scale.special:
        return pl.when(value.is_nan().any()).then(float("nan")).otherwise(value.max())
    return value.min() if figure == "min" else value.max()


def _running(value: pl.Expr, type: LogicalType, figure: str) -> pl.Expr:
    """Up to this row; a null adds nothing."""
    count = value.is_not_null().cast(pl.Int64).cum_sum()
    there = pl.when(count > 0)
    if figure == "count":
        return count
    if figure in ("sum", "mean"):
        total = _wide(value, type).fill_null(0).cum_sum()
        if figure == "sum":
            return there.then(total)
        mean = total.cast(pl.Float64) / count
        if type is LogicalType.FLOAT:
            mean = _unless_too_large(mean, (value * 2.0**-_HALVINGS).fill_null(0).cum_sum() / count)
        return there.then(mean)
    if type is not LogicalType.FLOAT:
        return (value.cum_min() if figure == "min" else value.cum_max()).forward_fill()
    # NaN lies above all numbers, and the engine passes over it.
    number = pl.when(value.is_not_nan()).then(value)
    nan = pl.when(value.is_nan().fill_null(value=False).cast(pl.Int64).cum_sum() > 0).then(float("nan"))
    if figure == "min":
        return pl.coalesce(number.cum_min().forward_fill(), nan)
    return pl.coalesce(nan, number.cum_max().forward_fill())


def _moving(value: pl.Expr, type: LogicalType, figure: str, size: int) -> pl.Expr:
    """Over so many rows up to this one, over fewer at the start; nulls are passed over."""
    if figure in ("min", "max"):
        exact = type is LogicalType.DECIMAL  # the engine has no such window over decimals
        value = value.to_physical() if exact else value
        if figure == "max":
            moved = value.rolling_max(size, min_samples=1)
        elif type is LogicalType.FLOAT:
            # NaN lies above all numbers: it is the least value only where there is no other.
            number = pl.when(value.is_not_nan()).then(value).rolling_min(size, min_samples=1)
            moved = pl.coalesce(number, value.rolling_max(size, min_samples=1))
        else:
            moved = value.rolling_min(size, min_samples=1)
        return from_units(moved) if exact else moved
    if type is LogicalType.FLOAT:
        rolled = pl.Expr.rolling_sum if figure == "sum" else pl.Expr.rolling_mean
        smaller = rolled(value * 2.0**-_HALVINGS, size, min_samples=1)
        return _unless_too_large(rolled(value, size, min_samples=1), smaller)
    # Exact: the running sum here, less what it was so many rows before.
    count, total = value.is_not_null().cast(pl.Int64).cum_sum(), _wide(value, type).fill_null(0).cum_sum()
    present = count - count.shift(size).fill_null(0)
    moved = total - total.shift(size).fill_null(0)
    there = pl.when(present > 0)
    return there.then(moved) if figure == "sum" else there.then(moved.cast(pl.Float64) / present)


def _unless_too_large(found: pl.Expr, smaller: pl.Expr) -> pl.Expr:
    """What was found; where a sum on the way was no float, that of the smaller values, made large again."""
    return pl.when(found.is_finite()).then(found).otherwise(smaller * 2.0**_HALVINGS)


def _wide(value: pl.Expr, type: LogicalType) -> pl.Expr:
    return value.cast(pl.Int128) if type in (LogicalType.INTEGER, LogicalType.BOOLEAN) else value


def _said(column: WindowColumn) -> str:
    way, _, figure = column.function.rpartition("_")
    of = f" of {column.column}" if column.column is not None else ""
    if column.function in ("lag", "lead"):
        return (
            f"{column.column} {column.offset} rows {'before' if column.function == 'lag' else 'later'} as {column.name}"
        )
    if way == "moving":
        return f"the {figure}{of} over {column.size} rows as {column.name}"
    return f"the {column.function.replace('_', ' ')}{of} as {column.name}"
