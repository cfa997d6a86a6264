"""A version's contracts as documents of the Open Data Contract Standard, of which two versions are written."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import yaml

from contracts.checks import AllowedCheck, Check, LengthCheck, NotNullCheck, PatternCheck, RangeCheck, UniqueCheck
from contracts.data import Column, LogicalType, Schema
from services.module_registry.levels import Contracts, described

OdcsVersion = Literal["v3.0.2", "v3.1.0"]
Side = Literal["both", "input", "output"]

_LOGICAL: Mapping[LogicalType, str] = {
    LogicalType.BOOLEAN: "boolean",
    LogicalType.INTEGER: "integer",
    LogicalType.FLOAT: "number",
    LogicalType.DECIMAL: "number",
    LogicalType.STRING: "string",
    LogicalType.DATE: "date",
    LogicalType.TIME: "time",
    LogicalType.TIMESTAMP: "timestamp",
    LogicalType.TIMESTAMP_TZ: "timestamp",
    LogicalType.BINARY: "string",
}
# The older version knows no types of its own for times; `physicalType` says which it is.
_OLDER = {"time": "string", "timestamp": "date"}
_RULES = {"nullValues": "nullCheck", "duplicateValues": "duplicateCount", "invalidValues": "validValues"}
_SEVERITY = {"documented": "info", "warn": "warning", "quarantine": "error", "fail": "error"}


class _Dumper(yaml.SafeDumper):
    """Writes what cannot be printed with escapes: a reader would take some of it for the end of a line."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _text)


def data_contract(
    module: Mapping[Any, Any],
    row: Mapping[Any, Any],
    contracts: Contracts,
    semantic_version: str,
    side: Side,
    standard: OdcsVersion,
) -> str:
    """The document as YAML."""
    tables = [
        ("input", "What the module needs.", contracts.input, contracts.input_checks),
        ("output", "What the module gives.", contracts.output, contracts.output_checks),
    ]
    retired, archived = row.get("retired_at"), module["archived_at"]
    document: dict[str, Any] = {
        "apiVersion": standard,
        "kind": "DataContract",
        "id": f"{module['id']}:{row['number']}",
        "name": module["name"],
        "version": semantic_version,
        "status": "retired" if retired else "deprecated" if archived else "active",
        "tenant": str(row["tenant"]),
    }
    if module["category"]:
        document["domain"] = module["category"]
    if module["tags"]:
        document["tags"] = list(module["tags"])
    if module["description"] or row["description"]:
        document["description"] = {"purpose": row["description"] or module["description"]}
    document["schema"] = [
        _table(name, said, schema, checks, standard) for name, said, schema, checks in tables if side in ("both", name)
    ]
    document["customProperties"] = [
        {"property": "moduleVersion", "value": row["number"]},
        {"property": "contentHash", "value": row["content_hash"]},
        *([{"property": "owner", "value": module["owner"]}] if module["owner"] else []),
    ]
    document["contractCreatedTs"] = row["published_at"].isoformat()
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def _table(name: str, said: str, schema: Schema, checks: Sequence[Check], standard: OdcsVersion) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": name,
        "logicalType": "object",
        "physicalType": "table",
        "description": said,
        "properties": [_column(column, checks, standard) for column in schema.columns],
    }
    # A check of several columns belongs to the table.
    wide = [check for check in checks if isinstance(check, UniqueCheck) and len(check.columns) > 1]
    if wide:
        table["quality"] = [_quality(check, standard) for check in wide]
    return table


def _column(column: Column, checks: Sequence[Check], standard: OdcsVersion) -> dict[str, Any]:
    own = [check for check in checks if check.named == (column.name,)]
    logical = _LOGICAL[column.type]
    if standard == "v3.0.2":
        logical = _OLDER.get(logical, logical)
    said: dict[str, Any] = {"name": column.name, "logicalType": logical, "physicalType": column.type.value}
    required = not column.nullable or any(isinstance(check, NotNullCheck) for check in own)
    said["required"] = required
    if required and column.nullable:
        # The check asks for it, and is more than a type: rows that break it may be set aside.
        said["customProperties"] = [{"property": "nullable", "value": True}]
    if any(isinstance(check, UniqueCheck) for check in own):
        said["unique"] = True
    options: dict[str, Any] = {}
    for check in own:
        options |= _options(check, logical)
    if options:
        said["logicalTypeOptions"] = options
    if own:
        said["quality"] = [_quality(check, standard) for check in own]
    return said


def _options(check: Check, logical: str) -> dict[str, Any]:
    if isinstance(check, RangeCheck) and logical in ("integer", "number", "date", "timestamp", "time"):
        kinds: tuple[type, ...] = (int, float) if logical in ("integer", "number") else (str,)
        if logical == "integer":
            kinds = (int,)
        bounds = {"minimum": check.minimum, "maximum": check.maximum}
        return {name: bound for name, bound in bounds.items() if isinstance(bound, kinds)}
    if isinstance(check, PatternCheck) and logical == "string":
        return {"pattern": check.pattern}
    if isinstance(check, LengthCheck) and logical == "string":
        bounds = {"minLength": check.minimum, "maxLength": check.maximum}
        return {name: bound for name, bound in bounds.items() if bound is not None}
    return {}


def _quality(check: Check, standard: OdcsVersion) -> dict[str, Any]:
    metric, arguments = _metric(check)
    custom = [
        {"property": "enforcement", "value": check.enforcement},
        {"property": "inferred", "value": check.inferred},
    ]
    rule: dict[str, Any] = {"type": "library", "description": f"{described(check)}."}
    if standard == "v3.0.2":
        rule["rule"] = _RULES[metric]
        custom += [{"property": name, "value": value} for name, value in arguments.items()]
    else:
        rule["metric"] = metric
        if arguments:
            rule["arguments"] = arguments
    rule |= {"mustBe": 0, "unit": "rows", "severity": _SEVERITY[check.enforcement], "customProperties": custom}
    return rule


def _metric(check: Check) -> tuple[str, dict[str, Any]]:
    if isinstance(check, NotNullCheck):
        return "nullValues", {}
    if isinstance(check, UniqueCheck):
        return "duplicateValues", {"properties": list(check.columns)} if len(check.columns) > 1 else {}
    if isinstance(check, AllowedCheck):
        return "invalidValues", {"validValues": list(check.values)}
    if isinstance(check, PatternCheck):
        return "invalidValues", {"pattern": check.pattern}
    names = ("minLength", "maxLength") if isinstance(check, LengthCheck) else ("minimum", "maximum")
    bounds = {names[0]: check.minimum, names[1]: check.maximum}
    return "invalidValues", {name: bound for name, bound in bounds.items() if bound is not None}
