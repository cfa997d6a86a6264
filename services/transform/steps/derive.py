"""Add or replace columns by expressions; a later one sees the earlier ones."""

from contracts.data import Schema
from contracts.recipe import Derive
from services.transform.expressions.analysis import analyse
from services.transform.expressions.lowering import lower
from services.transform.expressions.tree import columns
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, Sources, StepKind, with_column
from services.transform.steps.parsing import barred
from services.transform.table import Table


class DeriveKind(StepKind[Derive]):
    """derive"""

    def output_schema(self, schema: Schema, step: Derive, report: Report) -> Schema:
        for at, derivation in enumerate(step.columns):
            place = f"/columns/{at}/expression"
            root = report.expression(schema, derivation.expression, place)
            if root is None:
                break
            if root.type is None:
                report.add(place, "wrong_type", "This null has no type; write CAST(NULL AS …).")
                break
            if len(schema.columns) >= MAX_COLUMNS and schema.column(derivation.column) is None:
                report.add(f"/columns/{at}", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
                break
            schema = with_column(schema, derivation.column, root.type, root.nullable)
        return schema

    def mentions(self, schema: Schema, step: Derive) -> set[str]:
        found: set[str] = set()
        made: set[str] = set()
        for derivation in step.columns:
            root = analyse(derivation.expression, schema)
            found |= set(columns(root)) - made
            made.add(derivation.column)
            if root.type is not None:
                schema = with_column(schema, derivation.column, root.type, root.nullable)
        return found

    def sources(self, schema: Schema, step: Derive) -> Sources:
        made: Sources = {}
        for derivation in step.columns:
            root = analyse(derivation.expression, schema)
            made[derivation.column] = {source for name in columns(root) for source in made.get(name, {name})}
            if root.type is not None:
                schema = with_column(schema, derivation.column, root.type, root.nullable)
        return made

    def english(self, step: Derive, schema: Schema) -> str:
        return "Compute " + ", ".join(f"{one.column} = {one.expression}" for one in step.columns)

    def plan(self, table: Table, step: Derive, site: Site) -> Table:
        fallible = False
        for at, derivation in enumerate(step.columns):
            pointer = f"{site.pointer}/columns/{at}/expression"
            root = analyse(derivation.expression, table.schema)
            if root.type is None:
                continue
            fallible = fallible or root.fallible
            value = lower(root, table.inner, pointer, site.witness)
            name = table.fresh()
            replaced = table.inner.get(derivation.column)
            lazy = table.lazy.with_columns(value.alias(name))
            schema = with_column(table.schema, derivation.column, root.type, root.nullable)
            table = table.then(
                lazy if replaced is None else lazy.drop(replaced), schema, table.inner | {derivation.column: name}
            )
        return barred(table) if fallible else table
