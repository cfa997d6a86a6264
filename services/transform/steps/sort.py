"""Order the rows; equal rows keep their order, nulls come last."""

from contracts.data import Schema
from contracts.recipe import Sort
from services.transform.steps.kind import Report, Site, StepKind
from services.transform.table import Table


class SortKind(StepKind[Sort]):
    """sort"""

    whole = True

    def output_schema(self, schema: Schema, step: Sort, report: Report) -> Schema:
        seen: set[str] = set()
        for at, key in enumerate(step.by):
            place = f"/by/{at}/column"
            if report.column(schema, key.column, place) is not None and key.column in seen:
                report.add(place, "repeated", f"The column {key.column!r} stands here twice.")
            seen.add(key.column)
        return schema

    def mentions(self, schema: Schema, step: Sort) -> set[str]:
        return {key.column for key in step.by}

    def plan(self, table: Table, step: Sort, site: Site) -> Table:
        by = table.columns([key.column for key in step.by])
        descending = [key.descending for key in step.by]
        return table.then(table.lazy.sort(by, descending=descending, nulls_last=True, maintain_order=True))
