"""One SELECT over the table and the recipe's inputs: made of other steps, so that it reaches nothing else."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from contracts.data import Schema
from contracts.recipe import Sql
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps import sql_plans
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind
from services.transform.steps.sql_plans import Plan, Running
from services.transform.steps.sql_queries import combines, compiled, read
from services.transform.table import Table

INPUT = "input"
_SHOWN = 500


class SqlKind(StepKind[Sql]):
    """sql"""

    whole = True
    adds = True

    def removes(self, step: Sql) -> Removal:
        return "combined" if combines(read(step.query)) else "filtered"

    def output_schema(self, schema: Schema, step: Sql, report: Report) -> Schema:
        try:
            return _plan(schema, step, report.inputs).schema
        except ExpressionInvalid as error:
            report.add("/query", error.code, error.message)
            return schema

    def mentions(self, schema: Schema, step: Sql) -> set[str]:
        # The columns of other tables are not known here: a name that they share is taken for one of this table.
        tree = read(step.query)
        names = {node.name for node in tree.find_all(exp.Identifier)}
        whole = any(_takes_all(select) for select in tree.find_all(exp.Select))
        return set(schema.names) if whole else names & set(schema.names)

    def sources(self, schema: Schema, step: Sql) -> Sources:
        """Without the other tables: whatever the query names."""
        return {}

    def before(self, schema: Schema, step: Sql, wanted: set[str]) -> set[str]:
        return self.mentions(schema, step)

    def lineage(self, schema: Schema, step: Sql, inputs: Mapping[str, Schema] | None = None) -> Sources:
        plan = _plan(schema, step, inputs or {})
        return {name: set(plan.reads[name] | plan.deciding) for name in plan.schema.names}

    def english(self, step: Sql, schema: Schema) -> str:
        query = " ".join(step.query.split())
        return f"Run the query {query}" if len(query) <= _SHOWN else f"Run the query {query[:_SHOWN]}…"

    def plan(self, table: Table, step: Sql, site: Site) -> Table:
        names = {node.name for node in read(step.query).find_all(exp.Table)} - {INPUT}
        others = {name: site.run.other(name, table) for name in sorted(names & set(site.run.inputs))}
        plan = _plan(table.schema, step, {name: other.schema for name, other in others.items()})
        running = Running({name: _again(other) for name, other in {**others, INPUT: table}.items()}, site)
        found = plan.make(running)
        return table.renumbered(found.lazy, found.schema, found.inner)


def _takes_all(select: exp.Select) -> bool:
    """Whether a star in it stands for all columns of the step's own table."""
    sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
    tables = [source.this for source in sources if source is not None and isinstance(source.this, exp.Table)]
    mine = {table.alias_or_name for table in tables if table.name == INPUT}
    return bool(mine) and any(
        isinstance(item, exp.Star)
        or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star) and item.table in mine)
        for item in select.expressions
    )


def _again(table: Table) -> Callable[[], Table]:
    # Each mention of a table has columns of its own, so that it can be joined with itself.
    return lambda: table.beside(table.finished(), table.schema)


def _plan(schema: Schema, step: Sql, inputs: Mapping[str, Schema]) -> Plan:
    tables = {
        name: sql_plans.table(name, other, dict.fromkeys(other.names, frozenset())) for name, other in inputs.items()
    }
    mine = {name: frozenset({name}) for name in schema.names}
    return compiled(step.query, {**tables, INPUT: sql_plans.table(INPUT, schema, mine)})
