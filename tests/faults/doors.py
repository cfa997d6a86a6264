"""The public doors of the platform, used by somebody who does not give up: what got no answer is sent again."""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import httpx
from standardwebhooks import Webhook

from deploy.local.state import State
from tests import plain_http

# Come back later; all others are answers.
LATER = {409, 425, 429, 502, 503, 504}
PATIENCE = 90.0


class Refused(AssertionError):
    """The platform gave an answer that nobody should get."""


class Doors:
    """An integrator: one address, one key, and patience."""

    def __init__(self, state: State) -> None:
        self._http = plain_http.client(
            base_url=state.public_url,
            headers={"Authorization": f"Bearer {state.api_key}"},
            timeout=httpx.Timeout(15, connect=5),
        )
        self.sent_again = 0

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """A request under the API key, with one Idempotency-Key however often it is sent."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())} if method == "POST" else {}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        answer = self._insist(method, path, headers, content)
        return answer.json() if answer.content else None

    def hook(self, url: str, secret: str, body: bytes, delivery: str) -> Any:
        """A signed webhook, with one id however often it is delivered."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(delivery, now, body.decode()),
            "Content-Type": "application/json",
            "Authorization": "",
        }
        return self._insist("POST", httpx.URL(url).path, headers, body).json()

    def _insist(self, method: str, path: str, headers: dict[str, str], content: bytes | None) -> httpx.Response:
        deadline, said = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            try:
                answer = self._http.request(method, path, headers=headers, content=content)
            except httpx.TransportError as error:
                said = type(error).__name__
            else:
                if answer.is_success:
                    return answer
                said = f"{answer.status_code} {answer.text[:500]}"
                if answer.status_code not in LATER:
                    raise Refused(f"{method} {path}: {said}")
            self.sent_again += 1
            time.sleep(0.1)
        raise Refused(f"{method} {path}: no answer in {PATIENCE:.0f} s, lately: {said}")


def object_created(bucket: str, key: str, etag: str, size: int) -> bytes:
    """An S3 event notification as stores send it."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag, "size": size}},
    }
    return json.dumps({"Records": [record]}).encode()
