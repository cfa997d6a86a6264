"""Keep some rows by lot, in their order; the same seed draws the same rows."""

import polars as pl

from contracts.data import Schema
from contracts.recipe import Sample
from services.transform.steps.kind import Removal, Report, Site, StepKind
from services.transform.table import Table

_ODD = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15
_ALL = 2**64


class SampleKind(StepKind[Sample]):
    """sample"""

    whole = True

    def removes(self, step: Sample) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: Sample, report: Report) -> Schema:
        return schema

    def mentions(self, schema: Schema, step: Sample) -> set[str]:
        return set()

    def english(self, step: Sample, schema: Schema) -> str:
        size = f"{step.rows:,} rows" if step.rows is not None else f"{(step.fraction or 0):.6g} of the rows"
        return f"Draw {size} by lot (seed {step.seed})"

    def plan(self, table: Table, step: Sample, site: Site) -> Table:
        number, lot = table.fresh(), table.fresh()
        wanted = pl.lit(step.rows) if step.rows is not None else (pl.len() * (step.fraction or 0) + 0.5).floor()
        drawn = table.lazy.with_row_index(number).with_columns(_lot(pl.col(number), step.seed).alias(lot))
        # Lots are all different, because each step of the mixing can be undone.
        kept = drawn.filter(pl.col(lot).rank("ordinal") <= wanted.cast(pl.UInt32))
        return table.then(kept.drop(number, lot))


def _lot(number: pl.Expr, seed: int) -> pl.Expr:
    """A number without any order, always the same (splitmix64): the engine's own hash may change."""
    start = (seed * _STEP + _STEP) % _ALL
    mixed = number.cast(pl.UInt64) * pl.lit(_STEP, dtype=pl.UInt64) + pl.lit(start, dtype=pl.UInt64)
    for shift, odd in zip((30, 27), _ODD, strict=True):
        shifted = mixed // pl.lit(2**shift, dtype=pl.UInt64)
        mixed = (mixed ^ shifted) * pl.lit(odd, dtype=pl.UInt64)
    return mixed ^ (mixed // pl.lit(2**31, dtype=pl.UInt64))
