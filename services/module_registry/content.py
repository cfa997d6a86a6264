"""What a version is made of, in one canonical form: the same content has the same hash, whoever writes it down."""

import hashlib
import json
from typing import Any

from contracts.data import Schema
from contracts.recipe import Recipe


def canonical(document: Any) -> str:
    """JSON with sorted names and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_of(recipe: Recipe, input_contract: Schema, output_contract: Schema) -> dict[str, Any]:
    """What makes a version this version: its name, number and description do not."""
    return {
        "recipe": recipe.model_dump(mode="json"),
        "input_contract": input_contract.model_dump(mode="json"),
        "output_contract": output_contract.model_dump(mode="json"),
    }


def content_hash(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(content).encode("utf-8", "surrogatepass")).hexdigest()
