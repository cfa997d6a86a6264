"""The HTTP APIs: their committed documents are what the routes say, valid, and about paths of their own."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.permissions import Permission
from services.__main__ import _openapi, installed
from services.chassis.describing import describe

COMMITTED = Path(__file__).resolve().parents[2] / "contracts" / "openapi"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return describe({name: import_module(f"services.{name}.main").build for name in installed()})


@pytest.fixture(scope="module")
def documents(texts: dict[str, str]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in texts.items()}


def test_committed_documents_are_what_the_routes_say(texts: dict[str, str]) -> None:
    committed = {path.stem: path.read_text("utf-8") for path in COMMITTED.glob("*.json")}
    stale = sorted(name for name in texts.keys() | committed.keys() if texts.get(name) != committed.get(name))
    assert stale == [], "run `make contracts` and commit contracts/openapi"


def test_a_stale_document_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _openapi(tmp_path, check=False) == 0
    assert _openapi(tmp_path, check=True) == 0
    changed = tmp_path / "schema_drift.json"
    changed.write_text(changed.read_text().replace("/api/quarantine", "/api/aside"))
    (tmp_path / "nobody.json").write_text("{}")
    assert _openapi(tmp_path, check=True) == 1
    said = capsys.readouterr().out
    assert "schema_drift.json is not what the routes say: run `make contracts`" in said
    assert "nobody.json" in said


@pytest.mark.parametrize("name", installed())
def test_documents_are_valid(documents: dict[str, Any], name: str) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(documents[name]).iter_errors()] == []


@pytest.mark.parametrize("name", installed())
def test_every_operation_says_who_may_call_it_and_what_it_is_for(documents: dict[str, Any], name: str) -> None:
    known = {permission.value for permission in Permission}
    for path, operations in documents[name]["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            assert operation.get("x-permission") in known or operation.get("x-public"), where
            assert operation.get("description"), f"{where} has no docstring"
            assert "default" in operation["responses"], where


def test_paths_are_disjoint_across_services(documents: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    for name, document in documents.items():
        for path in document["paths"]:
            assert path not in seen, f"{path} is answered by {seen[path]} and {name}"
            seen[path] = name


def test_no_two_operations_have_one_id(documents: dict[str, Any]) -> None:
    ids = [
        operation["operationId"]
        for document in documents.values()
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert sorted(ids) == sorted(set(ids))
