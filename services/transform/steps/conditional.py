"""Add or replace a column by the first case whose condition is true."""

from contracts.data import Schema
from contracts.recipe import Conditional
from services.transform.expressions.analysis import analyse, choose, truth
from services.transform.expressions.lowering import lower
from services.transform.expressions.tree import ExpressionInvalid, Node, columns, literal
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, Sources, StepKind, column_of, with_column
from services.transform.steps.parsing import barred
from services.transform.table import Table


class ConditionalKind(StepKind[Conditional]):
    """conditional"""

    def output_schema(self, schema: Schema, step: Conditional, report: Report) -> Schema:
        for at, case in enumerate(step.cases):
            condition = report.expression(schema, case.when, f"/cases/{at}/when")
            if condition is not None:
                try:
                    truth(condition, "WHEN")
                except ExpressionInvalid as error:
                    report.add(f"/cases/{at}/when", error.code, error.message)
            report.expression(schema, case.then, f"/cases/{at}/then")
        if step.otherwise is not None:
            report.expression(schema, step.otherwise, "/otherwise")
        if report.problems:
            return schema
        try:
            root = _root(schema, step)
        except ExpressionInvalid as error:
            report.add("/cases", error.code, error.message)
            return schema
        if root.type is None:
            report.add("/cases", "wrong_type", "All results are null and have no type; write CAST(NULL AS …).")
            return schema
        if len(schema.columns) >= MAX_COLUMNS and schema.column(step.column) is None:
            report.add("/column", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
        return with_column(schema, step.column, root.type, root.nullable)

    def mentions(self, schema: Schema, step: Conditional) -> set[str]:
        return set(columns(_root(schema, step)))

    def sources(self, schema: Schema, step: Conditional) -> Sources:
        return {step.column: self.mentions(schema, step)}

    def english(self, step: Conditional, schema: Schema) -> str:
        cases = ", ".join(f"{case.then} where {case.when}" for case in step.cases)
        return f"Set {step.column} to {cases}, else {step.otherwise or 'nothing'}"

    def plan(self, table: Table, step: Conditional, site: Site) -> Table:
        root = _root(table.schema, step)
        after = self.output_schema(table.schema, step, Report(site.pointer))
        value = lower(root, table.inner, f"{site.pointer}/cases", site.witness)
        done = table.setting([(column_of(after, step.column), value)])
        return barred(done) if root.fallible else done


def _root(schema: Schema, step: Conditional) -> Node:
    conditions = [truth(analyse(case.when, schema), "WHEN") for case in step.cases]
    results = [analyse(case.then, schema) for case in step.cases]
    otherwise = literal(None, None) if step.otherwise is None else analyse(step.otherwise, schema)
    return choose(conditions, [*results, otherwise])
