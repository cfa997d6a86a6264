"""What a SQL query is made of: plans over tables that know their columns and their lineage before they run."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from contracts.data import Schema
from contracts.recipe import Aggregate, Deduplicate, Join, JoinKey, Limit, Measure, Sort, SortKey, Union
from services.transform.expressions.lowering import lower
from services.transform.expressions.texts import check_patterns
from services.transform.expressions.tree import ExpressionInvalid, Node
from services.transform.expressions.tree import columns as columns_of
from services.transform.steps.aggregate import AggregateKind
from services.transform.steps.deduplicate import DeduplicateKind
from services.transform.steps.join import JoinKind
from services.transform.steps.kind import Report, Site, StepKind, Tell, column_of, with_column
from services.transform.steps.limit import LimitKind
from services.transform.steps.parsing import barred
from services.transform.steps.sort import SortKind
from services.transform.steps.union import UnionKind
from services.transform.table import Table

MAX_SIZE = 500  # operations, where what is named twice is run twice
_OTHER = "other"
Reads = Mapping[str, frozenset[str]]  # column → the columns of the step's input of which its values are made


@dataclass(frozen=True)
class Running:
    """Where a plan runs: the tables by their names, and the step's own place."""

    tables: Mapping[str, Callable[[], Table]]
    site: Site


@dataclass(frozen=True)
class Plan:
    """A table that a part of a query gives."""

    schema: Schema
    reads: Reads
    deciding: frozenset[str]  # the columns of the input on which it depends which rows there are
    make: Callable[[Running], Table]
    size: int = 1

    def but(self, schema: Schema, reads: Reads, make: Callable[[Running], Table], *others: "Plan") -> "Plan":
        """What an operation makes of it, and of other tables."""
        size = self.size + sum(other.size for other in others) + 1
        if size > MAX_SIZE:
            raise ExpressionInvalid("too_large", "The query is too large; make several steps of it.")
        return Plan(schema, reads, self.deciding.union(*(other.deciding for other in others)), make, size)

    def decided_by(self, names: Sequence[str]) -> "Plan":
        """The same, whose rows depend on some of its columns."""
        found = frozenset(one for name in names for one in self.reads[name])
        return Plan(self.schema, self.reads, self.deciding | found, self.make, self.size)


def table(name: str, schema: Schema, reads: Reads) -> Plan:
    """A table that was there before."""
    return Plan(schema, reads, frozenset(), lambda running: running.tables[name]())


def filtered(plan: Plan, condition: Node, place: str) -> Plan:
    """Only the rows for which a condition is true."""
    check_patterns(condition)

    def make(running: Running) -> Table:
        found = plan.make(running)
        return found.then(found.lazy.filter(_lowered(condition, found, running, place)))

    return plan.decided_by(columns_of(condition)).but(plan.schema, plan.reads, make)


def derived(plan: Plan, values: Sequence[tuple[str, Node]], place: str) -> Plan:
    """With more columns, which all see the table as it was."""
    schema, reads = plan.schema, dict(plan.reads)
    for name, value in values:
        if value.type is None:
            raise ExpressionInvalid("wrong_type", "This null has no type; write CAST(NULL AS …).")
        check_patterns(value)
        schema = with_column(schema, name, value.type, value.nullable)
        reads[name] = frozenset(one for source in columns_of(value) for one in plan.reads[source])

    def make(running: Running) -> Table:
        found = plan.make(running)
        added = [(column_of(schema, name), _lowered(value, found, running, place)) for name, value in values]
        found = found.setting(added)
        return barred(found) if any(value.fallible for _, value in values) else found

    return plan.but(schema, reads, make) if values else plan


def named(plan: Plan, names: Mapping[str, str]) -> Plan:
    """Only these columns, in this order: new name → the name it had."""
    columns = [column_of(plan.schema, old).model_copy(update={"name": new}) for new, old in names.items()]
    reads = {new: plan.reads[old] for new, old in names.items()}

    def make(running: Running) -> Table:
        return plan.make(running).keeping(columns, dict(names))

    return plan.but(Schema(columns=tuple(columns)), reads, make)


def aggregated(plan: Plan, keys: Sequence[str], measures: Sequence[Measure]) -> Plan:
    """One row for each key."""
    step = Aggregate(keys=tuple(keys), measures=tuple(measures))
    reads = {key: plan.reads[key] for key in keys}
    reads |= {one.name: frozenset() if one.column is None else plan.reads[one.column] for one in measures}
    return _step(plan.decided_by(keys), AggregateKind(), step, reads)


def distinct(plan: Plan) -> Plan:
    """One of rows that are equal."""
    return _step(plan.decided_by(plan.schema.names), DeduplicateKind(), Deduplicate(), plan.reads)


def ordered(plan: Plan, by: Sequence[tuple[str, bool]]) -> Plan:
    """In the order of these columns; true: descending."""
    keys = tuple(SortKey(column=name, descending=down) for name, down in by)
    return _step(plan.decided_by([name for name, _ in by]), SortKind(), Sort(by=keys), plan.reads)


def limited(plan: Plan, rows: int | None, offset: int) -> Plan:
    """The first rows behind an offset."""
    return _step(plan, LimitKind(), Limit(rows=2**62 if rows is None else rows, offset=offset), plan.reads)


def joined(plan: Plan, other: Plan, how: Any, on: Sequence[tuple[str, str]]) -> Plan:
    """With the rows of another table, whose columns have names that this one does not have."""
    alone = how in ("semi", "anti")
    keys = tuple(JoinKey(left=left, right=right) for left, right in on)
    columns = None if alone else other.schema.names
    step = Join.model_validate({"with": _OTHER, "how": how, "on": keys, "columns": columns})
    deciding = other.decided_by([right for _, right in on])
    reads = dict(plan.reads) if alone else {**plan.reads, **other.reads}
    return _step(plan.decided_by([left for left, _ in on]), JoinKind(), step, reads, deciding)


def stacked(plan: Plan, other: Plan) -> Plan:
    """The rows of both, column by place."""
    step = Union.model_validate({"with": [_OTHER], "by": "position"})
    pairs = zip(plan.schema.names, other.schema.names, strict=False)
    reads = {mine: plan.reads[mine] | other.reads[theirs] for mine, theirs in pairs}
    return _step(plan, UnionKind(), step, reads, other)


def _step(plan: Plan, kind: StepKind[Any], step: Any, reads: Reads, *others: Plan) -> Plan:
    """What a step of the recipe language makes of it."""
    report = Report("", inputs={_OTHER: others[0].schema} if others else {})
    schema = kind.output_schema(plan.schema, step, report)
    if report.problems:
        raise ExpressionInvalid(report.problems[0].code, report.problems[0].message)

    def make(running: Running) -> Table:
        inside = _Inside(running.site.run, others[0].make(running) if others else None)
        site = Site(f"{running.site.pointer}/query", 0, running.site.witness, inside)
        return kind.plan(plan.make(running), step, site)

    return plan.but(schema, reads, make, *others)


def _lowered(value: Node, found: Table, running: Running, place: str) -> pl.Expr:
    return lower(value, found.inner, running.site.pointer + place, running.site.witness)


class _Inside(Tell):
    """The run as a part of a query sees it: its rows are not in the books, the step's as a whole are."""

    def __init__(self, run: Tell, other: Table | None) -> None:
        self._run = run
        self._other = other

    def set_aside(self, rows: pl.DataFrame) -> None:
        self._run.set_aside(rows)

    def kept(self, pointer: str, rows: int) -> None:
        return

    def probe(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        return self._run.probe(lazy)

    @property
    def counts(self) -> bool:
        return self._run.counts

    @property
    def inputs(self) -> Collection[str]:
        return (_OTHER,)

    def other(self, name: str, table: Table) -> Table:
        if self._other is None:
            raise KeyError(name)
        return self._other

    def key(self, name: str) -> bytes:
        return self._run.key(name)
