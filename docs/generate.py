"""Writes the reference pages that are made from the code: recipes, settings, the workflow file.

`python -m docs.generate` writes; with `--check` it only says which pages are stale.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from cli import steps
from contracts import recipe, workflow
from contracts.data import Schema
from contracts.steps.examples import EXAMPLES
from contracts.topics import SERVICES
from services.chassis.settings import PlatformSettings
from services.transform.expressions import functions
from services.transform.steps.catalog import KINDS

HERE = Path(__file__).resolve().parent
MADE = "<!-- made from the code by `make contracts` -->"


def pages() -> Iterator[tuple[str, str]]:
    """Every page: its name and its text."""
    yield "recipes.md", recipes()
    yield "settings.md", settings()
    yield "workflow-file.md", workflow_file()


def recipes() -> str:
    """Steps and expressions."""
    lines = [
        "# Recipes",
        "",
        MADE,
        "",
        "A recipe is a list of steps. What it needs and gives is known before it runs: a column that is not there, a",
        "type that does not fit or a function that does not exist is refused with its place (a JSON pointer) and the",
        "nearest name that exists.",
        "",
        "Other tables stand in the recipe's `inputs`, each under a name that steps use: a dataset of the workspace by",
        "its id, or what a module gives that runs earlier in the same workflow.",
        "",
        "What is said of the rows under each step holds for its example; `on_failure: quarantine` sets rows aside.",
        "",
    ]
    lines += ["| Step | Does |", "|---|---|"]
    models = {model.model_fields["kind"].default: model for model in _steps()}
    for kind, model in models.items():
        lines.append(f"| [`{kind}`](#{kind}) | {_sentence(model)} |")
    for kind, model in models.items():
        lines += ["", f"## `{kind}`", "", f"{_sentence(model)} {_manner(kind)}", ""]
        lines += [*_fields(model, leave_out={"kind"}), ""]
        lines += ["```yaml", yaml.safe_dump({"kind": kind, **EXAMPLES[kind]}, sort_keys=False, width=100).strip()]
        lines += ["```"]
        if kind in steps.FORMS:
            lines += ["", f"On the command line also `{steps.FORMS[kind]}`."]
    lines += ["", "## Parts of steps", ""]
    for part in _parts(models.values()):
        lines += [f"**{part.__name__}.** {_sentence(part)}", "", *_fields(part), ""]
    lines += [
        "## Expressions",
        "",
        "SQL over the columns of one row. A name that is no plain word stands in double quotes. What is not listed is",
        "refused before anything runs, and the answer names the column or function and the nearest that exists.",
        "",
        "`+ - * /` · `//` `%` · `||` · `= <> < <= > >=` · `AND OR NOT` · `IS [NOT] NULL` · `[NOT] IN (…)` ·",
        "`BETWEEN` · `[NOT] LIKE`, `ILIKE` · `CASE WHEN … THEN … ELSE … END` · `CAST(x AS type)`,",
        "`x::type`, `TRY_CAST`",
        "",
        "| Function | Gives |",
        "|---|---|",
    ]
    for name, function in functions.FUNCTIONS.items():
        arguments = ", ".join(p.name + ("?" if p.optional else "") for p in function.parameters)
        lines.append(f"| `{name}({arguments})` | {function.summary} |")
    lines += [f"| `{name}(…)` | {summary} |" for name, summary in functions.SPECIAL.items()]
    also = ", ".join(f"`{other}` for `{name}`" for other, name in functions.ALIASES.items())
    lines += ["", f"Also known: {also}.", ""]
    return "\n".join(lines)


def settings() -> str:
    """Environment variables."""
    lines = ["# Settings", "", MADE, "", "Everything is set by environment variables. Secrets come as files.", ""]
    lines += ["## All services", "", *_variables(PlatformSettings)]
    for service in SERVICES:
        module = importlib.import_module(f"services.{service}.settings")
        for _, model in inspect.getmembers(module, inspect.isclass):
            if issubclass(model, BaseSettings) and model.__module__ == module.__name__ and model.model_fields:
                lines += ["", f"## {service}", "", *_variables(model)]
    return "\n".join([*lines, ""])


def workflow_file() -> str:
    """The YAML file of a workflow."""
    lines = [
        "# Workflow file",
        "",
        MADE,
        "",
        "`modulardata init FILE` writes one, with a line that lets editors check it. `modulardata apply` takes it.",
        "",
        "```yaml",
        "name: flights",
        "source:",
        "  connection: landing",
        "  selection: {path: flights/*.csv, format: {kind: csv}}",
        "modules:",
        "  - {name: clean-flights, version: 1}",
        "destination:",
        "  connection: warehouse",
        "  target: {schema: public, table: flights}",
        "  mode: upsert",
        "  keys: [year, month, day, carrier, flight, origin]",
        "triggers:",
        "  - {kind: s3_event, name: new-file}",
        "drift: {mode: evolve}",
        "```",
        "",
    ]
    parts = (
        (workflow.WorkflowDefinition, "Workflow"),
        (workflow.SourceDefinition, "source"),
        (workflow.ModuleUse, "modules"),
        (workflow.DestinationDefinition, "destination"),
        (workflow.S3EventTrigger, "triggers: s3_event"),
        (workflow.WebhookTrigger, "triggers: webhook"),
        (workflow.DriftPolicy, "drift"),
    )
    for model, title in parts:
        lines += [f"## {title}", "", _sentence(model), "", *_fields(model), ""]
    return "\n".join(lines)


def _manner(kind: str) -> str:
    """How much of the table a step sees, and where its rows stand in the books."""
    step = recipe.Steps.validate_python([{"kind": kind, **EXAMPLES[kind]}])[0]
    known = KINDS[kind]
    sees = "Sees the whole table" if known.sees_all(step) else "Works part by part"
    removed = known.removes(step)
    gone = [f"rows that do not come out are *{removed}*"] if removed else []
    return "; ".join([sees, *gone, *(["rows beside those that came in are *added*"] if known.adds else [])]) + "."


def _steps() -> list[type[BaseModel]]:
    union, _ = get_args(recipe.Step)
    return list(get_args(union))


def _parts(models: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    """The models that stand inside steps, in the order in which they are met."""
    parts: dict[type[BaseModel], None] = {}
    waiting: list[Any] = [field.annotation for model in models for field in model.model_fields.values()]
    waiting.append(recipe.Recipe.model_fields["inputs"].annotation)
    while waiting:
        current = waiting.pop(0)
        if inspect.isclass(current) and issubclass(current, BaseModel):
            if current not in parts and current is not Schema:
                parts[current] = None
                waiting = [field.annotation for field in current.model_fields.values()] + waiting
        else:
            waiting = [*get_args(current), *waiting]
    return list(parts)


def _sentence(model: type) -> str:
    return " ".join((model.__doc__ or "").split())


def _fields(model: type[BaseModel], leave_out: frozenset[str] | set[str] = frozenset()) -> list[str]:
    schema = model.model_json_schema()
    lines = ["| Field | Type | |", "|---|---|---|"]
    for name, about in schema.get("properties", {}).items():
        if name in leave_out:
            continue
        note = about.get("description", "")
        if name in schema.get("required", ()):
            note = f"needed. {note}".strip()
        elif about.get("default") not in (None, "", [], {}):
            note = f"default `{about['default']}`. {note}".strip()
        lines.append(f"| `{name}` | {_type(about)} | {note} |")
    return lines


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "const" in about:
        return f"`{about['const']}`"
    if "enum" in about:
        return " or ".join(f"`{value}`" for value in about["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in about:
            return " or ".join(dict.fromkeys(_type(item) for item in about[key]))
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    if about.get("type") == "object" and isinstance(about.get("additionalProperties"), dict):
        return f"names to {_type(about['additionalProperties'])}"
    return str(about.get("type", "any"))


def _variables(model: type[BaseSettings]) -> list[str]:
    prefix = str(model.model_config.get("env_prefix", ""))
    lines = ["| Variable | Default | |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        default = "needed" if field.is_required() else f"`{field.get_default(call_default_factory=True)}`"
        default = "" if default in ("`None`", "``", "`()`") else default
        lines.append(f"| `{prefix}{name.upper()}` | {default} | {field.description or ''} |")
    return lines


def stale() -> list[str]:
    """Pages that are not what the code says."""
    folder = HERE / "reference"
    return [name for name, text in pages() if not (folder / name).exists() or (folder / name).read_text() != text]


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        for name in stale():
            print(f"docs/reference/{name} is stale: run `make contracts` and commit it")
        return 1 if stale() else 0
    for name, text in pages():
        (HERE / "reference" / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
