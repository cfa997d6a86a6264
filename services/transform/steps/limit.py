"""Keep the first rows; the others are filtered."""

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

    def plan(self, table: Table, step: Limit, site: Site) -> Table:
        # Not `head`: the engine would stop reading, and the rows that were never seen would be in nobody's books.
        number = table.fresh()
        left = max(0, step.rows - site.rows_before)
        return table.then(table.lazy.with_row_index(number).filter(pl.col(number) < left).drop(number))
