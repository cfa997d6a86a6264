"""What stands before a module's first step: its input contract. No step of the language, and in no books."""

from dataclasses import dataclass

from contracts.data import Column, LogicalType, Schema
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import named
from services.transform.steps.kind import Report, Site, StepKind, listed
from services.transform.table import Table


def fits(found: LogicalType, wanted: LogicalType) -> bool:
    """Whether every value of the one type is a value of the other."""
    return found is wanted or found.widens(wanted)


@dataclass(frozen=True)
class Conform:
    """The columns of a contract, and those that are named beside it."""

    contract: Schema
    beside: frozenset[str] = frozenset()


class ConformKind(StepKind[Conform]):
    """Puts the contract's columns in its order and types, and leaves out what nobody asked for."""

    def output_schema(self, schema: Schema, step: Conform, report: Report) -> Schema:
        columns = []
        for wanted in step.contract.columns:
            found = report.column(schema, wanted.name, "/input_contract")
            if found is None:
                continue
            if not fits(found.type, wanted.type):
                message = f"Column {wanted.name!r} must be {named(wanted.type)}, and it is {named(found.type)}."
                report.add("/input_contract", "wrong_type", message)
            columns.append(Column(name=wanted.name, type=wanted.type, nullable=found.nullable))
        return Schema(columns=(*columns, *_beside(schema, step)))

    def mentions(self, schema: Schema, step: Conform) -> set[str]:
        return set(step.contract.names)

    def english(self, step: Conform, schema: Schema) -> str:
        return f"Take {listed(step.contract.names)}"

    def plan(self, table: Table, step: Conform, site: Site) -> Table:
        after = self.output_schema(table.schema, step, Report(site.pointer))
        kept = [column for name in after.names if (column := table.schema.column(name)) is not None]
        table = table.keeping(kept)
        widened = [
            table.column(column.name).cast(DTYPES[column.type])
            for column, before in zip(after.columns, kept, strict=True)
            if column.type is not before.type
        ]
        return table.then(table.lazy.with_columns(widened) if widened else table.lazy, after)


def _beside(schema: Schema, step: Conform) -> tuple[Column, ...]:
    return tuple(
        column for column in schema.columns if column.name in step.beside and step.contract.column(column.name) is None
    )
