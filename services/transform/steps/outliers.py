"""Find numbers far from the others in their column; drop their rows, cut them to the bound, flag or empty them."""

import sys

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType, Schema
from contracts.recipe import Outliers
from services.transform.conversions import convert
from services.transform.steps.exact import Scale, float_mean, scales, unit_of
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind, column_of, listed, with_columns
from services.transform.table import Table

_FAR = {"iqr": 1.5, "zscore": 3.0}
_MOST = sys.float_info.max


class OutliersKind(StepKind[Outliers]):
    """outliers"""

    whole = True

    def removes(self, step: Outliers) -> Removal | None:
        return "filtered" if step.action == "drop" else None

    def output_schema(self, schema: Schema, step: Outliers, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        for at, name in enumerate(step.columns):
            if schema.column(name) is not None:
                report.typed(schema, name, f"/columns/{at}", NUMBERS, "have outliers")
            if step.action == "flag":
                report.new_column(schema, f"{name}_outlier", f"/columns/{at}")
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: Outliers) -> set[str]:
        return set(step.columns)

    def sources(self, schema: Schema, step: Outliers) -> Sources:
        return {f"{name}_outlier": {name} for name in step.columns} if step.action == "flag" else {}

    def decides(self, schema: Schema, step: Outliers) -> set[str]:
        return set(step.columns) if step.action == "drop" else set()

    def english(self, step: Outliers, schema: Schema) -> str:
        far = step.factor or _FAR[step.method]
        ranges = "quartile ranges beyond the quartiles" if step.method == "iqr" else "standard deviations off the mean"
        where = f"{listed(step.columns)} {'is' if len(step.columns) == 1 else 'are'} more than {far:g} {ranges}"
        return {
            "drop": f"Remove the rows where {where}",
            "clip": f"Cut to the bound where {where}",
            "flag": f"Flag where {where}",
            "null": f"Empty where {where}",
        }[step.action]

    def plan(self, table: Table, step: Outliers, site: Site) -> Table:
        numbers = {name: table.fresh() for name in step.columns}
        lazy = table.lazy.with_columns(
            (_float(table, name) / unit_of(_float(table, name))).alias(inner) for name, inner in numbers.items()
        )
        known = scales(lazy, list(numbers.values()), site) if step.method == "zscore" else {}
        bounds = {name: _bounds(pl.col(inner), step, known.get(inner, Scale())) for name, inner in numbers.items()}
        low, high = {name: table.fresh() for name in numbers}, {name: table.fresh() for name in numbers}
        lazy = lazy.with_columns(
            *(bounds[name][0].alias(low[name]) for name in numbers),
            *(bounds[name][1].alias(high[name]) for name in numbers),
        )
        outside = {
            name: (
                ((pl.col(inner) < pl.col(low[name])) | (pl.col(inner) > pl.col(high[name])))
                & pl.col(inner).is_not_nan()
            ).fill_null(False)
            for name, inner in numbers.items()
        }
        inside = table.then(lazy)
        if step.action == "drop":
            done = inside.then(lazy.filter(~pl.any_horizontal(*outside.values())))
        elif step.action == "flag":
            done = inside.setting(
                [(column, outside[name]) for name, column in zip(numbers, _after(table.schema, step), strict=True)]
            )
        else:
            done = inside.setting(
                [
                    (
                        column,
                        pl.when(outside[column.name])
                        .then(_put(inside, column, low[column.name], high[column.name], step))
                        .otherwise(inside.column(column.name)),
                    )
                    for column in _after(table.schema, step)
                ]
            )
        return done.then(done.lazy.select([*done.hidden, *done.inner.values()]))


def _float(table: Table, name: str) -> pl.Expr:
    return table.column(name).cast(pl.Float64)


def _bounds(value: pl.Expr, step: Outliers, scale: Scale) -> tuple[pl.Expr, pl.Expr]:
    """The last values inside, in the column's unit. They are numbers: infinity is beyond."""
    low, high = _fences(value, step, scale)
    return low.clip(lower_bound=-_MOST), high.clip(upper_bound=_MOST)


def _fences(value: pl.Expr, step: Outliers, scale: Scale) -> tuple[pl.Expr, pl.Expr]:
    finite, far = pl.when(value.is_finite()).then(value), step.factor or _FAR[step.method]
    if step.method == "iqr":
        first = finite.quantile(0.25, interpolation="linear")
        third = finite.quantile(0.75, interpolation="linear")
        return first - (third - first) * far, third + (third - first) * far
    mean = float_mean(finite, scale)
    # Sorted, so that it is the same however the rows are shared among threads.
    deviation = finite.drop_nulls().implode().list.sort().list.std(ddof=1).first()
    # Where all values are one, the mean may still miss it by its last digit, and none is far from the others.
    one = (finite.min() == finite.max()) & (finite.count() > 1)
    low, high = mean - deviation * far, mean + deviation * far
    return pl.when(one).then(finite.min()).otherwise(low), pl.when(one).then(finite.max()).otherwise(high)


def _put(table: Table, column: Column, low: str, high: str, step: Outliers) -> pl.Expr:
    if step.action == "null":
        return pl.lit(None, dtype=pl.Null())
    unit = unit_of(_float(table, column.name))
    lower, upper = (pl.col(low) * unit).clip(lower_bound=-_MOST), (pl.col(high) * unit).clip(upper_bound=_MOST)
    # A whole number is cut to the last one inside.
    if column.type is LogicalType.INTEGER:
        lower, upper = lower.ceil(), upper.floor()
    bound = pl.when(_float(table, column.name) / unit < pl.col(low)).then(lower).otherwise(upper)
    rounded = bound.round(9) if column.type is LogicalType.DECIMAL else bound
    return convert(rounded, LogicalType.FLOAT, column.type)


def _after(schema: Schema, step: Outliers) -> list[Column]:
    found = [column_of(schema, name) for name in step.columns]
    if step.action == "flag":
        return [Column(name=f"{column.name}_outlier", type=LogicalType.BOOLEAN, nullable=False) for column in found]
    emptied = step.action == "null"
    return [column.model_copy(update={"nullable": column.nullable or emptied}) for column in found]
