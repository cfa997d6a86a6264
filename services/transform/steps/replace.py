"""Replace whole values of one column."""

from typing import Any

import polars as pl

from contracts.data import LogicalType, Schema
from contracts.recipe import Replace
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.kind import Report, Site, StepKind, shown, with_column
from services.transform.steps.scalars import value_for
from services.transform.table import Table


class ReplaceKind(StepKind[Replace]):
    """replace"""

    def output_schema(self, schema: Schema, step: Replace, report: Report) -> Schema:
        column = report.column(schema, step.column, "/column")
        if column is None:
            return schema
        seen: list[Any] = []
        for at, replacement in enumerate(step.values):
            for end, written in (("old", replacement.old), ("new", replacement.new)):
                try:
                    value = value_for(written, column.type)
                except ExpressionInvalid as error:
                    report.add(f"/values/{at}/{end}", error.code, error.message)
                    continue
                if end == "old" and value in seen:
                    report.add(f"/values/{at}/old", "repeated", "This value is replaced twice.")
                if end == "old":
                    seen.append(value)
        return with_column(schema, column.name, column.type, _nullable(step, column.nullable))

    def mentions(self, schema: Schema, step: Replace) -> set[str]:
        return {step.column}

    def english(self, step: Replace, schema: Schema) -> str:
        pairs = ", ".join(f"{shown(one.old)} by {shown(one.new)}" for one in step.values)
        return f"In {step.column} replace {pairs}"

    def plan(self, table: Table, step: Replace, site: Site) -> Table:
        column = table.schema.column(step.column)
        if column is None:
            return table
        value, dtype = table.column(step.column), DTYPES[column.type]
        known = [(value_for(one.old, column.type), value_for(one.new, column.type)) for one in step.values]
        if column.type is LogicalType.BOOLEAN:
            result = _chosen(value, known, dtype)
        else:
            old = pl.Series([old for old, _ in known], dtype=dtype)
            new = pl.Series([new for _, new in known], dtype=dtype)
            result = value.replace_strict(old, new, default=value, return_dtype=dtype)
        schema = with_column(table.schema, column.name, column.type, _nullable(step, column.nullable))
        return table.then(table.lazy.with_columns(result.alias(table.inner[step.column])), schema)


def _chosen(value: pl.Expr, known: list[tuple[Any, Any]], dtype: Any) -> pl.Expr:
    result = value
    for old, new in known:
        result = pl.when(value.eq_missing(pl.lit(old, dtype=dtype))).then(pl.lit(new, dtype=dtype)).otherwise(result)
    return result


def _nullable(step: Replace, nullable: bool) -> bool:
    olds = [replacement.old for replacement in step.values]
    return any(replacement.new is None for replacement in step.values) or (nullable and None not in olds)
