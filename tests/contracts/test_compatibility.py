"""The compatibility check: every rule refuses a wrong fixture, and lets pass what is right."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts import generate
from contracts.compatibility import Verdict, compare_openapi, compare_schemas

ROOT = Path(__file__).resolve().parents[2]
EVENT: dict[str, Any] = {
    "type": "object",
    "title": "RunFinished",
    "required": ["run", "outcome"],
    "properties": {
        "run": {"type": "string", "format": "uuid"},
        "outcome": {"type": "string", "enum": ["succeeded", "failed"]},
        "rows": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "books": {"$ref": "#/$defs/Books"},
        "steps": {"type": "array", "items": {"$ref": "#/$defs/Books"}},
        "name": {"type": "string", "maxLength": 63},
    },
    "$defs": {"Books": {"type": "object", "required": ["read"], "properties": {"read": {"type": "integer"}}}},
}
Edit = Callable[[dict[str, Any]], object]

WRONG: dict[str, Edit] = {
    "removed": lambda s: s["properties"].pop("rows"),
    "renamed": lambda s: s["properties"].update(lines=s["properties"].pop("rows")),
    "retyped": lambda s: s["properties"]["run"].update(type="integer"),
    "reformatted": lambda s: s["properties"]["run"].update(format="date"),
    "newly required": lambda s: s["required"].append("rows"),
    "new and required": lambda s: (s["properties"].update(more={"type": "string"}), s["required"].append("more")),
    "may now be missing": lambda s: s["required"].remove("outcome"),
    "enum value added": lambda s: s["properties"]["outcome"]["enum"].append("partial"),
    "enum value removed": lambda s: s["properties"]["outcome"]["enum"].remove("failed"),
    "deep in a reference": lambda s: s["$defs"]["Books"]["properties"].pop("read"),
    "null no longer": lambda s: s["properties"]["rows"]["anyOf"].pop(),
    "items became another thing": lambda s: s["properties"]["steps"].update(items={"type": "string"}),
}
RIGHT: dict[str, Edit] = {
    "an optional field": lambda s: s["properties"].update(more={"type": "string"}),
    "a better description": lambda s: s.update(description="How a run ended."),
    "nothing": lambda s: None,
}


LANGUAGE: dict[str, Any] = {
    "type": "array",
    "items": {
        "x-grows": True,
        "discriminator": {"propertyName": "kind", "mapping": {"drop": "#/$defs/Drop", "fill": "#/$defs/Fill"}},
        "oneOf": [{"$ref": "#/$defs/Drop"}, {"$ref": "#/$defs/Fill"}],
    },
    "$defs": {
        "Drop": {"type": "object", "required": ["columns"], "properties": {"columns": {"type": "array"}}},
        "Fill": {
            "type": "object",
            "required": ["value"],
            "properties": {
                "value": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "way": {"type": "string", "enum": ["up"]},
            },
        },
    },
}


def _new_word(schema: dict[str, Any], name: str = "sort") -> None:
    schema["items"]["discriminator"]["mapping"][name] = "#/$defs/Sort"
    schema["items"]["oneOf"].append({"$ref": "#/$defs/Sort"})
    schema["$defs"]["Sort"] = {"type": "object", "required": ["by"], "properties": {"by": {"type": "string"}}}


LANGUAGE_RIGHT: dict[str, Edit] = {
    "a new word": _new_word,
    "a word takes more": lambda s: s["$defs"]["Fill"]["properties"]["value"]["anyOf"].append({"type": "null"}),
    "a word has more choices": lambda s: s["$defs"]["Fill"]["properties"]["way"]["enum"].append("down"),
    "a word needs less": lambda s: s["$defs"]["Drop"].update(required=[]),
}
LANGUAGE_WRONG: dict[str, Edit] = {
    "a word is gone": lambda s: s["items"]["discriminator"]["mapping"].pop("fill"),
    "a word takes less": lambda s: s["$defs"]["Fill"]["properties"]["value"]["anyOf"].pop(),
    "a word needs more": lambda s: s["$defs"]["Drop"].update(
        required=["columns", "how"], properties={"columns": {}, "how": {}}
    ),
    "a word has other choices": lambda s: s["$defs"]["Fill"]["properties"]["way"].update(enum=["down"]),
    "a word lost a field": lambda s: s["$defs"]["Drop"]["properties"].pop("columns"),
    "it grows no more": lambda s: (s["items"].pop("x-grows"), _new_word(s)),
}


def _modes(*words: str, grows: bool = True) -> dict[str, Any]:
    return {"type": "object", "properties": {"mode": {"enum": list(words)} | ({"x-grows": True} if grows else {})}}


@pytest.mark.parametrize(
    ("after", "refused"),
    [
        (_modes("strict", "warn", "evolve"), False),
        (_modes("strict", "warn", "evolve", grows=False), True),
        (_modes("strict", "evolve"), True),
    ],
    ids=["grows", "grows unsaid", "a word is gone"],
)
def test_words_that_are_said_to_grow_may_grow(after: dict[str, Any], refused: bool) -> None:
    before = _modes("strict", "warn", grows=False)
    assert bool([c for c in compare_schemas(before, after) if c.refused]) is refused
    assert [c for c in compare_schemas(_modes("strict", "warn"), before) if c.refused], "it grows no more"


@pytest.mark.parametrize("name", LANGUAGE_RIGHT)
def test_a_language_that_people_write_may_grow(name: str) -> None:
    assert not [c for c in compare_schemas(LANGUAGE, edited(LANGUAGE, LANGUAGE_RIGHT[name])) if c.refused]


@pytest.mark.parametrize("name", LANGUAGE_WRONG)
def test_a_language_that_people_write_may_not_shrink(name: str) -> None:
    assert [c for c in compare_schemas(LANGUAGE, edited(LANGUAGE, LANGUAGE_WRONG[name])) if c.refused]


def edited(document: dict[str, Any], edit: Edit) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    edit(changed)
    return changed


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_change_is_refused(name: str) -> None:
    changes = compare_schemas(EVENT, edited(EVENT, WRONG[name]))
    assert any(change.verdict is Verdict.BREAKING for change in changes)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_change_passes(name: str) -> None:
    assert [change for change in compare_schemas(EVENT, edited(EVENT, RIGHT[name])) if change.refused] == []


@pytest.mark.parametrize("keyword", ["maxLength", "pattern", "multipleOf", "x-anything"])
def test_what_cannot_be_classified_is_refused(keyword: str) -> None:
    changes = compare_schemas(EVENT, edited(EVENT, lambda s: s["properties"]["name"].update({keyword: 7})))
    assert [change.verdict for change in changes] == [Verdict.UNCLASSIFIED]


API: dict[str, Any] = {
    "paths": {
        "/api/things": {
            "post": {
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
                    }
                },
                "responses": {
                    "201": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["id"],
                                    "properties": {"id": {"type": "string"}},
                                }
                            }
                        }
                    }
                },
            }
        }
    }
}


def post(api: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api["paths"]["/api/things"]["post"]
    return found


def request(api: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = post(api)["requestBody"]["content"]["application/json"]["schema"]
    return found


def answer(api: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = post(api)["responses"]["201"]["content"]["application/json"]["schema"]
    return found


@pytest.mark.parametrize(
    "edit",
    [
        lambda a: a["paths"].clear(),
        lambda a: a["paths"]["/api/things"].clear(),
        lambda a: post(a)["parameters"].clear(),
        lambda a: post(a)["parameters"].append({"in": "query", "name": "b", "required": True, "schema": {}}),
        lambda a: request(a).update(required=["a"]),
        lambda a: request(a)["properties"].clear(),
        lambda a: answer(a)["properties"].clear(),
        lambda a: post(a)["responses"].clear(),
        lambda a: post(a).update(security=[{"bearer": []}]),
        lambda a: post(a).update({"x-permission": "runs:start"}),
    ],
)
def test_a_wrong_change_of_an_api_is_refused(edit: Edit) -> None:
    assert any(change.refused for change in compare_openapi(API, edited(API, edit)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda a: a["paths"].update({"/api/more": {}}),
        lambda a: post(a)["parameters"].append({"in": "query", "name": "b", "schema": {}}),
        lambda a: request(a)["properties"].update(b={"type": "string"}),
        lambda a: answer(a)["properties"].update(b={"type": "string"}),
    ],
)
def test_a_right_change_of_an_api_passes(edit: Edit) -> None:
    assert [change for change in compare_openapi(API, edited(API, edit)) if change.refused] == []


def test_committed_documents_are_what_the_models_say() -> None:
    assert generate.stale() == [], "run `make contracts` and commit it"


def test_a_stale_document_is_noticed(tmp_path: Path) -> None:
    path = ROOT / "contracts" / "schemas" / "recipe.json"
    kept = path.read_text()
    assert json.loads(kept)["$id"] == "urn:modulardata:recipe"
    assert dict(generate.documents())["schemas/recipe.json"] != kept.replace("recipe", "receipt")
