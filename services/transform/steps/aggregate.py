"""Make one row of each group of rows, in the order in which the groups first appear; the others are combined."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Aggregate, Measure
from services.transform.expressions.analysis import nearest
from services.transform.steps.calendar import check_unit, truncated
from services.transform.steps.kind import Removal, Report, Site, Sources, StepKind, column_of, escape, listed
from services.transform.steps.measuring import DOING, TAKES, Figure, Measuring, result_type
from services.transform.table import Table


class AggregateKind(StepKind[Aggregate]):
    """aggregate"""

    whole = True
    adds = True  # one row of no rows, where there are no keys

    def removes(self, step: Aggregate) -> Removal:
        return "combined"

    def output_schema(self, schema: Schema, step: Aggregate, report: Report) -> Schema:
        keys = report.columns(schema, step.keys, "/keys")
        for name, unit in step.grain.items():
            if name not in step.keys:
                near = nearest(name, list(step.keys))
                hint = f" Did you mean {near!r}?" if near else ""
                report.add(f"/grain/{escape(name)}", "column_unknown", f"{name!r} is none of the keys.{hint}")
            else:
                check_unit(schema, name, unit, f"/grain/{escape(name)}", report)
        taken, new = set(step.keys), []
        for at, measure in enumerate(step.measures):
            if measure.column is not None:
                place, doing = f"/measures/{at}/column", DOING.get(measure.function, "be counted")
                report.typed(schema, measure.column, place, TAKES[measure.function], doing)
            if measure.name in taken:
                report.add(f"/measures/{at}/name", "name_taken", f"There would be two columns named {measure.name!r}.")
            taken.add(measure.name)
            new.append((at, measure))
        if report.problems:
            return schema
        return Schema(columns=(*keys, *(_measured(schema, measure) for _, measure in new)))

    def mentions(self, schema: Schema, step: Aggregate) -> set[str]:
        return {*step.keys, *(measure.column for measure in step.measures if measure.column is not None)}

    def sources(self, schema: Schema, step: Aggregate) -> Sources:
        return {one.name: {one.column} if one.column is not None else set() for one in step.measures}

    def decides(self, schema: Schema, step: Aggregate) -> set[str]:
        return set(step.keys)

    def english(self, step: Aggregate, schema: Schema) -> str:
        figures = listed([said(measure) for measure in step.measures], "one row each")
        keys = [f"{name} by {step.grain[name]}" if name in step.grain else name for name in step.keys]
        return f"For {f'each {listed(keys)}' if keys else 'the whole table'}: {figures}"

    def plan(self, table: Table, step: Aggregate, site: Site) -> Table:
        after = self.output_schema(table.schema, step, Report(site.pointer))
        for name, unit in step.grain.items():
            table = table.setting([(column_of(table.schema, name), truncated(table, name, unit))])
        names = {measure.name: table.fresh() for measure in step.measures}
        figures = [(names[one.name], Figure(one.function, one.column, one.q)) for one in step.measures]
        pointers = [f"/measures/{at}" for at in range(len(figures))]
        inner = {name: table.inner[name] for name in step.keys} | names
        return grouped(table, step.keys, figures, pointers, site, after, inner)


def grouped(
    table: Table,
    keys: tuple[str, ...],
    figures: list[tuple[str, Figure]],
    pointers: list[str],
    site: Site,
    after: Schema,
    inner: dict[str, str],
) -> Table:
    """One row for each key, in the order of their first row."""
    number, first = table.fresh(), table.fresh()
    measuring = Measuring(table, site, number)
    measuring.add(figures, pointers)
    lazy = table.lazy.with_row_index(number)
    if keys:
        found = lazy.group_by(table.columns(keys)).agg(*measuring.asked, pl.col(number).min().alias(first)).sort(first)
    else:
        found = lazy.select(measuring.asked)
    return table.renumbered(found.with_columns(measuring.made), after, inner)


def _measured(schema: Schema, measure: Measure) -> Column:
    if measure.column is None:
        return Column(name=measure.name, type=LogicalType.INTEGER, nullable=False)
    type = result_type(measure.function, column_of(schema, measure.column).type)
    return Column(name=measure.name, type=type, nullable=measure.function not in ("count", "count_distinct"))


def said(measure: Measure) -> str:
    """A figure as people say it."""
    what = {
        "count": "the number of", "count_distinct": "the number of different", "sum": "the sum of",
        "mean": "the mean of", "median": "the median of", "min": "the smallest", "max": "the largest",
        "first": "the first", "last": "the last", "std": "the standard deviation of", "var": "the variance of",
        "quantile": f"the {measure.q} quantile of",
    }[measure.function]  # fmt: skip
    return f"{what} {measure.column or 'rows'} as {measure.name}"
