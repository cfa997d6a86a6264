"""Keep these columns, in this order."""

from contracts.data import Schema
from contracts.recipe import Select
from services.transform.steps.kind import Report, Site, StepKind, listed
from services.transform.table import Table


class SelectKind(StepKind[Select]):
    """select"""

    def output_schema(self, schema: Schema, step: Select, report: Report) -> Schema:
        return Schema(columns=tuple(report.columns(schema, step.columns, "/columns")))

    def mentions(self, schema: Schema, step: Select) -> set[str]:
        return set(step.columns)

    def english(self, step: Select, schema: Schema) -> str:
        return f"Keep only {listed(step.columns)}"

    def plan(self, table: Table, step: Select, site: Site) -> Table:
        return table.keeping([column for name in step.columns if (column := table.schema.column(name)) is not None])
