"""Convert times between time zones."""

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import ConvertZone
from services.transform.conversions import in_calendar
from services.transform.expressions.refusal import Refusal
from services.transform.expressions.tree import named
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed, with_columns
from services.transform.steps.moments import anchored, clock, known_zone
from services.transform.table import Table


class ConvertZoneKind(StepKind[ConvertZone]):
    """convert_zone"""

    def output_schema(self, schema: Schema, step: ConvertZone, report: Report) -> Schema:
        wanted = LogicalType.TIMESTAMP_TZ if step.from_zone is None else LogicalType.TIMESTAMP
        for at, name in enumerate(step.columns):
            column = report.column(schema, name, f"/columns/{at}")
            if column is not None and column.type is not wanted:
                how = "with 'from'" if step.from_zone is not None else "without 'from'"
                message = f"{name!r} must be {named(wanted)} {how}, and it is {named(column.type)}."
                report.add(f"/columns/{at}", "wrong_type", message)
        for place, zone in (("/from", step.from_zone), ("/to", step.to)):
            if zone is not None and not known_zone(zone):
                report.add(place, "zone_unknown", f"There is no time zone {zone!r}.")
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: ConvertZone) -> set[str]:
        return set(step.columns)

    def english(self, step: ConvertZone, schema: Schema) -> str:
        ways = [f"from {step.from_zone}"] if step.from_zone else []
        ways += [f"to the clock of {step.to}"] if step.to else ["to instants"]
        return f"Convert {listed(step.columns)} {' '.join(ways)}"

    def plan(self, table: Table, step: ConvertZone, site: Site) -> Table:
        values = []
        for at, column in enumerate(_after(table.schema, step)):
            value = table.column(column.name)
            if step.from_zone is not None:
                value = anchored(value, step.from_zone)
            refusal = Refusal(f"{site.pointer}/columns/{at}", site.witness)
            shown = refusal.checked(
                [value],
                [LogicalType.TIMESTAMP_TZ],
                column.type,
                lambda instant, type=column.type: in_calendar(
                    clock(instant, step.to) if step.to is not None else instant, type
                ),
                "{} lies beyond the years 1 to 9999 there",
            )
            values.append((column, shown))
        return table.setting(values)


def _after(schema: Schema, step: ConvertZone) -> list[Column]:
    type = LogicalType.TIMESTAMP if step.to is not None else LogicalType.TIMESTAMP_TZ
    found = [column_of(schema, name) for name in dict.fromkeys(step.columns)]
    # A clock time that never was, when clocks are put forward, is null.
    return [
        Column(name=column.name, type=type, nullable=column.nullable or step.from_zone is not None) for column in found
    ]
