"""Stands in for the services where the launcher is the subject: it notes what it was told, and answers."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Ready at once, and set up for whoever knows the secret."""

    def do_GET(self) -> None:
        """Say that it is ready."""
        self._answer(200, {})

    def do_POST(self) -> None:
        """Make the workspace."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        secret = Path(os.environ["MODULARDATA_BOOTSTRAP_SECRET_FILE"]).read_text().strip()
        if self.headers["X-Setup-Secret"] != secret or len(body["password"]) < 20:
            return self._answer(403, {})
        return self._answer(201, {"workspace_id": "w-1", "user_id": "u-1", "api_key": "k-1"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> int:
    """Note the environment, then serve until told to stop."""
    told = {name: value for name, value in os.environ.items() if name.startswith("MODULARDATA_")}
    print(json.dumps({"arguments": sys.argv[1:], "told": told}), flush=True)
    if sys.argv[1] == "setup":
        return 0
    for name in ("MODULARDATA_HTTP_PORT", "MODULARDATA_INTERNAL_PORT"):
        server = ThreadingHTTPServer(("127.0.0.1", int(os.environ[name])), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.sigwait({signal.SIGTERM})
    return 0


if __name__ == "__main__":
    sys.exit(main())
