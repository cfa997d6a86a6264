"""Make columns of the values of a column: one row for each key, one column for each of the given names."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Pivot, Scalar
from services.transform.dtypes import DTYPES
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.aggregate import grouped
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind, column_of, listed, shown
from services.transform.steps.measuring import DOING, TAKES, Figure, result_type
from services.transform.steps.scalars import value_for
from services.transform.table import Table


class PivotKind(StepKind[Pivot]):
    """pivot"""

    whole = True
    adds = True  # one row of no rows, where there are no keys

    def removes(self, step: Pivot) -> Removal:
        return "combined"

    def output_schema(self, schema: Schema, step: Pivot, report: Report) -> Schema:
        keys = report.columns(schema, step.keys, "/keys")
        names = report.column(schema, step.names_from, "/names_from")
        doing = DOING.get(step.function, "be counted")
        values = report.typed(schema, step.values_from, "/values_from", TAKES[step.function], doing)
        if step.names_from in step.keys:
            report.add("/names_from", "repeated", f"The column {step.names_from!r} is a key as well.")
        if names is None or values is None or report.problems:
            return schema
        taken, columns = set(step.keys), list(keys)
        for at, name in enumerate(step.names):
            try:
                value_for(name, names.type)
            except ExpressionInvalid as error:
                report.add(f"/names/{at}", error.code, error.message)
                continue
            column = _name(step, name)
            if column in taken or not column:
                report.add(
                    f"/names/{at}", "name_taken", f"There would be two columns named {column!r}, or one of none."
                )
                continue
            taken.add(column)
            counts = step.function in ("count", "count_distinct")
            columns.append(Column(name=column, type=result_type(step.function, values.type), nullable=not counts))
        return schema if report.problems else Schema(columns=tuple(columns))

    def mentions(self, schema: Schema, step: Pivot) -> set[str]:
        return {*step.keys, step.names_from, step.values_from}

    def sources(self, schema: Schema, step: Pivot) -> Sources:
        return {_name(step, name): {step.names_from, step.values_from} for name in step.names}

    def decides(self, schema: Schema, step: Pivot) -> set[str]:
        return set(step.keys)

    def english(self, step: Pivot, schema: Schema) -> str:
        keys = f"one row for each {listed(step.keys)}" if step.keys else "one row"
        names = listed([shown(name) for name in step.names])
        return f"Make {keys}, {step.function} of {step.values_from} in columns for {step.names_from} {names}"

    def plan(self, table: Table, step: Pivot, site: Site) -> Table:
        after = self.output_schema(table.schema, step, Report(site.pointer))
        type = column_of(table.schema, step.names_from).type
        names = {_name(step, name): table.fresh() for name in step.names}
        figures = [
            (names[_name(step, name)], Figure(step.function, step.values_from, only=_meant(table, step, name, type)))
            for name in step.names
        ]
        inner = {name: table.inner[name] for name in step.keys} | names
        return grouped(table, step.keys, figures, [""] * len(figures), site, after, inner)


def _meant(table: Table, step: Pivot, name: Scalar, type: LogicalType) -> pl.Expr:
    return table.column(step.names_from).eq_missing(pl.lit(value_for(name, type), dtype=DTYPES[type]))


def _name(step: Pivot, name: Scalar) -> str:
    text = "null" if name is None else str(name).lower() if isinstance(name, bool) else str(name)
    return f"{step.prefix}{text}"
