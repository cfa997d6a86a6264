"""The stack of this machine as commands see it: its start shown part by part, and its own stores made connections."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.client import Api, segment
from cli.errors import CliError
from cli.output import plain
from cli.profile import Target
from deploy.local.launcher import Stack, Step
from deploy.local.problems import StackError
from deploy.local.state import State

LANDING, WAREHOUSE = "landing", "warehouse"


class StartView:
    """Shows how a stack comes up: a live table on a terminal, a line for each part elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._lines: dict[str, Text] = {}
        self._live = Live(console=console, transient=False, refresh_per_second=8) if console.is_terminal else None

    def __call__(self, step: Step) -> None:
        """Take one message of the launcher; it comes from the launcher's own thread."""
        with self._lock:
            text = self._text(step)
            self._lines[step.name] = text
            if self._live is not None:
                self._live.update(self._table())
            elif step.phase in ("ready", "recovered", "stopped") or (step.total and step.done == step.total):
                self._console.print(text)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the table while the stack comes up."""
        if self._live is None:
            yield
            return
        with self._live:
            yield

    def _table(self) -> Table:
        made = Table.grid()
        for line in self._lines.values():
            made.add_row(line)
        return made

    @staticmethod
    def _text(step: Step) -> Text:
        mark, style = {"ready": ("✓", "green"), "recovered": ("!", "yellow"), "stopped": ("■", "dim")}.get(
            step.phase, ("·", "cyan")
        )
        amount = f" {step.done / 1e6:.0f} of {step.total / 1e6:.0f} MB" if step.total else ""
        if step.total and step.done == step.total:
            mark, style = "✓", "green"
        took = f" after {step.seconds:.1f} s" if step.seconds and step.phase == "ready" else ""
        return Text.assemble(
            (f"   {mark} ", style), f"{step.name:<10} ", (plain(f"{step.phase}{amount}{took} {step.detail}"), "dim")
        )


@contextmanager
def running(folder: Path, console: Console) -> Iterator[Stack]:
    """A stack that is up inside the block; SIGTERM and a closed terminal stop it as Ctrl-C does."""
    view = StartView(console)
    stack = Stack(folder, progress=view)
    with _signals():
        try:
            with view.shown():
                stack.__enter__()
        except StackError as error:
            raise CliError(error.message, hint=error.hint) from None
        try:
            yield stack
        finally:
            with _deaf():
                stack.__exit__(None, None, None)


def target(state: State) -> Target:
    """The stack's own API, with the key of its first admin."""
    return Target(state.public_url, state.api_key, f"stack in {state.folder}", state.folder)


def own_connections(state: State) -> list[dict[str, Any]]:
    """The stack's bucket and warehouse as connections."""
    warehouse = urlsplit(state.warehouse_dsn)
    return [
        {
            "name": LANDING,
            "kind": "s3",
            "settings": {
                "endpoint_url": state.s3_endpoint,
                "region": state.s3_region,
                "bucket": state.s3_bucket,
                "addressing_style": "path",
            },
            "secrets": {"access_key_id": state.s3_access_key, "secret_access_key": state.s3_secret_key},
        },
        {
            "name": WAREHOUSE,
            "kind": "postgres",
            "settings": {
                "host": warehouse.hostname,
                "port": warehouse.port or 5432,
                "database": warehouse.path.strip("/"),
                "user": unquote(warehouse.username or ""),
            },
            "secrets": {"password": unquote(warehouse.password or "")},
        },
    ]


def connect_own_stores(api: Api, state: State) -> list[str]:
    """Make connections to the stack's bucket and warehouse, those that are not there yet; say which were made."""
    made = []
    for wanted in own_connections(state):
        try:
            api.get(f"/api/connections/{segment(wanted['name'])}")
        except CliError as error:
            if error.status != 404:
                raise
            api.post("/api/connections", wanted)
            made.append(wanted["name"])
    return made


@contextmanager
def _signals() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """A stop that has begun is not called off by a second Ctrl-C: it takes seconds, and leaves nothing behind."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
