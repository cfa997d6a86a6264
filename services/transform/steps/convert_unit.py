"""Convert numbers from one unit into another of the same kind; what comes out is a float."""

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType, Schema
from contracts.recipe import ConvertUnit
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed, with_columns
from services.transform.steps.units import UNITS, Unit, find
from services.transform.table import Table


class ConvertUnitKind(StepKind[ConvertUnit]):
    """convert_unit"""

    def output_schema(self, schema: Schema, step: ConvertUnit, report: Report) -> Schema:
        for at, name in enumerate(step.columns):
            report.typed(schema, name, f"/columns/{at}", NUMBERS, "be converted")
        units = []
        for place, name in (("/from", step.from_unit), ("/to", step.to)):
            unit = find(name)
            if unit is None:
                report.add(place, "unit_unknown", f"There is no unit {name!r}; there are {', '.join(UNITS)}.")
            else:
                units.append(unit)
        if len(units) == 2 and units[0].kind != units[1].kind:
            message = f"{step.from_unit} is a unit of {units[0].kind}, and {step.to} one of {units[1].kind}."
            report.add("/to", "cannot_convert", message)
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: ConvertUnit) -> set[str]:
        return set(step.columns)

    def english(self, step: ConvertUnit, schema: Schema) -> str:
        return f"Convert {listed(step.columns)} from {step.from_unit} into {step.to}"

    def plan(self, table: Table, step: ConvertUnit, site: Site) -> Table:
        source, target = find(step.from_unit), find(step.to)
        if source is None or target is None:
            return table
        columns = _after(table.schema, step)
        return table.setting(
            [(column, _converted(table.column(column.name).cast(pl.Float64), source, target)) for column in columns]
        )


def _after(schema: Schema, step: ConvertUnit) -> list[Column]:
    found = [column_of(schema, name) for name in dict.fromkeys(step.columns)]
    return [Column(name=column.name, type=LogicalType.FLOAT, nullable=column.nullable) for column in found]


def _converted(value: pl.Expr, source: Unit, target: Unit) -> pl.Expr:
    if source is target:
        return value
    factor = source.size / target.size
    # 0.1 km are exactly as many metres as 0.1 times 1000: no detour by a unit in between.
    moved = value + float(source.zero) if source.zero else value
    scaled = moved * float(factor) if factor >= 1 else moved / float(1 / factor)
    return scaled - float(target.zero) if target.zero else scaled
