"""Remove these columns."""

from contracts.data import Schema
from contracts.recipe import Drop
from services.transform.steps.kind import Report, Site, StepKind, listed
from services.transform.table import Table


class DropKind(StepKind[Drop]):
    """drop"""

    def output_schema(self, schema: Schema, step: Drop, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        kept = tuple(column for column in schema.columns if column.name not in step.columns)
        if not kept and not report.problems:
            report.add("/columns", "no_columns", "A table keeps at least one column.")
        return Schema(columns=kept)

    def mentions(self, schema: Schema, step: Drop) -> set[str]:
        return set(step.columns)

    def english(self, step: Drop, schema: Schema) -> str:
        return f"Remove {listed(step.columns)}"

    def plan(self, table: Table, step: Drop, site: Site) -> Table:
        return table.keeping([column for column in table.schema.columns if column.name not in step.columns])
