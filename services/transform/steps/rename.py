"""Give columns new names: old name → new name."""

from contracts.data import Column, Schema
from contracts.recipe import Rename
from services.transform.steps.kind import Report, Site, Sources, StepKind, escape
from services.transform.table import Table


class RenameKind(StepKind[Rename]):
    """rename"""

    def output_schema(self, schema: Schema, step: Rename, report: Report) -> Schema:
        for old in step.columns:
            report.column(schema, old, f"/columns/{escape(old)}")
        columns: list[Column] = []
        taken: set[str] = set()
        for column in schema.columns:
            name = step.columns.get(column.name, column.name)
            if name in taken:
                old = next((old for old, new in step.columns.items() if new == name), name)
                report.add(f"/columns/{escape(old)}", "name_taken", f"There would be two columns named {name!r}.")
                continue
            taken.add(name)
            columns.append(column.model_copy(update={"name": name}))
        return Schema(columns=tuple(columns))

    def mentions(self, schema: Schema, step: Rename) -> set[str]:
        return set(step.columns)

    def sources(self, schema: Schema, step: Rename) -> Sources:
        return {new: {old} for old, new in step.columns.items()}

    def english(self, step: Rename, schema: Schema) -> str:
        return "Rename " + ", ".join(f"{old} to {new}" for old, new in step.columns.items())

    def plan(self, table: Table, step: Rename, site: Site) -> Table:
        inner = {step.columns.get(name, name): engine for name, engine in table.inner.items()}
        columns = tuple(
            column.model_copy(update={"name": step.columns.get(column.name, column.name)})
            for column in table.schema.columns
        )
        return table.then(table.lazy, Schema(columns=columns), inner)
