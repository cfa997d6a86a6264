"""Workflow files: read, checked, and every complaint about them tied to a line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cli.errors import CliError, Exit, Where, usage

if TYPE_CHECKING:
    from contracts.workflow import WorkflowDefinition

SCHEMA_FOLDER = ".modulardata-schema"
SCHEMA_FILE = "workflow.schema.json"


class WorkflowFile:
    """One workflow definition in a YAML file."""

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            self._text = place.read_text(encoding="utf-8")
            document = yaml.safe_load(self._text)
        except FileNotFoundError:
            raise usage(
                f"There is no file {place}.", hint="`modulardata init DATA-FILE` writes a workflow file."
            ) from None
        except UnicodeDecodeError:
            raise usage(f"{place} is not UTF-8 text.") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark is not None else ""
            raise usage(f"{place}{line} is not YAML: {getattr(error, 'problem', error)}") from None
        if not isinstance(document, dict):
            raise usage(f"{place} holds no workflow.", hint="It is an object with name, source, modules, destination.")
        self.document: dict[str, Any] = document

    def definition(self) -> "WorkflowDefinition":
        """The definition, checked for its shape; what exists is for the installation to say."""
        # The models take as long to make as most commands take, and are needed by few.
        from pydantic import ValidationError

        from contracts.workflow import WorkflowDefinition

        try:
            return WorkflowDefinition.model_validate_json(json.dumps(self.document, default=str))
        except ValidationError as error:
            places = tuple(Where(_pointer(item["loc"]), item["msg"], item["type"]) for item in error.errors())
            raise self.at_lines(
                CliError(f"{self.place} is not a workflow.", where=places, exit_code=Exit.FAILED)
            ) from None

    def at_lines(self, error: CliError) -> CliError:
        """The same complaint, with the line of this file that each place is in."""
        root = yaml.compose(self._text)
        error.where = tuple(
            Where(f"{self.place}:{_line(root, where.pointer)} {where.pointer}", where.message, where.code)
            for where in error.where
        )
        return error


def write_schema(folder: Path) -> Path:
    """Write the JSON Schema of workflow files beside them, for editors; it works without a network."""
    from contracts.workflow import WorkflowDefinition

    place = folder / SCHEMA_FOLDER / SCHEMA_FILE
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(WorkflowDefinition.model_json_schema(), indent=2) + "\n", encoding="utf-8")
    return place


def _pointer(location: tuple[int | str, ...]) -> str:
    # The name of a union's branch stands in the location, but not in the document.
    parts = [
        str(part) for part in location if part not in ("s3_event", "webhook", "constrained-int", "literal['current']")
    ]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _line(node: yaml.Node | None, pointer: str) -> int:
    """The line of the deepest part of a pointer that is there."""
    line = 1
    for part in [piece.replace("~1", "/").replace("~0", "~") for piece in pointer.split("/")[1:]]:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            found = node.value[int(part)]
            line = found.start_mark.line + 1
        if found is None:
            return line
        node = found
    return line
