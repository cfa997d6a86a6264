"""The HTTP API as a thin client: a key, retries that repeat nothing, pages, and problems in plain words."""

import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from cli.errors import CliError, Where
from cli.profile import Target

Json = dict[str, Any]
TRY_AGAIN = frozenset({429, 502, 503, 504})
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
PAGE = 100

HINTS = {
    401: "The API key is wrong, revoked or of another installation. Log in again: `modulardata login URL`.",
    403: "The role of your key does not allow this. Ask an admin of the workspace for a key with another role.",
    412: "Somebody changed it meanwhile. Look at it again, then repeat the command.",
    413: "It is larger than the installation takes.",
    429: "Too much at once. Wait a moment and repeat the command.",
    503: "Something it depends on is not there right now. Nothing was lost; repeat the command in a moment.",
}


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the document, and the headers that matter."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Api:
    """One installation, seen through its HTTP API."""

    def __init__(self, target: Target, *, patience: float = 5.0, timeout: float = 60.0) -> None:
        self.target = target
        self._patience = patience
        # The address is somebody's own choice; a proxy of the environment must not see the key.
        self._http = httpx.Client(
            base_url=target.url,
            timeout=httpx.Timeout(timeout, connect=5.0),
            headers={"Authorization": f"Bearer {target.api_key}", "User-Agent": "modulardata-cli"},
            trust_env=not _is_local(target.url),
            verify=_certificates(target.url),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, path: str, **params: object) -> Any:
        """A resource."""
        return self.ask("GET", path, params=params).body

    def post(self, path: str, body: object = None, **params: object) -> Any:
        """Ask for something to be made or done, once: repeated requests carry the same key."""
        return self.ask("POST", path, body=body, params=params).body

    def patch(self, path: str, body: object) -> Any:
        """Change some of a resource."""
        return self.ask("PATCH", path, body=body).body

    def delete(self, path: str) -> None:
        """Remove a resource."""
        self.ask("DELETE", path)

    def pages(self, path: str, limit: int | None = None, **params: object) -> Iterator[Json]:
        """Everything in a collection, page by page."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self.get(path, **params, limit=size, cursor=cursor)
            if isinstance(page, list):  # a collection that is never long comes whole
                yield from page[:left]
                return
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def upload(self, path: str, open_file: Callable[[], BinaryIO], **params: object) -> Any:
        """Send a file as it is; opened anew for each try."""
        headers = {"Content-Type": "application/octet-stream"}
        return self.ask("PUT", path, content=open_file, params=params, headers=headers).body

    def download(self, path: str, target: BinaryIO, **params: object) -> int:
        """Write a resource's bytes to a file, and say how many there were."""
        written = 0
        asked = {name: _parameter(value) for name, value in params.items() if value is not None}
        try:
            with self._http.stream("GET", path, params=asked or None) as response:
                if response.status_code >= 400:
                    response.read()
                    raise problem(response)
                for chunk in response.iter_bytes():
                    written += target.write(chunk)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        return written

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: Callable[[], BinaryIO] | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, tried again while the other side is away; what it may not do twice it is told by a key."""
        sent = dict(headers or {})
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        asked = {name: _parameter(value) for name, value in (params or {}).items() if value is not None}
        deadline = time.monotonic() + self._patience
        pause = FIRST_PAUSE
        while True:
            try:
                response = self._send(method, path, body, content, asked, sent)
            except httpx.TransportError as error:
                # Whether the other side did it is not known; a read or a keyed request may be put again.
                if time.monotonic() + pause > deadline:
                    raise self._unreachable(error) from None
            else:
                if response.status_code not in TRY_AGAIN or time.monotonic() + pause > deadline:
                    return _answer(response)
                pause = max(pause, _seconds(response.headers.get("Retry-After")))
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        content: Callable[[], BinaryIO] | None,
        params: Mapping[str, str | list[str]],
        headers: Mapping[str, str],
    ) -> httpx.Response:
        if content is not None:
            with content() as opened:
                return self._http.request(method, path, content=opened, params=params, headers=headers)
        if body is None:
            return self._http.request(method, path, params=params, headers=headers)
        return self._http.request(method, path, json=body, params=params, headers=headers)

    def _unreachable(self, error: httpx.HTTPError) -> CliError:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
        return CliError(
            f"{self.target.url} {what} ({type(error).__name__}; address from: {self.target.origin}).",
            hint="Is it running? `modulardata status` looks at the stack of this folder; `modulardata up` starts one.",
            code="unreachable",
        )


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")


def problem(response: httpx.Response) -> CliError:
    """A refusal in plain words."""
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("title") or f"The server answered {response.status_code}."
    places = tuple(
        Where(
            str(item.get("pointer", "")),
            str(item.get("message", "")),
            str(item.get("code", "")),
            item.get("line"),
            item.get("column"),
        )
        for item in body.get("errors") or ()
        if isinstance(item, dict)
    )
    hint = HINTS.get(response.status_code, "")
    if response.status_code >= 500 and not hint:
        request_id = response.headers.get("X-Request-Id")
        about = f" It is request {request_id} in the log." if request_id else ""
        hint = f"That is a defect of the installation, not of your command.{about}"
    kind = str(body.get("code") or body.get("type") or "").rpartition("/")[2].rpartition(":")[2]
    return CliError(str(detail), where=places, hint=hint, status=response.status_code, code=kind)


def _answer(response: httpx.Response) -> Answer:
    if response.status_code >= 400:
        raise problem(response)
    body: Any = None
    if response.content:
        try:
            body = response.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise CliError(
                f"{response.request.url} answered something that is not JSON.",
                hint="Is that the address of a ModularData installation?",
            ) from None
    return Answer(response.status_code, body, response.headers)


def _parameter(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdigit() else 0.0


def _certificates(url: str) -> ssl.SSLContext | bool:
    """Which are believed: those that HTTPX knows. Reading them takes longer than a request, so not where none comes."""
    return True if httpx.URL(url).scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_local(url: str) -> bool:
    return (httpx.URL(url).host or "") in {"127.0.0.1", "localhost", "::1"}
