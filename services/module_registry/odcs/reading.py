"""Reads data contracts of the Open Data Contract Standard, our own and those of others: columns and checks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.checks import Check
from contracts.commands.connector import Problem
from contracts.data import Column, LogicalType, Schema
from contracts.module_code import Side
from services.module_registry.code.reading import CodeRefused, Path, Text, read

M = TypeVar("M", bound=BaseModel)
SideName = Literal["input", "output"]
MAX_NOTES = 100
_CHECK: TypeAdapter[Check] = TypeAdapter(Check)
_TYPES = {type.value: type for type in LogicalType}
_LOGICAL = {
    "boolean": LogicalType.BOOLEAN,
    "integer": LogicalType.INTEGER,
    "number": LogicalType.FLOAT,
    "string": LogicalType.STRING,
    "date": LogicalType.DATE,
    "time": LogicalType.TIME,
    "timestamp": LogicalType.TIMESTAMP,
}
# How databases name types; what a contract says of the logical type is coarser.
_PHYSICAL: tuple[tuple[re.Pattern[str], LogicalType], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), type)
    for pattern, type in (
        (r"(small|big|tiny)?int(eger)?[0-9]*\b|long\b", LogicalType.INTEGER),
        (r"(decimal|numeric|number)\b", LogicalType.DECIMAL),
        (r"(double|float|real)", LogicalType.FLOAT),
        (r"bool", LogicalType.BOOLEAN),
        (r"timestamptz|timestamp_tz|timestamp.*with time zone|timestamp_ltz", LogicalType.TIMESTAMP_TZ),
        (r"(timestamp|datetime)", LogicalType.TIMESTAMP),
        (r"date\b", LogicalType.DATE),
        (r"time\b", LogicalType.TIME),
        (r"(bytea|blob|(var)?binary)", LogicalType.BINARY),
        (r"((n?var)?char|text|string|uuid)", LogicalType.STRING),
    )
)
_METRICS = {
    "nullValues": "nulls",
    "nullCheck": "nulls",
    "duplicateValues": "duplicates",
    "duplicateCount": "duplicates",
    "invalidValues": "values",
    "validValues": "values",
}
_SEVERITY = {"info": "documented", "warning": "warn", "error": "documented"}


@dataclass
class Found:
    """What a contract says of a module: a side that it does not speak of is None."""

    input: Side | None = None
    output: Side | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Something that was not taken over."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(text)


def contracts_in(source: str, alone: SideName = "input") -> Found:
    """The columns and checks in a document; its only table is that of the side `alone`. Raises CodeRefused."""
    text = read(source)
    document = text.document
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise _refused(text, (), "not_a_contract", "This is no data contract: it says no `kind: DataContract`.")
    version = str(document.get("apiVersion", ""))
    if not version.startswith("v3."):
        raise _refused(text, ("apiVersion",), "version", "Versions 3 of the standard are read: `apiVersion: v3.1.0`.")
    tables = document.get("schema")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise _refused(text, ("schema",), "no_schema", "The contract has no table under `schema`.")
    found = Found()
    for at, table in enumerate(tables):
        name = table.get("name")
        side = alone if len(tables) == 1 and name not in ("input", "output") else name
        if side not in ("input", "output"):
            said = "Of several tables, one is named `input` and one `output`."
            raise _refused(text, ("schema", at, "name"), "which_side", said)
        setattr(found, side, _side(text, ("schema", at), table, found))
    return found


def _side(text: Text, path: Path, table: Mapping[str, Any], found: Found) -> Side:
    columns: list[Column] = []
    checks: list[Check] = []
    for at, said in enumerate(_list(table, "properties")):
        place = (*path, "properties", at)
        if not isinstance(said, dict) or not isinstance(said.get("name"), str):
            raise _refused(text, place, "no_name", "A column has a name.")
        own, nullable = _values(said), said.get("required") is not True
        if own.get("nullable") is True:
            nullable = True
        columns.append(_valid(text, place, Column, name=said["name"], type=_type(text, place, said), nullable=nullable))
        checks += _checks(text, place, said, said["name"], found)
    checks += _rules(text, path, table, None, found)
    try:
        Schema(columns=tuple(columns))
    except ValidationError as error:
        raise _refused(text, (*path, "properties"), "columns", _words(error)) from None
    return _valid(text, path, Side, columns=tuple(columns), checks=tuple(checks))


def _type(text: Text, place: Path, said: Mapping[str, Any]) -> LogicalType:
    physical, logical = said.get("physicalType"), said.get("logicalType")
    if physical in _TYPES:
        return _TYPES[physical]
    if logical == "timestamp" and _mapping(said, "logicalTypeOptions").get("timezone") is True:
        return LogicalType.TIMESTAMP_TZ
    if isinstance(physical, str) and logical in (None, "number", "date", "timestamp", "string"):
        for pattern, type in _PHYSICAL:
            if pattern.match(physical.strip()):
                return type
    if logical in _LOGICAL:
        return _LOGICAL[str(logical)]
    known = ", ".join(_LOGICAL)
    shown = str(logical if logical is not None else physical)[:100]
    raise _refused(text, (*place, "logicalType"), "type", f"No column is of type {shown!r}; there are {known}.")


def _checks(text: Text, place: Path, said: Mapping[str, Any], name: str, found: Found) -> Iterator[Check]:
    rules = _list(said, "quality")
    yield from _rules(text, place, said, name, found)
    if any("enforcement" in _values(rule) for rule in rules if isinstance(rule, dict)):
        return  # We wrote it: the rules say all that the options say, and what is done about it.
    if said.get("unique") is True:
        yield _check(text, (*place, "unique"), {"kind": "unique", "columns": [name]})
    options = _mapping(said, "logicalTypeOptions")
    where = (*place, "logicalTypeOptions")
    for kind, names in (("range", ("minimum", "maximum")), ("length", ("minLength", "maxLength"))):
        bounds = dict(zip(("minimum", "maximum"), (options.get(one) for one in names), strict=True))
        if any(bound is not None for bound in bounds.values()):
            yield _check(text, where, {"kind": kind, "column": name} | bounds)
    if isinstance(options.get("pattern"), str):
        yield _check(text, where, {"kind": "pattern", "column": name, "pattern": options["pattern"]})
    read_here = {"minimum", "maximum", "minLength", "maxLength", "pattern", "timezone", "format"}
    for option in sorted(map(str, set(options) - read_here)):
        found.note(f"column {name!r}: the option {option[:100]!r} is not taken over")


def _rules(text: Text, place: Path, said: Mapping[str, Any], column: str | None, found: Found) -> Iterator[Check]:
    about = "the table" if column is None else f"column {column!r}"
    for at, rule in enumerate(_list(said, "quality")):
        metric = None
        if isinstance(rule, dict) and rule.get("type", "library") == "library" and rule.get("mustBe") in (0, None):
            metric = _METRICS.get(str(rule.get("metric", rule.get("rule"))))
        check = None if metric is None else _of_rule(metric, rule, column)
        if check is None:
            found.note(f"{about}: the {at + 1}. quality rule is not one that runs look at; it is not taken over")
        else:
            yield _check(text, (*place, "quality", at), check)


def _of_rule(metric: str, rule: Mapping[str, Any], column: str | None) -> dict[str, Any] | None:
    own = _values(rule)
    said = _mapping(rule, "arguments") | own
    done = own.get("enforcement") or _SEVERITY.get(str(rule.get("severity")), "documented")
    check: dict[str, Any] = {"enforcement": done, "inferred": own.get("inferred") is True}
    if metric == "duplicates":
        columns = said.get("properties") or ([] if column is None else [column])
        return check | {"kind": "unique", "columns": columns} if columns else None
    if column is None:
        return None
    check["column"] = column
    if metric == "nulls":
        return check | {"kind": "not_null"}
    if "validValues" in said or "validValues" in rule:
        return check | {"kind": "allowed", "values": said.get("validValues", rule.get("validValues"))}
    if "pattern" in said:
        return check | {"kind": "pattern", "pattern": said["pattern"]}
    for kind, names in (("length", ("minLength", "maxLength")), ("range", ("minimum", "maximum"))):
        if any(name in said for name in names):
            return check | {"kind": kind, "minimum": said.get(names[0]), "maximum": said.get(names[1])}
    return None


def _check(text: Text, place: Path, said: dict[str, Any]) -> Check:
    try:
        return _CHECK.validate_python(said)
    except ValidationError as error:
        raise _refused(text, place, "check", _words(error)) from None


def _valid(text: Text, place: Path, model: type[M], **said: Any) -> M:
    try:
        return model(**said)
    except ValidationError as error:
        raise _refused(text, place, "invalid", _words(error)) from None


def _values(said: Mapping[str, Any]) -> dict[str, Any]:
    """The custom properties, by name."""
    listed = [one for one in _list(said, "customProperties") if isinstance(one, dict)]
    return {str(one.get("property")): one.get("value") for one in listed}


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    value = said.get(name)
    return value if isinstance(value, list) else []


def _mapping(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    at = ".".join(str(part) for part in first["loc"])
    return f"{at}: {first['msg']}"[:500] if at else str(first["msg"])[:500]


def _refused(text: Text, path: Path, code: str, message: str) -> CodeRefused:
    place = text.place(path)
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return CodeRefused(Problem(pointer=pointer, code=code, message=message, line=place.line, column=place.column))
