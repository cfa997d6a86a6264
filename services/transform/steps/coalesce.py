"""Give a column the first value of some columns that is not null."""

from contracts.data import Schema
from contracts.recipe import Coalesce
from services.transform.expressions.arguments import invoke
from services.transform.expressions.lowering import lower
from services.transform.expressions.tree import ExpressionInvalid, Node, node
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, listed, with_column
from services.transform.table import Table


class CoalesceKind(StepKind[Coalesce]):
    """coalesce"""

    def output_schema(self, schema: Schema, step: Coalesce, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        if report.problems:
            return schema
        try:
            root = _root(schema, step)
        except ExpressionInvalid as error:
            report.add("/columns", error.code, error.message)
            return schema
        if schema.column(step.column) is None:
            report.new_column(schema, step.column, "/column")
        return schema if root.type is None else with_column(schema, step.column, root.type, root.nullable)

    def mentions(self, schema: Schema, step: Coalesce) -> set[str]:
        return set(step.columns)

    def sources(self, schema: Schema, step: Coalesce) -> Sources:
        return {step.column: set(step.columns)}

    def english(self, step: Coalesce, schema: Schema) -> str:
        return f"Set {step.column} to the first of {listed(step.columns)} that is there"

    def plan(self, table: Table, step: Coalesce, site: Site) -> Table:
        after = self.output_schema(table.schema, step, Report(site.pointer))
        value = lower(_root(table.schema, step), table.inner, site.pointer, site.witness)
        return table.setting([(column_of(after, step.column), value)])


def _root(schema: Schema, step: Coalesce) -> Node:
    found = [column_of(schema, name) for name in step.columns]
    nodes = [node("column", column.type, value=column.name, nullable=column.nullable) for column in found]
    return invoke("COALESCE", nodes)
