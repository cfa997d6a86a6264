"""An integrator's side of the API: one key, every answer remembered, and patience for what takes time."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests import plain_http
from tests.waiting import until

ENDED = {"succeeded", "partial", "quarantined", "failed", "cancelled"}


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The document in the body."""
        return json.loads(self.body)

    def everything(self) -> bytes:
        """Headers and body in one, for a search."""
        return "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode() + b"\n\n" + self.body


class Api:
    """The API under one credential; `answers` has all that ever came back, whoever of the copies asked."""

    def __init__(self, url: str, credential: str | None = None, answers: list[Answer] | None = None) -> None:
        self.url = url
        self.credential = credential
        self.answers: list[Answer] = [] if answers is None else answers
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._http = plain_http.client(base_url=url, headers=headers, timeout=60)

    def under(self, credential: str | None) -> "Api":
        """The same door with another credential, or with none."""
        return Api(self.url, credential, self.answers)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """One request; every POST has an Idempotency-Key of its own unless told otherwise."""
        headers = dict(options.pop("headers", {}))
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        if isinstance(body, bytes):
            options["content"] = body
            headers.setdefault("Content-Type", "application/octet-stream")
        elif body is not None:
            options["json"] = body
        came = self._http.request(method, path, headers=headers, **options)
        answer = Answer(method, path, came.status_code, dict(came.headers), came.content)
        self.answers.append(answer)
        return answer

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """One request that must succeed; its document."""
        answer = self.send(method, path, body, **options)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:800]!r}"
        return answer.json if answer.body else None

    def items(self, path: str) -> list[Any]:
        """Everything a list holds, page after page."""
        joint = "&" if "?" in path else "?"
        page = self.call("GET", path)
        found = list(page["items"])
        while page["next_cursor"]:
            page = self.call("GET", f"{path}{joint}cursor={page['next_cursor']}")
            found += page["items"]
        return found

    def ended(self, run_id: str, seconds: float = 60) -> Any:
        """A run, once it has ended."""

        def find() -> Any:
            run = self.call("GET", f"/api/runs/{run_id}")
            return run if run["state"] in ENDED else None

        return until(f"the end of run {run_id}", find, seconds)

    def run(self, workflow: str, **options: Any) -> Any:
        """Run a workflow by hand, to its end."""
        return self.ended(self.call("POST", f"/api/workflows/{workflow}/runs", **options)["id"])

    def opened(self, connection: str, selection: dict[str, Any]) -> Any:
        """A session, once it is open or has failed."""
        made = self.call("POST", "/api/sessions", {"connection": connection, "selection": selection})

        def find() -> Any:
            session = self.call("GET", f"/api/sessions/{made['id']}")
            return session if session["state"] != "opening" else None

        return until("the session opens", find)

    def close(self) -> None:
        """Hang up."""
        self._http.close()


@contextmanager
def door(url: str, credential: str | None = None) -> Iterator[Api]:
    """An API client for the length of a block."""
    api = Api(url, credential)
    try:
        yield api
    finally:
        api.close()
