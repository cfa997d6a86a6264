"""Sort numbers into classes: between given edges, or in a number of classes of equal width or of equal size."""

import itertools

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType, Schema
from contracts.recipe import Bin
from services.transform.conversions import to_text
from services.transform.steps.exact import quantile_of
from services.transform.steps.kind import MAX_COLUMNS, Report, Site, Sources, StepKind, listed, with_column
from services.transform.table import Table


class BinKind(StepKind[Bin]):
    """bin"""

    def sees_all(self, step: Bin) -> bool:
        return step.edges is None

    def output_schema(self, schema: Schema, step: Bin, report: Report) -> Schema:
        report.typed(schema, step.column, "/column", NUMBERS, "be sorted into classes")
        if len(schema.columns) >= MAX_COLUMNS and schema.column(step.into) is None:
            report.add("/into", "too_many", f"A table has at most {MAX_COLUMNS} columns.")
        return schema if report.problems else with_column(schema, step.into, LogicalType.STRING, True)

    def mentions(self, schema: Schema, step: Bin) -> set[str]:
        return {step.column}

    def sources(self, schema: Schema, step: Bin) -> Sources:
        return {step.into: {step.column}}

    def english(self, step: Bin, schema: Schema) -> str:
        if step.edges is not None:
            how = f"at {listed([f'{edge:g}' for edge in step.edges])}"
        else:
            how = f"into {step.count} classes of equal {'width' if step.method == 'width' else 'size'}"
        named = f", called {listed(step.labels)}" if step.labels else ""
        return f"Sort {step.column} {how}{named}, in {step.into}"

    def plan(self, table: Table, step: Bin, site: Site) -> Table:
        value = table.column(step.column).cast(pl.Float64)
        value = pl.when(value.is_not_nan()).then(value)
        if step.edges is not None:
            result = _between(value, step)
        elif step.method == "width":
            result = _by_width(value, step)
        else:
            result = _by_size(value, step)
        return table.setting([(Column(name=step.into, type=LogicalType.STRING), result)])


def _between(value: pl.Expr, step: Bin) -> pl.Expr:
    edges = step.edges or ()
    inside = pl.lit(True)
    if step.outside == "null":
        inside = (value >= edges[0]) & (value <= edges[-1])
        inner = edges[1:-1]
    else:
        inner = edges
    return _named(pl.when(inside).then(value), inner, list(step.labels or _written(step)), step)


def _named(value: pl.Expr, inner: tuple[float, ...], labels: list[str], step: Bin) -> pl.Expr:
    """The label of the class: how many of the inner edges lie below."""
    found: pl.Expr = pl.when(value.is_not_null()).then(pl.lit(labels[-1]))
    for edge, label in reversed(list(zip(inner, labels, strict=False))):
        below = value < edge if step.closed == "left" else value <= edge
        found = pl.when(below).then(pl.lit(label)).otherwise(found)
    return found


def _written(step: Bin) -> list[str]:
    edges = [f"{edge:.12g}" for edge in step.edges or ()]
    left, right = ("[", ")") if step.closed == "left" else ("(", "]")
    labels = [f"{left}{low}, {high}{right}" for low, high in itertools.pairwise(edges)]
    if step.outside == "null":
        if step.closed == "left":
            labels[-1] = labels[-1][:-1] + "]"
        else:
            labels[0] = "[" + labels[0][1:]
        return labels
    low, high = ("<", "≥") if step.closed == "left" else ("≤", ">")
    return [f"{low} {edges[0]}", *labels, f"{high} {edges[-1]}"]


def _by_width(value: pl.Expr, step: Bin) -> pl.Expr:
    finite = pl.when(value.is_finite()).then(value)
    low, high, count = finite.min(), finite.max(), step.count or 1
    # Each end by itself: the range may be too large for a float.
    width = (high / count) - (low / count)
    edges = [low + width * at for at in range(count)] + [high]
    return _computed(finite, edges, step)


def _by_size(value: pl.Expr, step: Bin) -> pl.Expr:
    finite, count = pl.when(value.is_finite()).then(value), step.count or 1
    edges = [quantile_of(finite, at / count) for at in range(count + 1)]
    return _computed(finite, edges, step)


def _computed(value: pl.Expr, edges: list[pl.Expr], step: Bin) -> pl.Expr:
    """Between edges that the values themselves give; all values lie inside."""
    count = len(edges) - 1
    inner = edges[1:-1]
    found: pl.Expr | None = None
    for at in reversed(range(count)):
        label = pl.lit(step.labels[at]) if step.labels is not None else _label(edges, at, step)
        if found is None:
            found = pl.when(value.is_not_null()).then(label)
            continue
        below = value < inner[at] if step.closed == "left" else value <= inner[at]
        found = pl.when(below).then(label).otherwise(found)
    return found if found is not None else pl.lit(None, dtype=pl.String())


def _label(edges: list[pl.Expr], at: int, step: Bin) -> pl.Expr:
    count = len(edges) - 1
    left = "[" if step.closed == "left" or at == 0 else "("
    right = "]" if step.closed == "right" or at == count - 1 else ")"
    low, high = (to_text(edge, LogicalType.FLOAT) for edge in (edges[at], edges[at + 1]))
    return pl.concat_str(pl.lit(left), low, pl.lit(", "), high, pl.lit(right))
