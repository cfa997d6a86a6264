"""Keep the rows for which an expression is true; the others are filtered."""

from contracts.data import LogicalType, Schema
from contracts.recipe import Filter
from services.transform.expressions.analysis import analyse
from services.transform.expressions.lowering import lower
from services.transform.expressions.tree import columns, named
from services.transform.steps.kind import Removal, Report, Site, StepKind
from services.transform.table import Table


class FilterKind(StepKind[Filter]):
    """filter"""

    def removes(self, step: Filter) -> Removal:
        return "filtered"

    def output_schema(self, schema: Schema, step: Filter, report: Report) -> Schema:
        root = report.expression(schema, step.where, "/where")
        if root is not None and root.type not in (LogicalType.BOOLEAN, None):
            report.add("/where", "wrong_type", f"A filter must be true or false, and this is {named(root.type)}.")
        return schema

    def mentions(self, schema: Schema, step: Filter) -> set[str]:
        return set(columns(analyse(step.where, schema)))

    def decides(self, schema: Schema, step: Filter) -> set[str]:
        return self.mentions(schema, step)

    def english(self, step: Filter, schema: Schema) -> str:
        return f"Keep the rows where {step.where}"

    def plan(self, table: Table, step: Filter, site: Site) -> Table:
        root = analyse(step.where, table.schema)
        return table.then(table.lazy.filter(lower(root, table.inner, f"{site.pointer}/where", site.witness)))
