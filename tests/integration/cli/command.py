"""The command as a process, and an API that answers it as it is told."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
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


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Command:
    """The command as a process of its own, in a folder and an environment of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.env = {
            "PATH": "/usr/bin:/bin",
            "MODULARDATA_PROFILES": str(folder / "profiles.toml"),
            "MODULARDATA_URL": url,
            "MODULARDATA_API_KEY": KEY,
            "PYTHONPATH": str(ROOT),
        }

    def __call__(self, *arguments: str, stdin: str = "") -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr + done.stdout
        return Finished(done.returncode, done.stdout, done.stderr)
