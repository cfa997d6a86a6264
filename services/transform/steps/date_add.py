"""Add so many units to dates or times; months end at their last day."""

from collections.abc import Sequence

import polars as pl

from contracts.data import Column, Schema
from contracts.recipe import DateAdd
from services.transform.conversions import far_inside, in_calendar
from services.transform.expressions.refusal import Refusal
from services.transform.steps.calendar import ENGINE, check_unit
from services.transform.steps.kind import Report, Site, Sources, StepKind, column_of, with_columns
from services.transform.table import Table

_DAYS = {"year": 366, "quarter": 92, "month": 31, "week": 7}  # at most; all others are a day or less
_MOST = {"year": 5_000, "quarter": 20_000, "month": 60_000, "week": 260_000}


class DateAddKind(StepKind[DateAdd]):
    """date_add"""

    def output_schema(self, schema: Schema, step: DateAdd, report: Report) -> Schema:
        check_unit(schema, step.column, step.unit, "/column", report)
        if abs(step.amount) > _MOST.get(step.unit, 1_000_000):
            report.add("/amount", "too_large", f"At most {_MOST[step.unit]:,} {step.unit}s can be added.")
        return schema if report.problems else with_columns(schema, [_new(schema, step)])

    def mentions(self, schema: Schema, step: DateAdd) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: DateAdd) -> Sources:
        return {step.into or step.column: {step.column}}

    def english(self, step: DateAdd, schema: Schema) -> str:
        less = step.model_copy(update={"amount": -step.amount})
        doing = f"Add {_said(step)} to" if step.amount >= 0 else f"Take {_said(less)} from"
        return f"{doing} {step.column}" + (f", in {step.into}" if step.into else "")

    def plan(self, table: Table, step: DateAdd, site: Site) -> Table:
        new, by = _new(table.schema, step), f"{step.amount}{ENGINE[step.unit]}"
        most = abs(step.amount) * _DAYS.get(step.unit, 1)

        def plain(values: Sequence[pl.Series]) -> pl.Series | None:
            return values[0].dt.offset_by(by) if far_inside(values[0], new.type, most) else None

        moved = Refusal(site.pointer, site.witness).checked(
            [table.column(step.column)],
            [new.type],
            new.type,
            lambda value: in_calendar(value.dt.offset_by(by), new.type),
            f"{{}} moved by {_said(step)} lies beyond the years 1 to 9999",
            plain,
        )
        return table.setting([(new, moved)])


def _said(step: DateAdd) -> str:
    return f"{step.amount:,} {step.unit if abs(step.amount) == 1 else f'{step.unit}s'}"


def _new(schema: Schema, step: DateAdd) -> Column:
    return column_of(schema, step.column).model_copy(update={"name": step.into or step.column})
