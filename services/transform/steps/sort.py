"""Order the rows; equal rows keep their order, nulls come last."""

from contracts.data import Schema
from contracts.recipe import Sort
from services.transform.steps.kind import Report, Site, StepKind
from services.transform.steps.ordering import check_keys, in_order, sorting
from services.transform.table import Table


class SortKind(StepKind[Sort]):
    """sort"""

    whole = True

    def output_schema(self, schema: Schema, step: Sort, report: Report) -> Schema:
        check_keys(schema, step.by, "/by", report)
        return schema

    def mentions(self, schema: Schema, step: Sort) -> set[str]:
        return {key.column for key in step.by}

    def decides(self, schema: Schema, step: Sort) -> set[str]:
        return self.mentions(schema, step)

    def english(self, step: Sort, schema: Schema) -> str:
        return f"Sort by {in_order(step.by)}"

    def plan(self, table: Table, step: Sort, site: Site) -> Table:
        return table.then(sorting(table.lazy, table, step.by))
