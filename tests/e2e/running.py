"""The stack that the sweeps share, as those who look at it from outside need it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from deploy.local.state import State
from tests import plain_http
from tests.e2e.client import Api
from tests.e2e.spans import SpanReceiver


@dataclass
class Running:
    """A stack, somebody who operates it, and what its processes report about themselves."""

    state: State
    api: Api
    spans: SpanReceiver

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """What the processes say of their HTTP interface."""
        found: dict[str, Any] = plain_http.get(f"{self.state.internal_url}/openapi.json", timeout=30).json()
        return found

    @property
    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and description of every operation that the processes serve."""
        paths = self.openapi["paths"]
        return [(method.upper(), path, said) for path, methods in paths.items() for method, said in methods.items()]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with its reference followed."""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.openapi["components"]["schemas"][name]
        return schema

    def metrics(self) -> str:
        """The figures of both processes."""
        ports = (self.state.ports["internal"], self.state.ports["worker_internal"])
        return "".join(plain_http.get(f"http://127.0.0.1:{port}/metrics").text for port in ports)

    def log_files(self) -> list[Path]:
        """Where the processes write."""
        return sorted(path for path in self.state.logs.rglob("*") if path.is_file())

    def log_lines(self, *files: str) -> list[dict[str, Any]]:
        """The structured lines of the services' logs."""
        found = []
        for name in files or ("services.log", "worker.log"):
            for line in (self.state.logs / name).read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    found.append(json.loads(line))
        return found

    def processes(self) -> list[psutil.Process]:
        """Every process of the stack, with those that they made."""
        told = json.loads((self.state.folder / "run.json").read_text())
        found = []
        for child in (told["launcher"], *told["children"].values()):
            try:
                process = psutil.Process(child["pid"])
                found += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        return found
