"""Clean texts by operations, one after the other."""

from collections.abc import Callable
from typing import Any

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Text
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed, shown, with_columns
from services.transform.steps.words import snake
from services.transform.table import Table

_WORD = r"[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’]*|[^\p{L}\p{M}\p{N}]+"


class TextKind(StepKind[Text]):
    """text"""

    def output_schema(self, schema: Schema, step: Text, report: Report) -> Schema:
        for at, name in enumerate(step.columns):
            report.typed(schema, name, f"/columns/{at}", {LogicalType.STRING}, "be cleaned as text")
        return schema if report.problems else with_columns(schema, _after(schema, step))

    def mentions(self, schema: Schema, step: Text) -> set[str]:
        return set(step.columns)

    def english(self, step: Text, schema: Schema) -> str:
        return f"In {listed(step.columns)} {', then '.join(_said(one) for one in step.operations)}"

    def plan(self, table: Table, step: Text, site: Site) -> Table:
        values = []
        for column in _after(table.schema, step):
            value = table.column(column.name)
            for operation in step.operations:
                value = _OPERATIONS[operation.kind](value, operation)
            values.append((column, value))
        return table.setting(values)


def _after(schema: Schema, step: Text) -> list[Column]:
    emptied = any(operation.kind == "null_if_empty" for operation in step.operations)
    found = [column_of(schema, name) for name in dict.fromkeys(step.columns)]
    return [column.model_copy(update={"nullable": column.nullable or emptied}) for column in found]


def title(value: pl.Expr) -> pl.Expr:
    """Each Word With a Capital; a word goes on behind an apostrophe and behind a digit."""
    capital = pl.element().str.head(1).str.to_uppercase() + pl.element().str.slice(1).str.to_lowercase()
    done = value.str.extract_all(_WORD).list.eval(capital).list.join("")
    return pl.when(value.is_not_null()).then(done)


def strip_accents(value: pl.Expr) -> pl.Expr:
    """Letters without their marks."""
    return value.str.normalize("NFD").str.replace_all(r"\p{Mn}+", "").str.normalize("NFC")


_OPERATIONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "trim": lambda value, about: value.str.strip_chars(about.characters),
    "trim_start": lambda value, about: value.str.strip_chars_start(about.characters),
    "trim_end": lambda value, about: value.str.strip_chars_end(about.characters),
    "collapse": lambda value, about: value.str.replace_all(r"\s+", " ").str.strip_chars(" "),
    "upper": lambda value, about: value.str.to_uppercase(),
    "lower": lambda value, about: value.str.to_lowercase(),
    "title": lambda value, about: title(value),
    "capitalize": lambda value, about: value.str.head(1).str.to_uppercase() + value.str.slice(1).str.to_lowercase(),
    "strip_accents": lambda value, about: strip_accents(value),
    "snake": lambda value, about: snake(value),
    "digits": lambda value, about: value.str.replace_all("[^0-9]+", ""),
    "null_if_empty": lambda value, about: pl.when(value != "").then(value),
    "pad_start": lambda value, about: value.str.pad_start(about.length, about.fill),
    "pad_end": lambda value, about: value.str.pad_end(about.length, about.fill),
    "slice": lambda value, about: value.str.slice(about.start, about.length),
    "normalize_unicode": lambda value, about: value.str.normalize(about.form),
    "remove_prefix": lambda value, about: value.str.strip_prefix(about.text),
    "remove_suffix": lambda value, about: value.str.strip_suffix(about.text),
    "add_prefix": lambda value, about: pl.lit(about.text) + value,
    "add_suffix": lambda value, about: value + pl.lit(about.text),
}


def _said(about: Any) -> str:
    ways: dict[str, Callable[[], str]] = {
        "trim": lambda: f"remove {_characters(about)} at both ends",
        "trim_start": lambda: f"remove {_characters(about)} at the start",
        "trim_end": lambda: f"remove {_characters(about)} at the end",
        "collapse": lambda: "make one space of all white space",
        "upper": lambda: "write in capitals",
        "lower": lambda: "write in small letters",
        "title": lambda: "begin each word with a capital",
        "capitalize": lambda: "begin with a capital",
        "strip_accents": lambda: "remove accents",
        "snake": lambda: "write in snake_case",
        "digits": lambda: "keep only the digits",
        "null_if_empty": lambda: "make empty texts null",
        "pad_start": lambda: f"fill up to {about.length} characters with {shown(about.fill)} at the start",
        "pad_end": lambda: f"fill up to {about.length} characters with {shown(about.fill)} at the end",
        "slice": lambda: f"take {'the rest' if about.length is None else about.length} from {about.start}",
        "normalize_unicode": lambda: f"write in Unicode's form {about.form}",
        "remove_prefix": lambda: f"remove {shown(about.text)} at the start",
        "remove_suffix": lambda: f"remove {shown(about.text)} at the end",
        "add_prefix": lambda: f"put {shown(about.text)} before",
        "add_suffix": lambda: f"put {shown(about.text)} behind",
    }
    return ways[about.kind]()


def _characters(about: Any) -> str:
    return "white space" if about.characters is None else f"the characters {shown(about.characters)}"
