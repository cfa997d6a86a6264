"""Keep the first rows, after those that are passed over; the others are filtered."""

import polars as pl

from contracts.data import Schema
from contracts.recipe import Limit
from services.transform.steps.kind import Removal, Report, Site, StepKind
from services.transform.table import Table


class LimitKind(StepKind[Limit]):
    """limit"""

    def removes(self, step: Limit) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: Limit, report: Report) -> Schema:
        return schema

    def mentions(self, schema: Schema, step: Limit) -> set[str]:
        return set()

    def english(self, step: Limit, schema: Schema) -> str:
        return f"Keep {step.rows:,} rows" + (f" after the first {step.offset:,}" if step.offset else " from the start")

    def plan(self, table: Table, step: Limit, site: Site) -> Table:
        # Not `head`: the engine would stop reading, and the rows that were never seen would be in nobody's books.
        number = table.fresh()
        first = max(0, step.offset - site.rows_before)
        end = max(0, min(step.offset + step.rows - site.rows_before, 2**32 - 1))
        kept = (pl.col(number).cast(pl.Int64) - first).is_between(0, end - first - 1)
        return table.then(table.lazy.with_row_index(number).filter(kept).drop(number))
