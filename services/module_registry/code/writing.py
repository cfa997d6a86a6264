"""Writes a module version as YAML: the same version gives the same bytes, and what is read back is the same version."""

from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts.module_code import ModuleCode
from services.module_registry.code.reading import is_text

WIDTH = 110
_ALWAYS = ("kind", "steps")
_STRING, _MAP, _LIST = "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their name, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Begin a deeper level."""
        super().increase_indent(flow, False)


def write(code: ModuleCode) -> str:
    """The document as text."""
    document = {"module": code.module}
    if code.description:
        document["description"] = code.description
    rest = _document(code)
    document |= {name: rest[name] for name in ("input", *_beside(rest), "steps", "output") if name in rest}
    node = _node(document, flow=False)
    text: str = yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=WIDTH)
    return text


def _beside(rest: dict[str, Any]) -> list[str]:
    known = {"module", "description", "input", "steps", "output"}
    return [name for name in rest if name not in known]


def _document(value: Any) -> Any:
    """A model without what it would be anyway; `kind` is always said."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        names = [name for name, said in fields.items() if name in _ALWAYS or _said(value, name, said)]
        return {name: _document(getattr(value, name)) for name in sorted(names, key=lambda name: name != "kind")}
    if isinstance(value, dict):
        return {str(key): _document(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_document(one) for one in value]
    return value


def _said(model: BaseModel, name: str, field: FieldInfo) -> bool:
    return field.is_required() or getattr(model, name) != field.get_default(call_default_factory=True)


def _node(value: Any, *, flow: bool) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(_scalar(key), _node(one, flow=flow or _short(one))) for key, one in value.items()]
        return yaml.MappingNode(_MAP, pairs, flow_style=flow or not pairs)
    if isinstance(value, list):
        items = [_node(one, flow=flow or _short(one)) for one in value]
        return yaml.SequenceNode(_LIST, items, flow_style=flow or not items)
    return _scalar(value)


def _short(value: Any) -> bool:
    """Whether a value stands in one line: a column, a list of a few names."""
    if isinstance(value, dict):
        plain = all(not isinstance(one, dict | list) for one in value.values())
        return plain and "kind" not in value and len(str(value)) <= 90
    if isinstance(value, list):
        return all(not isinstance(one, dict | list) for one in value) and len(str(value)) <= 90
    return False


def _scalar(value: Any) -> yaml.ScalarNode:
    if value is None:
        return yaml.ScalarNode("tag:yaml.org,2002:null", "null")
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode("tag:yaml.org,2002:int", str(value))
    if isinstance(value, float):
        return yaml.ScalarNode("tag:yaml.org,2002:float", _float(value))
    text = str(value)
    style = "|" if "\n" in text and _block(text) else None if is_text(text) else "'"
    if style is None and not text.isprintable():
        style = '"'
    return yaml.ScalarNode(_STRING, text, style=style)


def _block(text: str) -> bool:
    lines = text.split("\n")
    return all(line == line.strip() and line.isprintable() for line in lines) and lines[0] != ""


def _float(value: float) -> str:
    text = repr(value)
    # `1e+16` has no point: the older YAML reads it as a text.
    return text if "." in text or "e" not in text else text.replace("e", ".0e")
