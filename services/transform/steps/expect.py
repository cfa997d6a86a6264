"""What a contract says of values, looked at while rows pass: counted, set aside, or the end of the run."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import polars as pl

from contracts.checks import (
    AllowedCheck,
    Check,
    CheckOutcome,
    LengthCheck,
    NotNullCheck,
    PatternCheck,
    RangeCheck,
    UniqueCheck,
)
from contracts.data import Column, LogicalType, Schema
from services.transform.conversions import to_text
from services.transform.dtypes import DTYPES
from services.transform.expressions.analysis import unknown_column
from services.transform.expressions.patterns import check_regex
from services.transform.expressions.tree import ExpressionInvalid, named
from services.transform.steps.kind import Removal, Report, Site, StepKind, listed
from services.transform.table import ROW, Table

Side = Literal["input", "output"]
MAX_RAW = 10_000
_MAX_SHOWN = 100
_ORDERED = set(LogicalType) - {LogicalType.BOOLEAN, LogicalType.BINARY}


@dataclass
class Findings:
    """How many rows came by, and how many of them did not pass each check."""

    checks: int
    rows: int = 0
    failed: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.failed = [0] * self.checks

    def add(self, rows: int, failed: Sequence[int]) -> None:
        """Some more rows."""
        with self._lock:
            self.rows += rows
            self.failed = [before + more for before, more in zip(self.failed, failed, strict=True)]


@dataclass(frozen=True)
class Expect:
    """The checks of one side of a module's contract that a run looks at; their places in the contract beside them."""

    side: Side
    checks: tuple[Check, ...]
    places: tuple[int, ...]
    findings: Findings
    kind: str = "check"

    def outcomes(self, module: str) -> list[CheckOutcome]:
        """What was found."""
        found = self.findings
        return [
            CheckOutcome(module=module, side=self.side, check=check, rows=found.rows, failed=failed)
            for check, failed in zip(self.checks, found.failed, strict=True)
        ]


def expected(side: Side, checks: Sequence[Check]) -> Expect | None:
    """The step for those checks that a run is to look at; None when there are none."""
    looked = [(at, check) for at, check in enumerate(checks) if check.enforcement != "documented"]
    if not looked:
        return None
    return Expect(side, tuple(check for _, check in looked), tuple(at for at, _ in looked), Findings(len(looked)))


def judged(side: Side, checks: Sequence[Check], schema: Schema, report: Report) -> None:
    """Whether the checks can be looked at in these columns, also those that are only written down."""
    for at, check in enumerate(checks):
        place = f"/{side}_checks/{at}"
        for name in check.named:
            if schema.column(name) is None:
                report.add(place, "column_unknown", unknown_column(name, list(schema.names)).message)
        column = schema.column(check.named[0])
        if column is not None and (said := _unfit(check, column)) is not None:
            report.add(place, "wrong_type", said)


class ExpectKind(StepKind[Expect]):
    """check"""

    def removes(self, step: Expect) -> Removal | None:
        return "quarantined" if any(check.enforcement == "quarantine" for check in step.checks) else None

    def output_schema(self, schema: Schema, step: Expect, report: Report) -> Schema:
        return schema

    def mentions(self, schema: Schema, step: Expect) -> set[str]:
        return {name for check in step.checks for name in check.named}

    def english(self, step: Expect, schema: Schema) -> str:
        return f"Check that {listed([said(check) for check in step.checks])}"

    def plan(self, table: Table, step: Expect, site: Site) -> Table:
        marks = [table.fresh() for _ in step.checks]
        texts = _texts(table)

        def look(rows: pl.DataFrame) -> pl.DataFrame:
            failed = [int(rows[mark].sum()) for mark in marks]
            if site.run.counts:
                step.findings.add(rows.height, failed)
            for check, place, mark, count in zip(step.checks, step.places, marks, failed, strict=True):
                if count and check.enforcement == "fail":
                    shown = _shown(rows.filter(pl.col(mark)).head(1), check, table)
                    site.witness.refuse(f"{shown}: {said(check)} was promised.", f"{site.pointer}/{place}")
            held = [
                (check, mark)
                for check, mark in zip(step.checks, marks, strict=True)
                if check.enforcement == "quarantine"
            ]
            if not held:
                return rows.drop(marks)
            aside = pl.any_horizontal(pl.col(mark) for _, mark in held)
            gone = rows.filter(aside)
            if gone.height:
                site.run.set_aside(_described(gone, held, table, texts))
            return rows.filter(~aside).drop(marks)

        marked = table.lazy.select(
            *table.frame_schema,
            *(_violated(check, table).alias(mark) for check, mark in zip(step.checks, marks, strict=True)),
        )
        return table.then(marked.map_batches(look, schema=table.frame_schema, streamable=True))


class ExpectUniqueKind(ExpectKind):
    """check, where one of them compares rows with one another"""

    whole = True


def kind_of(step: Expect) -> ExpectKind:
    """Rows are compared with one another only where a check asks for it."""
    return ExpectUniqueKind() if any(isinstance(check, UniqueCheck) for check in step.checks) else ExpectKind()


def said(check: Check) -> str:
    """A check in a few words."""
    if isinstance(check, NotNullCheck):
        return "a value"
    if isinstance(check, UniqueCheck):
        return "a value of its own" if len(check.columns) == 1 else "values of its own"
    if isinstance(check, AllowedCheck):
        return (
            "one of " + ", ".join(str(value) for value in check.values[:5]) + (", …" if len(check.values) > 5 else "")
        )
    if isinstance(check, PatternCheck):
        return f"a text like {check.pattern}"
    what = "a length " if isinstance(check, LengthCheck) else "a value "
    if check.minimum is None or check.maximum is None:
        return what + (f"of at most {check.maximum}" if check.minimum is None else f"of at least {check.minimum}")
    return f"{what}between {check.minimum} and {check.maximum}"


def _violated(check: Check, table: Table) -> pl.Expr:
    value = table.column(check.named[0])
    type = _type(table.schema, check.named[0])
    match check:
        case NotNullCheck():
            return value.is_null()
        case UniqueCheck():
            columns = [table.column(name) for name in check.columns]
            there = pl.all_horizontal(column.is_not_null() for column in columns)
            return there & (pl.len().over(columns) > 1)
        case RangeCheck():
            low, high = (None if bound is None else _bound(bound, type) for bound in (check.minimum, check.maximum))
            outside = pl.lit(False)
            if low is not None:
                outside = outside | (value < pl.lit(low, dtype=DTYPES[type]))
            if high is not None:
                outside = outside | (value > pl.lit(high, dtype=DTYPES[type]))
        case AllowedCheck():
            allowed = pl.Series([_bound(one, type) for one in check.values], dtype=DTYPES[type])
            outside = ~value.is_in(allowed.implode())
        case PatternCheck():
            outside = ~value.str.contains(check.pattern)
        case LengthCheck():
            length = value.str.len_chars()
            outside = pl.lit(False)
            if check.minimum is not None:
                outside = outside | (length < check.minimum)
            if check.maximum is not None:
                outside = outside | (length > check.maximum)
    return outside.fill_null(False)


def _unfit(check: Check, column: Column) -> str | None:
    """Why a check cannot be looked at in a column of that type."""
    is_, quoted = named(column.type), repr(column.name)
    if isinstance(check, PatternCheck | LengthCheck) and column.type is not LogicalType.STRING:
        return f"Only texts have a pattern or a length, and {quoted} is {is_}."
    if isinstance(check, PatternCheck):
        return _pattern_problem(check.pattern)
    if isinstance(check, RangeCheck) and column.type not in _ORDERED:
        return f"There is no range of {is_}; {quoted} is that."
    if isinstance(check, RangeCheck | AllowedCheck):
        values = check.values if isinstance(check, AllowedCheck) else (check.minimum, check.maximum)
        for value in values:
            try:
                if value is not None:
                    _bound(value, column.type)
            except (ValueError, TypeError, InvalidOperation):
                return f"{value!r} is no value of {quoted}, which is {is_}."
    return None


def _pattern_problem(pattern: str) -> str | None:
    try:
        check_regex(pattern, None, "")
        pl.Series([""]).str.contains(pattern)
    except ExpressionInvalid as error:
        return error.message
    except pl.exceptions.ComputeError:
        return "The pattern cannot be used: it is malformed, or too large."
    return None


def _bound(value: Any, type: LogicalType) -> Any:
    """A written value as one of the column's type; raises ValueError, TypeError or InvalidOperation."""
    if type is LogicalType.BOOLEAN:
        if isinstance(value, bool):
            return value
    elif isinstance(value, bool):
        pass
    elif type is LogicalType.STRING:
        if isinstance(value, str):
            return value
    elif type is LogicalType.INTEGER:
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return value
    elif type is LogicalType.FLOAT:
        if isinstance(value, int | float):
            return float(value)
    elif type is LogicalType.DECIMAL:
        found = Decimal(str(value))
        if found.is_finite() and abs(found) < Decimal(10) ** 29:
            return found.quantize(Decimal("1e-9")) if found == round(found, 9) else _refuse(value)
    elif isinstance(value, str):
        if type is LogicalType.DATE:
            return date.fromisoformat(value)
        if type is LogicalType.TIME:
            return time.fromisoformat(value)
        if type is LogicalType.TIMESTAMP:
            found_at = datetime.fromisoformat(value)
            return found_at if found_at.tzinfo is None else _refuse(value)
        if type is LogicalType.TIMESTAMP_TZ:
            found_at = datetime.fromisoformat(value)
            return found_at.replace(tzinfo=found_at.tzinfo or UTC).astimezone(UTC)
    return _refuse(value)


def _refuse(value: Any) -> Any:
    raise ValueError(f"{value!r} is no value of this type")


def _type(schema: Schema, name: str) -> LogicalType:
    column = schema.column(name)
    if column is None:
        raise KeyError(name)
    return column.type


def _texts(table: Table) -> list[pl.Expr]:
    return [
        (
            table.column(column.name).bin.encode("base64")
            if column.type is LogicalType.BINARY
            else to_text(table.column(column.name), column.type)
        ).alias(table.inner[column.name])
        for column in table.schema.columns
    ]


def _shown(row: pl.DataFrame, check: Check, table: Table) -> str:
    texts = row.select(_texts(table))
    parts = []
    for name in check.named:
        text = texts[table.inner[name]].item()
        shown = "null" if text is None else repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
        parts.append(f"column {name!r} is {shown}")
    where = f"Row {row[ROW].item()}, " if table.carries_row else "In some row, "
    return where + " and ".join(parts)


def _described(
    gone: pl.DataFrame, held: Sequence[tuple[Check, str]], table: Table, texts: Sequence[pl.Expr]
) -> pl.DataFrame:
    """One line for each row that is set aside: its number, the first check it did not pass, and all it held."""
    shown = gone.select(*texts, *(pl.col(mark) for _, mark in held))
    column: pl.Expr = pl.lit(None, dtype=pl.String())
    value = reason = column
    for check, mark in reversed(held):
        column = pl.when(pl.col(mark)).then(pl.lit(", ".join(check.named))).otherwise(column)
        value = pl.when(pl.col(mark)).then(pl.col(table.inner[check.named[0]])).otherwise(value)
        reason = pl.when(pl.col(mark)).then(pl.lit(f"not {said(check)}")).otherwise(reason)
    record = shown.select(pl.col(inner).alias(name) for name, inner in table.inner.items())
    raw = record.to_struct("raw").struct.json_encode()
    number = gone[ROW].cast(pl.Int64) if table.carries_row else pl.Series([None] * gone.height, dtype=pl.Int64)
    return shown.select(
        number.alias("row"),
        reason.alias("reason"),
        column.alias("column"),
        value.alias("value"),
        pl.when(raw.str.len_chars() > MAX_RAW).then(raw.str.slice(0, MAX_RAW) + "…").otherwise(raw).alias("raw"),
    )
