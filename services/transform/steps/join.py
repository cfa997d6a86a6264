"""Join another table: rows without a partner are filtered or kept, several partners add rows."""

from typing import Any, Literal

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import Join
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind, listed
from services.transform.steps.partners import Brought, brought, check_on, comparable, said_keys
from services.transform.table import Table

_ORDER: dict[str, Literal["left", "left_right", "right_left"]] = {
    "inner": "left_right", "left": "left_right", "full": "left_right", "right": "right_left", "semi": "left",
    "anti": "left",
}  # fmt: skip


class JoinKind(StepKind[Join]):
    """join"""

    whole = True
    adds = True

    def removes(self, step: Join) -> Removal | None:
        return "filtered" if step.how not in ("left", "full") else None

    def output_schema(self, schema: Schema, step: Join, report: Report) -> Schema:
        other = report.input(step.other, "/with")
        if other is None:
            return schema
        check_on(schema, other, step.on, report)
        if step.how in ("semi", "anti"):
            return schema
        found = brought(schema, other, step.columns, step.on, step.suffix, report)
        return schema if report.problems else _after(schema, found, step)

    def mentions(self, schema: Schema, step: Join) -> set[str]:
        return {key.left for key in step.on}

    def lineage(self, schema: Schema, step: Join, inputs: Any = None) -> Sources:
        made = super().lineage(schema, step, inputs)
        keys = self.mentions(schema, step)
        return {name: (sources if name in schema.names else set()) | keys for name, sources in made.items()}

    def decides(self, schema: Schema, step: Join) -> set[str]:
        return self.mentions(schema, step)

    def english(self, step: Join, schema: Schema) -> str:
        keys = said_keys(step.on)
        if step.how in ("semi", "anti"):
            return f"Keep the rows {'with' if step.how == 'semi' else 'without'} a partner in {step.other} by {keys}"
        kept = {
            "inner": "keep only rows with a partner", "left": "keep all rows",
            "right": f"keep all rows of {step.other}", "full": "keep all rows of both",
        }[step.how]  # fmt: skip
        return f"Join {listed(step.columns or (), 'all columns')} of {step.other} by {keys}; {kept}"

    def plan(self, table: Table, step: Join, site: Site) -> Table:
        other = site.run.other(step.other, table)
        left, right = comparable(table, other, step.on)
        if step.how in ("semi", "anti"):
            joined = table.lazy.join(
                other.lazy, left_on=left, right_on=right, how=step.how, maintain_order=_ORDER[step.how]
            )
            return table.then(joined.select([*table.hidden, *table.inner.values()]))
        found = brought(table.schema, other.schema, step.columns, step.on, step.suffix, Report(""))
        ours, first = table.fresh(), table.fresh()
        keys = {table.fresh(): value for value in right}
        # Of several partners one is the first: the rows it is joined with are as many as the rows that have any.
        partner = other.lazy.with_columns(value.alias(name) for name, value in keys.items())
        partner = partner.with_columns(pl.struct(list(keys)).is_first_distinct().alias(first))
        joined = table.lazy.with_columns(pl.lit(True).alias(ours)).join(
            partner,
            left_on=left,
            right_on=[pl.col(name) for name in keys],
            how=step.how,
            coalesce=False,
            maintain_order=_ORDER[step.how],
        )
        if step.how in ("right", "full"):
            joined = _with_keys(joined, table, other, step, ours)
        counted = _counted(joined, ours, first, site)
        after = _after(table.schema, found, step)
        inner = table.inner | {one.name: other.inner[one.source.name] for one in found}
        return table.then(counted.select([*table.hidden, *inner.values()]), after, inner)


def _with_keys(joined: pl.LazyFrame, table: Table, other: Table, step: Join, ours: str) -> pl.LazyFrame:
    """Rows of the other table alone have their key in its columns."""
    keys = []
    for key in step.on:
        inner, dtype = table.inner[key.left], table.frame_schema[table.inner[key.left]]
        theirs = other.column(key.right).cast(dtype, strict=False)
        keys.append(pl.when(pl.col(ours).is_null()).then(theirs).otherwise(pl.col(inner)).alias(inner))
    return joined.with_columns(keys)


def _counted(joined: pl.LazyFrame, ours: str, first: str, site: Site) -> pl.LazyFrame:
    def count(batch: pl.DataFrame) -> pl.DataFrame:
        once = batch.select((pl.col(ours).is_not_null() & pl.col(first).fill_null(True)).sum()).item()
        site.run.kept(site.pointer, int(once or 0))
        return batch

    return joined.map_batches(count, streamable=True)


def _after(schema: Schema, found: list[Brought], step: Join) -> Schema:
    ours = step.how in ("right", "full")
    columns = [column.model_copy(update={"nullable": column.nullable or ours}) for column in schema.columns]
    theirs = step.how in ("left", "full")
    columns += [Column(name=one.name, type=one.source.type, nullable=one.source.nullable or theirs) for one in found]
    return Schema(columns=tuple(columns))
