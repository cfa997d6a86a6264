"""Hide values: hashes that still match one another, or text of which only a part can be seen."""

import hashlib
import hmac
from collections.abc import Callable

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Mask
from services.transform.conversions import to_text
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed, with_columns
from services.transform.table import Table

_TEXTS = frozenset(LogicalType) - {LogicalType.BINARY}


class MaskKind(StepKind[Mask]):
    """mask"""

    def output_schema(self, schema: Schema, step: Mask, report: Report) -> Schema:
        for at, name in enumerate(step.columns):
            report.typed(schema, name, f"/columns/{at}", _TEXTS, "be masked")
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: Mask) -> set[str]:
        return set(step.columns)

    def english(self, step: Mask, schema: Schema) -> str:
        ways = {
            "hash": "with a hash (SHA-256)",
            "keyed_hash": f"with a hash keyed by the secret {step.key}",
            "email": "but for the first letter and the domain of the e-mail address",
            "phone": f"but for the last {step.keep} digits of the phone number",
            "redact": "altogether",
            "partial": f"but for the last {step.keep} characters",
        }
        return f"Mask {listed(step.columns)} {ways[step.method]}"

    def plan(self, table: Table, step: Mask, site: Site) -> Table:
        values = []
        for column in _after(table.schema, step):
            source = column_of(table.schema, column.name)
            values.append((column, _masked(to_text(table.column(column.name), source.type), step, site)))
        return table.setting(values)


def _after(schema: Schema, step: Mask) -> list[Column]:
    found = [column_of(schema, name) for name in dict.fromkeys(step.columns)]
    return [Column(name=column.name, type=LogicalType.STRING, nullable=column.nullable) for column in found]


def _masked(text: pl.Expr, step: Mask, site: Site) -> pl.Expr:
    if step.method == "hash":
        return _hashed(text, lambda value: hashlib.sha256(value).hexdigest())
    if step.method == "keyed_hash":
        key = site.run.key(step.key)
        return _hashed(text, lambda value: hmac.digest(key, value, "sha256").hex())
    stars = step.character * 3
    if step.method == "redact":
        return pl.when(text.is_not_null()).then(pl.lit(stars))
    if step.method == "email":
        name, domain = text.str.extract(r"^\s*([^@\s])[^@\s]*@", 1), text.str.extract(r"@([^@\s]+)\s*$", 1)
        whole = text.str.contains(r"^\s*[^@\s]+@[^@\s]+\s*$")
        return (
            pl.when(whole)
            .then(name + pl.lit(f"{stars}@") + domain)
            .otherwise(pl.when(text.is_not_null()).then(pl.lit(stars)))
        )
    if step.method == "partial":
        tail = pl.when(text.str.len_chars() > step.keep).then(text.str.tail(step.keep)).otherwise(pl.lit(""))
        return _starred(text, tail, "(?s).", step)
    seen = f"((?:[0-9][^0-9]*){{{step.keep}}})$" if step.keep else "()$"
    tail = (
        pl.when(text.str.count_matches("[0-9]") > step.keep)
        .then(text.str.extract(f"(?s){seen}", 1))
        .otherwise(pl.lit(""))
    )
    return _starred(text, tail, "[0-9]", step)


def _starred(text: pl.Expr, tail: pl.Expr, hidden: str, step: Mask) -> pl.Expr:
    """What stands before the tail with its characters hidden, and the tail."""
    length = text.str.len_chars().cast(pl.Int64) - tail.str.len_chars().cast(pl.Int64)
    return text.str.slice(0, length).str.replace_all(hidden, step.character.replace("$", "$$")) + tail


def _hashed(text: pl.Expr, digest: Callable[[bytes], str]) -> pl.Expr:
    """The engine has no such hash, so each different value of a batch is hashed once, by the library's own code."""

    def run(values: pl.Series) -> pl.Series:
        different = values.drop_nulls().unique()
        hashes = pl.Series([digest(value.encode()) for value in different], dtype=pl.String())
        return values.replace_strict(different, hashes, default=None, return_dtype=pl.String())

    return text.map_batches(run, return_dtype=pl.String(), is_elementwise=True)
