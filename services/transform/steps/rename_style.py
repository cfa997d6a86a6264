"""Put column names into one style, and add or remove what stands before and after them."""

from collections.abc import Callable

from contracts.data import Column, Schema
from contracts.recipe import RenameStyle
from services.transform.steps.kind import Report, Site, Sources, StepKind, listed
from services.transform.steps.words import words
from services.transform.table import Table


class RenameStyleKind(StepKind[RenameStyle]):
    """rename_style"""

    def output_schema(self, schema: Schema, step: RenameStyle, report: Report) -> Schema:
        report.columns(schema, step.columns, "/columns")
        names = _names(schema, step)
        for old, new in names.items():
            place = f"/columns/{step.columns.index(old)}" if old in step.columns else ""
            if not new:
                report.add(place, "name_empty", f"Nothing would be left of the name {old!r}.")
            elif list(names.values()).count(new) > 1:
                report.add(place, "name_taken", f"There would be two columns named {new!r}.")
        return schema if report.problems else _renamed(schema, names)

    def mentions(self, schema: Schema, step: RenameStyle) -> set[str]:
        return set(step.columns)

    def sources(self, schema: Schema, step: RenameStyle) -> Sources:
        return {new: {old} for old, new in _names(schema, step).items()}

    def english(self, step: RenameStyle, schema: Schema) -> str:
        ways = [f"in {step.style} style"] if step.style else []
        ways += [f"without {step.strip_prefix!r} at the start"] if step.strip_prefix else []
        ways += [f"without {step.strip_suffix!r} at the end"] if step.strip_suffix else []
        ways += [f"with {step.prefix!r} at the start"] if step.prefix else []
        ways += [f"with {step.suffix!r} at the end"] if step.suffix else []
        return f"Rename {listed(step.columns)}: {listed(ways)}"

    def plan(self, table: Table, step: RenameStyle, site: Site) -> Table:
        names = _names(table.schema, step)
        inner = {names[name]: engine for name, engine in table.inner.items()}
        return table.then(table.lazy, _renamed(table.schema, names), inner)


def _names(schema: Schema, step: RenameStyle) -> dict[str, str]:
    meant = set(step.columns or schema.names)
    return {name: _styled(name, step) if name in meant else name for name in schema.names}


def _renamed(schema: Schema, names: dict[str, str]) -> Schema:
    return Schema(
        columns=tuple(
            Column(name=names[column.name], type=column.type, nullable=column.nullable) for column in schema.columns
        )
    )


def _styled(name: str, step: RenameStyle) -> str:
    name = name.removeprefix(step.strip_prefix).removesuffix(step.strip_suffix)
    if step.style is not None:
        name = _STYLES[step.style](name)
    return f"{step.prefix}{name}{step.suffix}"


_STYLES: dict[str, Callable[[str], str]] = {
    "snake": lambda name: "_".join(word.lower() for word in words(name)),
    "kebab": lambda name: "-".join(word.lower() for word in words(name)),
    "camel": lambda name: _pascal(name)[:1].lower() + _pascal(name)[1:],
    "pascal": lambda name: _pascal(name),
    "title": lambda name: " ".join(word[:1].upper() + word[1:].lower() for word in words(name)),
    "upper": str.upper,
    "lower": str.lower,
}


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:].lower() for word in words(name))
