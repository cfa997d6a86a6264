"""What differs between two versions of a definition, field by field."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.workflow import WorkflowDefinition

_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """One field: where it stands, what it was and what it becomes; None where there is nothing."""

    pointer: str
    old: Any
    new: Any


def content_hash(definition: WorkflowDefinition) -> str:
    """SHA-256 of the canonical form: two files that mean the same have the same."""
    text = json.dumps(definition.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def changes(old: WorkflowDefinition | None, new: WorkflowDefinition) -> list[Change]:
    """The fields that differ; for a definition that is new, those it sets."""
    before = {} if old is None else old.model_dump(mode="json")
    return list(_differences("", before, new.model_dump(mode="json")))


def _differences(pointer: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from _differences(below, old.get(name, _ABSENT), new.get(name, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for number in range(max(len(old), len(new))):
            yield from _differences(f"{pointer}/{number}", _at(old, number), _at(new, number))
    elif old != new or type(old) is not type(new):
        yield Change(pointer, None if old is _ABSENT else old, None if new is _ABSENT else new)


def _at(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else _ABSENT
