"""The short form of a step, `filter: dep_delay > 5`, and its long form in YAML or JSON; both become the API's."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from cli import plain_yaml
from cli.errors import CliError, Exit, Where, usage
from contracts.steps.examples import EXAMPLES

Step = dict[str, Any]

FORMS = {
    "select": "select: year, month, carrier",
    "drop": "drop: tailnum, hour",
    "rename": "rename: dep_time -> departed, arr_time -> arrived",
    "cast": "cast: flight as string, time_hour as timestamp_tz or null",
    "filter": "filter: distance >= 200 AND dest <> 'ANC'",
    "derive": "derive: speed = distance / air_time * 60",
    "fill_null": "fill_null: dep_delay, arr_delay = 0",
    "drop_null": "drop_null: dep_time",
    "deduplicate": "deduplicate: carrier, flight keep last",
    "sort": "sort: dep_delay desc, carrier",
    "limit": "limit: 100",
    "replace": "replace: origin 'EWR' -> 'Newark', 'JFK' -> 'Kennedy'",
}
HINT = (
    "One of: "
    + " · ".join(f"'{form}'" for form in FORMS.values())
    + ". Any other kind with its fields: 'round: {columns: [speed], digits: 1}'."
)


def parse(text: str) -> Step:
    """One step from its short form."""
    kind, colon, rest = text.partition(":")
    kind, rest = kind.strip(), rest.strip()
    if not colon or kind not in EXAMPLES:
        raise usage(f"{text!r} is not a step.", hint=HINT)
    if not rest:
        raise usage(f"The step {kind!r} says nothing after its colon.", hint=f"Like this: '{_form(kind)}'")
    try:
        # Every kind can be written with its fields; those of every day also have a form of their own.
        return {"kind": kind} | (
            _fields(rest) if rest.startswith("{") or kind not in _PARSERS else _PARSERS[kind](rest)
        )
    except ValueError:
        raise usage(f"The step {text!r} is put wrongly.", hint=f"Like this: '{_form(kind)}'") from None


def read(place: Path) -> tuple[list[Step], dict[str, Any]]:
    """Steps from a YAML or JSON file, and its other tables: a list, or an object with `steps` and perhaps `inputs`.

    A string among the steps is a short form.
    """
    try:
        document = plain_yaml.read(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise usage(f"There is no file {place}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CliError(f"{place} is not YAML or JSON: {error}", exit_code=Exit.USAGE) from None
    inputs: Any = {}
    if isinstance(document, dict):
        inputs = document.get("inputs") or {}
        document = document.get("steps")
    if not isinstance(document, list) or not all(isinstance(item, str | dict) for item in document):
        raise usage(f"{place} holds no list of steps.", hint="A list of steps, or an object with the field 'steps'.")
    if not isinstance(inputs, dict):
        raise usage(f"{place}: 'inputs' is no object.", hint="Tables by their names, as `modules code` writes them.")
    return [parse(item) if isinstance(item, str) else item for item in document], inputs


def check(steps: list[Step]) -> list[Step]:
    """Refuse steps that are not of the recipe language, before anything is sent."""
    # Making the models of all steps takes as long as all else that a command does; most commands have no steps.
    from pydantic import ValidationError

    from contracts.recipe import Steps

    try:
        Steps.validate_json(json.dumps(steps))
    except ValidationError as error:
        where = tuple(
            Where("/steps/" + "/".join(str(part) for part in item["loc"]), item["msg"]) for item in error.errors()
        )
        raise CliError("These are not steps of the recipe language.", where=where, exit_code=Exit.USAGE) from None
    return steps


def short(step: Step) -> str:
    """A step in its short form, for people to read."""
    kind = str(step.get("kind"))
    if _LONG.get(kind, set()) & set(step) or _NEEDED.get(kind, kind) not in {kind, *step}:
        return _whole(step)
    if kind in ("select", "drop", "drop_null"):
        return f"{kind}: {', '.join(step['columns'])}"
    if kind == "rename":
        return "rename: " + ", ".join(f"{old} -> {new}" for old, new in step["columns"].items())
    if kind == "cast":
        tail = "" if step.get("on_failure", "fail") == "fail" else f" or {step['on_failure']}"
        return "cast: " + ", ".join(f"{name} as {wanted}" for name, wanted in step["columns"].items()) + tail
    if kind == "filter":
        return f"filter: {step['where']}"
    if kind == "derive":
        return "derive: " + "; ".join(f"{item['column']} = {item['expression']}" for item in step["columns"])
    if kind == "fill_null":
        return f"fill_null: {', '.join(step['columns'])} = {json.dumps(step['value'])}"
    if kind == "deduplicate":
        return f"deduplicate: {', '.join(step['keys'])}" + (" keep last" if step.get("keep") == "last" else "")
    if kind == "sort":
        return "sort: " + ", ".join(key["column"] + (" desc" if key.get("descending") else "") for key in step["by"])
    if kind == "limit":
        return f"limit: {step['rows']}"
    if kind == "replace":
        pairs = (f"{json.dumps(item['old'])} -> {json.dumps(item['new'])}" for item in step["values"])
        return f"replace: {step['column']} " + ", ".join(pairs)
    return _whole(step)


def _whole(step: Step) -> str:
    fields = {name: value for name, value in step.items() if name != "kind" and value not in (None, (), [], {})}
    return f"{step.get('kind')}: {json.dumps(fields, ensure_ascii=False)}"


# Fields that the short forms cannot say; steps carry them only where they say something.
_LONG = {
    "cast": {"format"},
    "drop_null": {"how"},
    "fill_null": {"method", "by"},
    "deduplicate": {"order_by"},
    "limit": {"offset"},
}
_NEEDED = {"drop_null": "columns", "deduplicate": "keys"}


def _form(kind: str) -> str:
    return FORMS.get(kind) or f"{kind}: {json.dumps(EXAMPLES[kind], ensure_ascii=False)}"


def _fields(text: str) -> Step:
    try:
        fields = plain_yaml.read(text)
    except yaml.YAMLError:
        raise ValueError(text) from None
    if not isinstance(fields, dict) or "kind" in fields:
        raise ValueError(text)
    return fields


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError(text)
    return names


def _columns(text: str) -> Step:
    return {"columns": _names(text)}


def _rename(text: str) -> Step:
    pairs = [_two(part, "->") for part in _names(text)]
    return {"columns": dict(pairs)}


def _cast(text: str) -> Step:
    text, spoken, failure = text.rpartition(" or ") if " or " in text else (text, "", "fail")
    pairs = [_two(part, " as ") for part in _names(text)]
    if failure not in ("fail", "null", "quarantine"):
        raise ValueError(failure)
    return {"columns": dict(pairs)} | ({"on_failure": failure} if spoken else {})


def _filter(text: str) -> Step:
    return {"where": text}


def _derive(text: str) -> Step:
    column, expression = _two(text, "=")
    return {"columns": [{"column": column, "expression": expression}]}


def _fill_null(text: str) -> Step:
    columns, value = _two(text, "=")
    return {"columns": _names(columns), "value": _scalar(value)}


def _deduplicate(text: str) -> Step:
    found = re.fullmatch(r"(?P<keys>.+?)(?:\s+keep\s+(?P<keep>first|last))?", text)
    if found is None:
        raise ValueError(text)
    return {"keys": _names(found["keys"])} | ({"keep": found["keep"]} if found["keep"] else {})


def _sort(text: str) -> Step:
    keys = []
    for part in _names(text):
        found = re.fullmatch(r"(?P<column>.+?)(?:\s+(?P<way>asc|desc))?", part)
        if found is None:
            raise ValueError(part)
        keys.append({"column": found["column"]} | ({"descending": True} if found["way"] == "desc" else {}))
    return {"by": keys}


def _limit(text: str) -> Step:
    return {"rows": int(text)}


def _replace(text: str) -> Step:
    column, _, rest = text.partition(" ")
    values = []
    for part in _names(rest):
        old, new = _two(part, "->")
        values.append({"old": _scalar(old), "new": _scalar(new)})
    return {"column": column, "values": values}


def _two(text: str, between: str) -> tuple[str, str]:
    left, found, right = text.partition(between)
    if not found or not left.strip() or not right.strip():
        raise ValueError(text)
    return left.strip(), right.strip()


def _scalar(text: str) -> Any:
    """A constant as YAML writes it: 0, true, null, 'text'; anything that is not a scalar is text."""
    try:
        value = plain_yaml.read(text)
    except yaml.YAMLError:
        return text
    return value if value is None or isinstance(value, bool | int | float | str) else text


_PARSERS: dict[str, Callable[[str], Step]] = {
    "select": _columns,
    "drop": _columns,
    "rename": _rename,
    "cast": _cast,
    "filter": _filter,
    "derive": _derive,
    "fill_null": _fill_null,
    "drop_null": _columns,
    "deduplicate": _deduplicate,
    "sort": _sort,
    "limit": _limit,
    "replace": _replace,
}
