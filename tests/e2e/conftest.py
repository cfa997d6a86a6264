"""The product as its users have it: the command as a process, and a stack that it started."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.launcher import Stack
from tests.commands import Command
from tests.e2e.client import Api
from tests.e2e.deliveries import supplied
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, one_of_everything, workspace
from tests.e2e.spans import SpanReceiver


@pytest.fixture(scope="session")
def in_new_folder() -> Iterator[Callable[[], Command]]:
    """The command in an empty folder, below which the servers' user may have folders, also when root runs the tests."""
    made: list[Path] = []

    def make() -> Command:
        folder = Path(tempfile.mkdtemp(prefix="modulardata-e2e-"))
        folder.chmod(0o755)
        made.append(folder)
        return Command(folder)

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spans() -> Iterator[SpanReceiver]:
    """Where the stack sends its spans."""
    with SpanReceiver(int(os.environ.get("E2E_SPANS_PORT", "0"))) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def modulardata(in_new_folder: Callable[[], Command], spans: SpanReceiver) -> Iterator[Command]:
    """The command in a folder in which the whole stack is up."""
    command = in_new_folder()
    if "E2E_HOME" in os.environ:
        # The folder of a stack that is up, for whoever works on these tests; its spans go to E2E_SPANS_PORT.
        command.env["MODULARDATA_HOME"] = os.environ["E2E_HOME"]
        yield command
        return
    command.env |= {"MODULARDATA_OTLP_ENDPOINT": spans.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    started = command("up", "--detach", seconds=240)
    assert started.code == 0, started.err
    yield command
    ended = command("down", "--purge", seconds=120)
    assert ended.code == 0, ended.err
    assert not (command.folder / "stack" / "state.json").exists()


@pytest.fixture(scope="session")
def platform(modulardata: Command, spans: SpanReceiver) -> Iterator[Running]:
    """The stack of this session, for those who sweep over all of it."""
    state = Stack.load_state(Path(modulardata.env["MODULARDATA_HOME"]))
    assert state is not None
    api = Api(state.public_url, state.api_key)
    yield Running(state, api, spans)
    api.close()


@pytest.fixture(scope="session")
def workspaces(platform: Running) -> Iterator[tuple[Seeded, Seeded]]:
    """Two workspaces with one of everything in each."""
    made = (workspace(platform.api, "alpha"), workspace(platform.api, "beta"))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda seeded: one_of_everything(platform.state, seeded), made))
    yield made
    for seeded in made:
        seeded.api.close()


@pytest.fixture
def own_workspace(platform: Running) -> Iterator[Seeded]:
    """A new workspace with a bucket and a warehouse."""
    with supplied(platform, "newcomer") as made:
        yield made


@pytest.fixture
def newcomer(
    modulardata: Command, platform: Running, own_workspace: Seeded, in_new_folder: Callable[[], Command]
) -> Command:
    """Somebody at a command line in an empty folder, who develops in that workspace."""
    key = own_workspace.api.call("POST", "/api/keys", {"name": "newcomer", "role": "developer"})["key"]
    command = in_new_folder()
    command.env |= {"MODULARDATA_HOME": modulardata.env["MODULARDATA_HOME"]}
    command.env |= {"MODULARDATA_URL": platform.state.public_url, "MODULARDATA_API_KEY": key}
    return command
