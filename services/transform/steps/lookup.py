"""Bring columns of the first row with the same key in another table. No row is added or removed."""

from collections.abc import Mapping

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import Lookup
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.kind import Report, Site, Sources, StepKind, listed, shown
from services.transform.steps.partners import Brought, brought, check_on, comparable, said_keys
from services.transform.steps.scalars import value_for
from services.transform.table import Table


class LookupKind(StepKind[Lookup]):
    """lookup"""

    def output_schema(self, schema: Schema, step: Lookup, report: Report) -> Schema:
        other = report.input(step.other, "/with")
        if other is None:
            return schema
        check_on(schema, other, step.on, report)
        found = brought(schema, other, step.columns, step.on, step.suffix, report)
        for one in found:
            try:
                value_for(step.default, one.source.type)
            except ExpressionInvalid as error:
                report.add("/default", error.code, f"Column {one.name!r}: {error.message}")
        return schema if report.problems else _after(schema, found, step)

    def mentions(self, schema: Schema, step: Lookup) -> set[str]:
        return {key.left for key in step.on}

    def lineage(self, schema: Schema, step: Lookup, inputs: Mapping[str, Schema] | None = None) -> Sources:
        made, keys = super().lineage(schema, step, inputs), self.mentions(schema, step)
        return {name: sources if name in schema.names else keys for name, sources in made.items()}

    def before(self, schema: Schema, step: Lookup, wanted: set[str]) -> set[str]:
        return (wanted & set(schema.names)) | self.mentions(schema, step)

    def english(self, step: Lookup, schema: Schema) -> str:
        default = f", else {shown(step.default)}" if step.default is not None else ""
        return f"Look up {listed(step.columns)} in {step.other} by {said_keys(step.on)}{default}"

    def plan(self, table: Table, step: Lookup, site: Site) -> Table:
        other = site.run.other(step.other, table)
        left, right = comparable(table, other, step.on)
        found = brought(table.schema, other.schema, step.columns, step.on, step.suffix, Report(""))
        keys = [table.fresh() for _ in right]
        values = {one.name: table.fresh() for one in found}
        there = table.fresh()
        partner = (
            other.lazy.select(
                *(value.alias(name) for name, value in zip(keys, right, strict=True)),
                *(other.column(one.source.name).alias(values[one.name]) for one in found),
            )
            .unique(subset=keys, keep="first", maintain_order=True)
            .with_columns(pl.lit(True).alias(there))
        )
        joined = table.lazy.join(partner, left_on=left, right_on=keys, how="left", maintain_order="left")
        if step.default is not None:
            joined = joined.with_columns(
                pl.when(pl.col(there).is_null())
                .then(pl.lit(value_for(step.default, one.source.type), dtype=DTYPES[one.source.type]))
                .otherwise(pl.col(values[one.name]))
                .alias(values[one.name])
                for one in found
            )
        inner = table.inner | values
        return table.then(joined.select([*table.hidden, *inner.values()]), _after(table.schema, found, step), inner)


def _after(schema: Schema, found: list[Brought], step: Lookup) -> Schema:
    missing = step.default is None
    new = [Column(name=one.name, type=one.source.type, nullable=one.source.nullable or missing) for one in found]
    return Schema(columns=(*schema.columns, *new))
