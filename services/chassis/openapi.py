"""The description of the API, with what each operation demands, and a page of it for people."""

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.chassis.problems import MEDIA_TYPE
from services.chassis.route_rules import Requires, RouteRules

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs; does not change."},
        "detail": {"type": "string", "description": "For people; may change."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body, or /query/<name>."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same request gets the same answer, without a second effect, for 24 hours.",
}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    document: dict[str, Any] = app.openapi()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token from /api/login, or an API key."}
    }
    for context in iter_route_contexts(app.routes):
        rules = getattr(context.original_route, "rules", None)
        if isinstance(rules, RouteRules):
            for method in context.methods or ():
                _complete(document["paths"][context.path_format][method.lower()], rules, method)
    return document


def _complete(operation: dict[str, Any], rules: RouteRules, method: str) -> None:
    if isinstance(rules.access, Requires):
        operation["security"] = [{"bearer": []}]
        operation["x-permission"] = rules.access.permission.value
        if method == "POST" and _KEY not in operation.setdefault("parameters", []):
            operation["parameters"].append(_KEY)
    else:
        operation["security"] = []
        operation["x-public"] = rules.access.why
    answers = operation["responses"]
    answers.pop("422", None)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers["default"] = {"description": "What went wrong", "content": content}


def page(document: dict[str, Any]) -> str:
    """The description as one page without scripts or anything from elsewhere."""
    rows = []
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            demands = operation.get("x-permission") or f"public: {operation.get('x-public', '')}"
            about = operation.get("description") or operation.get("summary", "")
            cells = (method.upper(), path, demands, about)
            rows.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    style = "body{font:15px sans-serif;margin:2rem}td{padding:.3rem .8rem;border-top:1px solid #ccc;vertical-align:top}"
    return (
        f"<!doctype html><meta charset=utf-8><title>ModularData API</title><style>{style}</style>"
        "<h1>ModularData API</h1><p>The whole of it: <a href=/openapi.json>openapi.json</a></p>"
        f"<table>{''.join(rows)}</table>"
    )
