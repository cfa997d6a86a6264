"""What a connection kind is: its documents and what it can do, as data that other parts and people read."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.commands.connector import Problem
from services.chassis.problems import invalid
from services.chassis.strict_json import problems_of

WriteMode = Literal["append", "replace", "upsert"]


class Document(BaseModel):
    """Base of settings, secrets, selections and targets: strict types, no unknown fields, and no repr of values."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, hide_input_in_errors=True
    )


class SecretDocument(Document):
    """A document whose every value is a secret: it never prints itself."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}([secret])"

    __str__ = __repr__


@dataclass(frozen=True)
class Capabilities:
    """What a kind can do."""

    source: bool
    destination: bool
    reads: Literal["objects", "table"]
    formats: tuple[str, ...] = ()
    write_modes: tuple[WriteMode, ...] = ()
    incremental: bool = False
    uploads: bool = False
    undo: bool = False  # what a run loaded can be taken out again


@dataclass(frozen=True)
class Kind:
    """One connection kind. `bound` names the settings that say who gets the secrets: they change together."""

    name: str
    title: str
    settings: type[Document]
    secrets: type[SecretDocument]
    selection: type[Document]
    target: type[Document]
    capabilities: Capabilities
    bound: tuple[str, ...] = field(default=())
    agree: Callable[[Any, Any], list[Problem]] = lambda settings, document: []

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The fields that are sealed."""
        return tuple(self.secrets.model_fields)

    @property
    def needed_secrets(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return tuple(name for name, entry in self.secrets.model_fields.items() if entry.is_required())


def parse(model: type[Document], document: Any, pointer: str) -> Document:
    """The document as its model; raises ProblemError 422 with pointers below `pointer`, without any value."""
    try:
        # As JSON, because strictness knows there that an array can only come as a list.
        return model.model_validate_json(json.dumps(document), by_alias=True, by_name=False)
    except ValidationError as error:
        found = problems_of(error.errors(include_url=False, include_input=False))
        raise invalid([_placed(item, pointer) for item in found]) from None


def problems_with(model: type[Document], document: Any, pointer: str) -> list[Problem]:
    """What is wrong with a document; empty when nothing is."""
    try:
        model.model_validate_json(json.dumps(document), by_alias=True, by_name=False)
    except ValidationError as error:
        return [_placed(item, pointer) for item in problems_of(error.errors(include_url=False, include_input=False))]
    return []


def _placed(problem: Problem, pointer: str) -> Problem:
    # A union of documents names the chosen one in its path, which is no place in what was sent.
    inner = re.sub(r"^/format/(?:csv|parquet|json|jsonl|xlsx|xls|ods)/", "/format/", problem.pointer)
    return problem.model_copy(update={"pointer": f"{pointer}{inner}"})
