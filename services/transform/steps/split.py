"""Split texts into columns at a separator or a pattern; the last column takes what is left."""

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Split
from services.transform.steps.kind import Report, Site, Sources, StepKind, listed, shown
from services.transform.steps.placing import after_placing, place
from services.transform.steps.regexes import check_pattern, groups
from services.transform.table import Table


class SplitKind(StepKind[Split]):
    """split"""

    def output_schema(self, schema: Schema, step: Split, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", {LogicalType.STRING}, "be split")
        if step.pattern is not None:
            check_pattern(step.pattern, "/pattern", report)
        return after_placing(schema, _new(step), [] if step.keep else [step.column], report, "/into")

    def mentions(self, schema: Schema, step: Split) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: Split) -> Sources:
        return {name: {step.column} for name in step.into}

    def english(self, step: Split, schema: Schema) -> str:
        at = shown(step.separator) if step.separator is not None else f"the pattern {shown(step.pattern)}"
        return f"Split {step.column} at {at} into {listed(step.into)}" + (f", keep {step.column}" if step.keep else "")

    def plan(self, table: Table, step: Split, site: Site) -> Table:
        values = _parts(table.column(step.column), step)
        return place(table, list(zip(_new(step), values, strict=True)), [] if step.keep else [step.column])


def _new(step: Split) -> list[Column]:
    return [Column(name=name, type=LogicalType.STRING) for name in step.into]


def _parts(text: pl.Expr, step: Split) -> list[pl.Expr]:
    count = len(step.into)
    if step.separator is not None and step.rest == "last":
        found = text.str.splitn(step.separator, count)
        return [found.struct.field(f"field_{at}") for at in range(count)]
    if step.separator is not None or step.rest == "drop":
        sign, literal = (step.separator, True) if step.separator is not None else (step.pattern or "", False)
        parts = text.str.split(sign or "", literal=literal)
        return [parts.list.get(at, null_on_oob=True) for at in range(count)]
    # The engine has no split at a pattern that ends after some parts: what is left is cut again.
    pattern = step.pattern or ""
    found_parts, left = [], text
    cut = f"(?s)^(.*?)(?:{pattern})(.*)$"
    behind = groups(pattern) + 2
    for _ in range(count - 1):
        head = left.str.extract(cut, 1)
        found_parts.append(pl.coalesce(head, left))
        left = pl.when(head.is_not_null()).then(left.str.extract(cut, behind))
    return [*found_parts, left]
