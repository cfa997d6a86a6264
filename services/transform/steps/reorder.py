"""Move columns to the start, to the end, or beside another column."""

from contracts.data import Column, Schema
from contracts.recipe import Reorder
from services.transform.steps.kind import Report, Site, StepKind, listed
from services.transform.table import Table


class ReorderKind(StepKind[Reorder]):
    """reorder"""

    def output_schema(self, schema: Schema, step: Reorder, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        if step.anchor is not None and report.column(schema, step.anchor, "/anchor") and step.anchor in step.columns:
            report.add("/anchor", "repeated", f"The column {step.anchor!r} is one of those that move.")
        return schema if report.problems else Schema(columns=tuple(_ordered(schema, step)))

    def mentions(self, schema: Schema, step: Reorder) -> set[str]:
        return {*step.columns, *([step.anchor] if step.anchor is not None else [])}

    def english(self, step: Reorder, schema: Schema) -> str:
        where = {"first": "to the start", "last": "to the end"}.get(step.position, f"{step.position} {step.anchor}")
        return f"Move {listed(step.columns)} {where}"

    def plan(self, table: Table, step: Reorder, site: Site) -> Table:
        return table.keeping(_ordered(table.schema, step))


def _ordered(schema: Schema, step: Reorder) -> list[Column]:
    moved = [column for name in step.columns if (column := schema.column(name)) is not None]
    others = [column for column in schema.columns if column.name not in step.columns]
    at = {"first": 0, "last": len(others)}.get(step.position)
    if at is None:
        at = [column.name for column in others].index(step.anchor or "") + (step.position == "after")
    return [*others[:at], *moved, *others[at:]]
