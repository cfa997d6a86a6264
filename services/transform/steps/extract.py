"""Take what a pattern finds in a text into columns: one for each group, or the whole match."""

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Extract
from services.transform.steps.kind import Report, Site, Sources, StepKind, listed, shown, with_columns
from services.transform.steps.placing import after_placing, place
from services.transform.steps.regexes import check_pattern, groups
from services.transform.table import Table


class ExtractKind(StepKind[Extract]):
    """extract"""

    def output_schema(self, schema: Schema, step: Extract, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", {LogicalType.STRING}, "be searched")
        check_pattern(step.pattern, "/pattern", report)
        if report.problems:
            return schema
        there = groups(step.pattern)
        if len(step.into) != max(1, there):
            what = "no group, and gives one column" if there == 0 else f"{there} groups, one for each column"
            report.add("/into", "wrong_count", f"The pattern has {what}; here are {len(step.into)} columns.")
        elif len(set(step.into)) != len(step.into):
            report.add("/into", "repeated", "Two columns have the same name.")
        if step.keep:
            return schema if report.problems else with_columns(schema, _new(step))
        return after_placing(schema, _new(step), [step.column], report, "/into")

    def mentions(self, schema: Schema, step: Extract) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: Extract) -> Sources:
        return {name: {step.column} for name in step.into}

    def english(self, step: Extract, schema: Schema) -> str:
        gone = "" if step.keep else f", and remove {step.column}"
        return f"Take what {shown(step.pattern)} finds in {step.column} into {listed(step.into)}{gone}"

    def plan(self, table: Table, step: Extract, site: Site) -> Table:
        first = 1 if groups(step.pattern) else 0
        text = table.column(step.column).str
        values = [(column, text.extract(step.pattern, first + at)) for at, column in enumerate(_new(step))]
        return table.setting(values) if step.keep else place(table, values, [step.column])


def _new(step: Extract) -> list[Column]:
    return [Column(name=name, type=LogicalType.STRING) for name in step.into]
