"""Real servers for the tests: started once per run, or those whose URLs the environment names.

The four of them take four seconds, so they are started when the first test asks. Under xdist the controller
starts them, because a worker may end before the others do; and tests that share a whole stack stay on one worker.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from xdist.scheduler import LoadScopeScheduling

from deploy.local.launcher import Stack
from deploy.local.postgres import other_database
from deploy.local.state import State

# As lines, and through the standard logger, where tests can see them; a coloured traceback takes seconds to draw.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

CONTROLLER = pytest.StashKey[tuple[Stack, Path]]()
VERDICT = pytest.StashKey[int]()
FOLDER = "stack_folder"
# Their session fixtures are stacks with all services: each is made once, by the one worker that runs all of its tests.
WHOLE_STACKS = ("tests/e2e", "tests/faults")


def open_folder() -> Path:
    """Make a folder below which the servers' user may have folders of its own, also when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="modulardata-test-"))
    folder.chmod(0o755)
    return folder


class ByStack(LoadScopeScheduling):
    """Hands out file by file, as they were collected, and all tests that share a whole stack to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = "/".join(file.split("/")[:2])
        return folder if folder in WHOLE_STACKS else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that share a whole stack begin first: one worker runs all of them, and nobody shall wait for it."""
    items.sort(key=lambda item: not item.nodeid.startswith(WHOLE_STACKS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStack:
    """Who of xdist's workers gets which tests."""
    return ByStack(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the stack of this run to a worker of xdist."""
    stash = node.config.stash
    if CONTROLLER not in stash:
        folder = open_folder()
        stack = Stack(folder / "stack", services=False)
        _never_wait_for_the_disk(stack.__enter__())
        stash[CONTROLLER] = (stack, folder)
    node.workerinput[FOLDER] = str(stash[CONTROLLER][0].folder)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the verdict for the very end."""
    session.config.stash[VERDICT] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Take down what the controller started, and leave with the true verdict."""
    if CONTROLLER in config.stash:
        stack, folder = config.stash[CONTROLLER]
        stack.__exit__(None, None, None)
        shutil.rmtree(folder, ignore_errors=True)
    if "temporalio" in sys.modules and not hasattr(config, "workerinput") and VERDICT in config.stash:
        # A process in which a Temporal client lived may crash when the interpreter tears itself down, and the
        # exit code of a run that passed would say that it failed. All reports are written by now.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[VERDICT])


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[State]:
    """Kafka, Temporal, PostgreSQL and S3, running: their addresses and credentials."""
    handed = getattr(request.config, "workerinput", {}).get(FOLDER)
    if handed:
        state = Stack.load_state(Path(handed))
        assert state is not None, "the controller's stack wrote no state"
        yield state
        return
    folder = open_folder()
    try:
        with Stack(folder / "stack", services=False) as stack:
            _never_wait_for_the_disk(stack)
            yield stack.state
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def admin_url(servers: State) -> Iterator[str]:
    """A database of this test's own: its address as the superuser. Dropped afterwards, whoever is connected."""
    with _database(servers) as url:
        yield url


@pytest.fixture(scope="module")
def module_database(servers: State) -> Iterator[str]:
    """A database for all tests of a module, as above."""
    with _database(servers) as url:
        yield url


@contextmanager
def _database(servers: State) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    asyncio.run(_execute(servers.database_admin_url, f"create database {name}"))
    yield other_database(servers.database_admin_url, name)
    asyncio.run(_execute(servers.database_admin_url, f"drop database {name} with (force)"))


def _never_wait_for_the_disk(stack: Stack) -> None:
    """Let the stack's own PostgreSQL leave flushing to the kernel: what is committed outlives any process all the same.

    Only a power cut would tell the difference, and every test's database is made and dropped, which flushes all of it.
    """
    if "postgres" in stack.children:
        asyncio.run(_execute(stack.state.database_admin_url, "alter system set fsync = off"))
        asyncio.run(_execute(stack.state.database_admin_url, "select pg_reload_conf()"))


async def _execute(url: str, statement: str) -> None:
    connection: Any = await asyncpg.connect(other_database(url, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
