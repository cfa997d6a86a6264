"""Workflow files: complaints name the line, and the schema beside them is that of the contract."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from cli.documents import WorkflowFile, write_schema
from cli.errors import CliError, Exit, Where

GOOD = """\
name: flights
source:
  connection: landing
  selection:
    path: flights/*.csv
modules:
  - name: clean-flights
    version: 1
destination:
  connection: warehouse
  target: {schema: public, table: flights}
  mode: upsert
  keys: [year, month]
triggers:
  - kind: s3_event
    name: new-files
"""


def _file(folder: Path, text: str) -> WorkflowFile:
    place = folder / "flights.yaml"
    place.write_text(text)
    return WorkflowFile(place)


def test_a_good_file_is_a_definition(tmp_path: Path) -> None:
    definition = _file(tmp_path, GOOD).definition()
    assert definition.name == "flights"
    assert definition.destination.keys == ("year", "month")


@pytest.mark.parametrize(
    ("old", "new", "line", "pointer"),
    [
        ("mode: upsert", "mode: replce", 12, "/destination/mode"),
        ("  keys: [year, month]\n", "", 9, "/destination"),
        ("    version: 1", "    version: newest", 8, "/modules/0/version"),
        ("    name: new-files", "    nme: new-files", 16, "/triggers/0/nme"),
        ("name: flights\n", "name: Flights!\n", 1, "/name"),
        ("source:", "sorce:", 2, "/sorce"),
    ],
)
def test_a_mistake_is_shown_with_its_line(tmp_path: Path, old: str, new: str, line: int, pointer: str) -> None:
    with pytest.raises(CliError) as refused:
        _file(tmp_path, GOOD.replace(old, new, 1)).definition()
    places = [where.pointer for where in refused.value.where]
    assert any(place.endswith(f":{line} {pointer}") for place in places), places


def test_what_the_installation_complains_about_is_shown_with_its_line(tmp_path: Path) -> None:
    error = CliError("no", where=(Where("/modules/0/name", "there is no such module"),))
    assert _file(tmp_path, GOOD).at_lines(error).where[0].pointer.endswith("flights.yaml:7 /modules/0/name")


@pytest.mark.parametrize("text", ["", "- a", "a: [", "3", "\tname: x"])
def test_what_is_no_workflow_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(CliError) as refused:
        _file(tmp_path, text)
    assert refused.value.exit_code is Exit.USAGE


def test_the_schema_for_editors_takes_what_the_command_takes(tmp_path: Path) -> None:
    schema = json.loads(write_schema(tmp_path).read_text())
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(GOOD.replace("mode: upsert", "mode: merge")), schema)
