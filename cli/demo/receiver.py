"""A webhook receiver as a customer would run one: it takes what is properly signed and remembers it."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

LARGEST = 1_000_000


@dataclass(frozen=True)
class Received:
    """One delivery and whether its signature was right."""

    id: str
    verified: bool
    body: dict[str, Any]


class Receiver:
    """Listens on this machine, on a port the system chose."""

    def __init__(self) -> None:
        self.deliveries: list[Received] = []
        self._secret = ""
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), LARGEST)
                good = receiver.take(self.rfile.read(length), {k.lower(): v for k, v in self.headers.items()})
                self.send_response(204 if good else 401)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the terminal belongs to the story."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to deliver to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/alerts"

    def expect(self, secret: str) -> None:
        """Believe what is signed with this secret."""
        self._secret = secret

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Verify a delivery and remember it."""
        try:
            Webhook(self._secret).verify(body, headers)
            verified = True
        except (WebhookVerificationError, ValueError, RuntimeError):
            verified = False
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        with self._arrived:
            self.deliveries.append(Received(headers.get("webhook-id", ""), verified, document))
            self._arrived.notify_all()
        return verified

    def wait_for(self, wanted: Callable[[Received], bool], seconds: float) -> Received | None:
        """The first delivery that is wanted, or None when none came in time."""
        with self._arrived:
            self._arrived.wait_for(lambda: any(map(wanted, self.deliveries)), seconds)
            return next(filter(wanted, self.deliveries), None)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
