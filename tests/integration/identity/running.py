"""Services as processes of a test: real ones, in a database, with topics and ports of their own."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from contracts.topics import SERVICES
from deploy.local.state import State
from tests import plain_http
from tests.integration.conftest import ROLE_PASSWORD

ROOT = Path(__file__).resolve().parents[3]
SETUP_SECRET = secrets.token_urlsafe(24)
PASSWORD = "correct horse battery staple"
EMAIL = "admin@localhost"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition says as soon as it says something; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)  # between two looks, never instead of one
    return found


class Child:
    """One process of the services."""

    def __init__(self, place: "Installation", arguments: list[str], port: int, internal: int, log: Path) -> None:
        self.url, self.internal = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{internal}"
        self.log = log
        told = place.environment | {
            "MODULARDATA_HTTP_PORT": str(port),
            "MODULARDATA_INTERNAL_PORT": str(internal),
        }
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *place.command, *arguments], cwd=ROOT, env=told, stdout=out, stderr=out
            )

    @property
    def written(self) -> str:
        return self.log.read_text("utf-8")

    def ready(self) -> bool:
        assert self.process.poll() is None, f"it ended: {self.written[-3000:]}"
        return self.probe("/readyz") == 200

    def probe(self, path: str) -> int:
        """A probe's answer; 0 for none."""
        try:
            return plain_http.get(self.internal + path).status_code
        except httpx.HTTPError:
            return 0

    def missing(self) -> set[str]:
        """What the probe says is away."""
        answer = plain_http.get(f"{self.internal}/readyz")
        return {error["message"] for error in answer.json().get("errors", [])}

    def memory(self) -> int:
        """Bytes that this process holds."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(25)


@dataclass
class Installation:
    """A platform of a test's own: its settings, and the first workspace's admin."""

    folder: Path
    environment: dict[str, str]
    port: int
    command: tuple[str, ...] = ("services",)
    admin: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def start(self, *arguments: str, port: int | None = None, wait: bool = True) -> Child:
        """Start a process; on the port everybody knows, unless another is named."""
        log = self.folder / f"{arguments[0]}-{len(self.children)}.log"
        child = Child(self, list(arguments), self.port if port is None else port, free_port(), log)
        self.children.append(child)
        if wait:
            until(child.ready, 90)
        return child

    def set_up(self) -> None:
        """Make the first workspace."""
        with self.client() as client:
            answer = client.post(
                "/api/setup",
                json={"workspace": "main", "email": EMAIL, "password": PASSWORD},
                headers={"X-Setup-Secret": SETUP_SECRET},
            )
        assert answer.status_code == 201, answer.text
        self.admin = answer.json()

    def client(self, credential: str | None = None, url: str | None = None) -> httpx.Client:
        """A caller; with nobody's credential unless one is given."""
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        url = url or f"http://127.0.0.1:{self.port}"
        return plain_http.client(base_url=url, headers=headers, timeout=20)


def key_file(path: Path) -> str:
    path.write_text(json.dumps({"primary": "k", "keys": {"k": base64.b64encode(secrets.token_bytes(32)).decode()}}))
    return str(path)


@contextmanager
def installation(
    folder: Path, servers: State, admin_url: str, services: tuple[str, ...] = SERVICES, **changes: str
) -> Iterator[Installation]:
    """A database, topics and keys of its own; all processes are ended with it."""
    port = free_port()
    host = admin_url.rpartition("@")[2]
    (folder / "passwords.json").write_text(json.dumps(dict.fromkeys(services, ROLE_PASSWORD)))
    (folder / "secret").write_text(SETUP_SECRET)
    told = {
        "PATH": os.environ["PATH"],
        "PYTHONUNBUFFERED": "1",
        "MODULARDATA_DATABASE_URL": f"postgresql://{host}",
        "MODULARDATA_DATABASE_PASSWORDS_FILE": str(folder / "passwords.json"),
        "MODULARDATA_KAFKA": servers.kafka,
        "MODULARDATA_KAFKA_PREFIX": f"t{secrets.token_hex(4)}-",
        "MODULARDATA_TEMPORAL": servers.temporal,
        "MODULARDATA_TEMPORAL_NAMESPACE": servers.temporal_namespace,
        "MODULARDATA_STORAGE": (folder / "objects").as_uri(),
        "MODULARDATA_KEK_FILE": key_file(folder / "kek.json"),
        "MODULARDATA_PAYLOAD_KEY_FILE": key_file(folder / "payload.json"),
        "MODULARDATA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MODULARDATA_BOOTSTRAP_SECRET_FILE": str(folder / "secret"),
        "MODULARDATA_LOG_LEVEL": "debug",
    } | changes
    made = Installation(folder, told, port)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "services", "setup"],
            cwd=ROOT,
            env=told | {"MODULARDATA_DATABASE_ADMIN_URL": admin_url},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr[-3000:]
        yield made
    finally:
        for child in made.children:
            if child.process.poll() is None:
                child.kill()
