"""An API that answers the command as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEY = "mdk_right"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


NO_ITEMS: Answer = (200, {"items": [], "next_cursor": None})


@dataclass
class Api:
    """Answers as it is told, in order for each route, the last answer for ever; and remembers what it was asked."""

    url: str = ""
    routes: dict[tuple[str, str], list[Answer | Callable[[Request], Answer]]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        self.routes[method, path] = list(answers)

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {
                "title": "Unauthorized",
                "detail": "This needs a valid token or API key.",
                "code": "unauthorized",
            }
        planned = self.routes.get((request.method, request.path))
        if planned is None:
            return 404, {"detail": "There is nothing here by that name.", "code": "not_found"}
        chosen = planned.pop(0) if len(planned) > 1 else planned[0]
        return chosen(request) if callable(chosen) else chosen
