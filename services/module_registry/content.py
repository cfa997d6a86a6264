"""What a version is made of, in one canonical form: the same content has the same hash, whoever writes it down."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from contracts.workflow import ModuleDraft

# The first three are always there; checks only where there are any, so that versions without them keep their hash.
PARTS = ("recipe", "input_contract", "output_contract")
CHECKS = ("input_checks", "output_checks")


def canonical(document: Any) -> str:
    """JSON with sorted names and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_of(draft: ModuleDraft) -> dict[str, Any]:
    """What makes a version this version: its name, number, description and details do not."""
    document = draft.model_dump(mode="json", include={*PARTS, *CHECKS})
    return {name: value for name, value in document.items() if name in PARTS or value}


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    parts = {name: content[name] for name in PARTS} | {name: content[name] for name in CHECKS if content.get(name)}
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()
