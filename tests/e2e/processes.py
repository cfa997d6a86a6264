"""Services as processes of their own: each on its ports, and one address for all, which tells them apart by path."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from contracts.topics import SERVICES
from deploy.local.ports import choose
from deploy.local.services import environment
from deploy.local.state import State
from tests import plain_http
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


def owners() -> list[tuple[str, str]]:
    """Beginnings of paths and the services behind them, as their OpenAPI documents say."""
    found: dict[str, str] = {}
    for service in SERVICES:
        document = json.loads((ROOT / "contracts" / "openapi" / f"{service}.json").read_text())
        for path in document["paths"]:
            beginning = path.partition("{")[0]
            found[beginning.partition(":")[0]] = service
    return sorted(found.items(), key=lambda item: -len(item[0]))


class Router:
    """Takes requests for all services, and passes each on to whose path it is; as an ingress does."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.client = plain_http.client(timeout=30)
        beginnings = owners()
        router = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                service = next((owner for start, owner in beginnings if self.path.startswith(start)), "identity")
                try:
                    answer = router.client.request(
                        self.command, router.targets[service] + self.path, content=body, headers=dict(self.headers)
                    )
                except httpx.TransportError:
                    self._answer(502, [], b"")
                else:
                    self._answer(answer.status_code, answer.headers.items(), answer.content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def _answer(self, status: int, headers: Any, body: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The one address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.client.close()


class Child:
    """One process of `python -m services`."""

    def __init__(self, state: State, arguments: Sequence[str], identity: str, changes: dict[str, str]) -> None:
        self.name = arguments[0]
        self.ports = choose(["http", "internal"])
        told = environment(state, os.environ) | changes
        told |= {f"MODULARDATA_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        told |= {"MODULARDATA_IDENTITY_URL": identity}
        self.log = state.logs / f"apart-{self.name}-{self.ports['http']}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", *arguments], cwd=ROOT, env=told, stdout=log, stderr=log
            )

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.ports['http']}"

    def wait(self, seconds: float = 180) -> None:
        """Wait until it says that it is ready; a process that ended will never be."""
        url, said = f"http://127.0.0.1:{self.ports['internal']}/readyz", "nothing"

        def ready() -> bool:
            nonlocal said
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            try:
                answer = plain_http.get(url)
            except httpx.TransportError as error:
                said = type(error).__name__
                return False
            said = answer.text
            return answer.status_code == 200

        try:
            until(f"{self.name} is ready", ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it said {said}, and logged {self.log.read_text()[-2000:]}") from None

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def apart(state: State, commands: Sequence[Sequence[str]], **changes: str) -> Iterator[tuple[Router, dict[str, Child]]]:
    """Run services in processes of their own, behind one address, until the block ends."""
    router = Router()
    children: dict[str, Child] = {}
    try:
        for arguments in commands:
            child = Child(state, arguments, router.url, changes | {"MODULARDATA_PUBLIC_URL": router.url})
            children[child.name] = child
        for service in SERVICES:
            router.targets[service] = children[service if service in children else "all"].url
        for child in children.values():
            child.wait()
        yield router, children
    finally:
        for child in children.values():
            if child.process.poll() is None:
                child.process.kill()
            child.process.wait()
        router.close()
