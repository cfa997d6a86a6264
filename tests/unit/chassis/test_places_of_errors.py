"""A pointer of an error resolves in the document that was sent, also where a model has several shapes."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from contracts.recipe import Recipe
from services.chassis.problems import ProblemError
from services.chassis.strict_json import validate

RECIPE: TypeAdapter[Recipe] = TypeAdapter(Recipe)


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"kind": "limit", "rows": "5"}, "/steps/0/rows"),
        ({"kind": "limit"}, "/steps/0/rows"),
        ({"kind": "limit", "rows": 1, "limit": 2}, "/steps/0/limit"),
        ({"kind": "polish"}, "/steps/0"),
        ({"kind": "text", "columns": ["a"], "operations": [{"kind": "pad_start"}]}, "/steps/0/operations/0/length"),
        ({"kind": "replace", "column": "a", "values": [{"old": [], "new": 1}]}, "/steps/0/values/0/old"),
        ({"kind": "sample"}, "/steps/0"),
    ],
)
def test_the_pointer_says_where_in_the_document(step: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        validate(RECIPE, json.dumps({"steps": [step]}).encode())
    assert caught.value.errors[0].pointer == pointer
