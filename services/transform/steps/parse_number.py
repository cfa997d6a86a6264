"""Read numbers from text as people write them: thousands, decimal comma, currency, percent."""

import re

import polars as pl

from contracts.data import LogicalType, Schema
from contracts.recipe import ParseNumber
from services.transform.conversions import convert
from services.transform.dtypes import DECIMAL
from services.transform.expressions.tree import named
from services.transform.steps.kind import Removal, Report, Site, StepKind, listed
from services.transform.steps.parsing import Reading, read, read_schema
from services.transform.table import Table

# White space that stands in numbers is often not the one of the space bar.
_SPACES = "[ \u00a0\u202f\u2009]"
_CURRENCY = r"^\s*(?:\p{Sc}|[A-Z]{1,2}\p{Sc}|[A-Z]{3}|kr\.?|Fr\.?|zł)\s*|\s*(?:\p{Sc}|[A-Z]{3}|kr\.?|Fr\.?|zł)\s*$"
_SIGNED = r"^[+\-−]\s*"


class ParseNumberKind(StepKind[ParseNumber]):
    """parse_number"""

    def removes(self, step: ParseNumber) -> Removal | None:
        return "quarantined" if step.on_failure == "quarantine" else None

    def output_schema(self, schema: Schema, step: ParseNumber, report: Report) -> Schema:
        for at, column in enumerate(report.columns(schema, step.columns, "/columns")):
            if column.type is not LogicalType.STRING:
                message = f"Numbers are read from text, and {column.name!r} is {named(column.type)}."
                report.add(f"/columns/{at}", "wrong_type", message)
        if step.thousands == step.decimal:
            report.add("/thousands", "repeated", "One sign cannot stand for the thousands and for the point.")
        if step.percent == "fraction" and step.to == "integer":
            report.add("/to", "cannot_convert", "A fraction is no integer; read it as float or decimal.")
        return schema if report.problems else read_schema(schema, _readings(step), step.on_failure)

    def mentions(self, schema: Schema, step: ParseNumber) -> set[str]:
        return set(step.columns)

    def decides(self, schema: Schema, step: ParseNumber) -> set[str]:
        return set(step.columns) if step.on_failure == "quarantine" else set()

    def english(self, step: ParseNumber, schema: Schema) -> str:
        ways = [f"{step.decimal!r} as the decimal sign"] if step.decimal == "," else []
        ways += [f"{step.thousands!r} between thousands"] if step.thousands else []
        ways += ["currency signs"] if step.currency else []
        ways += [{"fraction": "20% as 0.2", "number": "20% as 20"}[step.percent]] if step.percent != "none" else []
        what = {"fail": "", "null": "; what is none becomes null", "quarantine": "; rows with another text wait"}
        way = f", with {listed(ways)}" if ways else ""
        return f"Read {listed(step.columns)} as {named(LogicalType(step.to))}{way}{what[step.on_failure]}"

    def plan(self, table: Table, step: ParseNumber, site: Site) -> Table:
        return read(table, _readings(step), step.on_failure, site)


def _readings(step: ParseNumber) -> list[Reading]:
    target = LogicalType(step.to)
    return [
        Reading(
            name,
            target,
            lambda value: _parsed(value, step, target),
            f"not {named(target)} that can be read",
            place=f"/columns/{at}",
            blank_is_null=True,
        )
        for at, name in enumerate(step.columns)
    ]


def _parsed(value: pl.Expr, step: ParseNumber, target: LogicalType) -> pl.Expr:
    text = value.str.strip_chars()
    negative = text.str.contains(r"^[\-−]")
    if step.currency:
        # (12.30) is how books write -12.30; the sign may stand before the currency or behind it.
        bracketed = text.str.contains(r"^\(.*\)$")
        text = pl.when(bracketed).then(text.str.slice(1, text.str.len_chars().cast(pl.Int64) - 2)).otherwise(text)
        signed = text.str.contains(_SIGNED)
        text = text.str.replace(_SIGNED, "").str.replace_all(_CURRENCY, "")
        again = text.str.contains(r"^[+\-−]")
        negative = bracketed | text.str.contains(r"^[\-−]") | negative
        text = pl.when((bracketed.cast(pl.Int8) + signed.cast(pl.Int8) + again.cast(pl.Int8)) <= 1).then(text)
    text = text.str.replace(_SIGNED if step.currency else r"^[+\-−]", "")
    percent = text.str.contains(r"\s*%$")
    if step.percent != "none":
        text = text.str.replace(r"\s*%$", "")
    digits: pl.Expr = pl.when(text.str.contains(_shape(step))).then(text)
    if step.thousands == " ":
        digits = digits.str.replace_all(_SPACES, "")
    elif step.thousands is not None:
        digits = digits.str.replace_all(step.thousands, "", literal=True)
    if step.decimal == ",":
        digits = digits.str.replace(",", ".", literal=True)
    digits = digits.str.replace(r"\.0*$" if target is LogicalType.INTEGER else r"\.$", "")
    number = convert(pl.when(negative).then("-" + digits).otherwise(digits), LogicalType.STRING, target)
    if step.percent != "fraction":
        return number
    if target is LogicalType.DECIMAL:
        part = (number / pl.lit(100, dtype=DECIMAL)).cast(DECIMAL)
        part = pl.when(part * pl.lit(100, dtype=DECIMAL) == number).then(part)
    else:
        part = number / 100
    return pl.when(percent).then(part).otherwise(number)


def _shape(step: ParseNumber) -> str:
    """What the digits look like: thousands are groups of three, or not there at all."""
    point = re.escape(step.decimal)
    rest = f"(?:{point}[0-9]*)?"
    plain = f"[0-9]+{rest}|{point}[0-9]+"
    if step.thousands is None:
        return f"^(?:{plain})$"
    sign = _SPACES if step.thousands == " " else re.escape(step.thousands)
    return f"^(?:[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+{rest}|{plain})$"
