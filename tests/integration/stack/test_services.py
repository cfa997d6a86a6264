"""The services under the launcher: what they are told, that they come back, and the first setup."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import foreground
from deploy.local.launcher import Stack, Step
from deploy.local.state import State
from tests.conftest import open_folder


@pytest.fixture
def stack_on(servers: State) -> Iterator[tuple[Path, dict[str, str]]]:
    """A data folder, and an environment that names the servers of this run: only the services are started."""
    folder = open_folder()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODULARDATA_")} | {
        "MODULARDATA_KAFKA": servers.kafka,
        "MODULARDATA_TEMPORAL": servers.temporal,
        "MODULARDATA_DATABASE_ADMIN_URL": servers.database_admin_url,
        "MODULARDATA_S3_ENDPOINT": servers.s3_endpoint,
        "MODULARDATA_S3_ACCESS_KEY": servers.s3_access_key,
        "MODULARDATA_S3_SECRET_KEY": servers.s3_secret_key,
        "MODULARDATA_OF_MY_OWN": "reaches them",
        "MODULARDATA_HTTP_PORT": "1",
    }
    yield folder / "stack", environment
    foreground.down(folder / "stack", purge=True)
    folder.rmdir()


def said(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


async def test_services_are_set_up_once_told_what_they_need_and_come_back(
    stack_on: tuple[Path, dict[str, str]],
) -> None:
    folder, environment = stack_on
    steps: list[Step] = []
    tiny = "tests.integration.stack.tiny"
    async with Stack(folder, services_module=tiny, environment=environment, progress=steps.append) as stack:
        state = stack.state
        assert (state.workspace_id, state.user_id, state.api_key) == ("w-1", "u-1", "k-1")
        kept = Stack.load_state(folder)
        assert kept == state

        worker = stack.pid("worker")
        os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(15):
            for _ in range(300):
                if len(said(state.logs / "worker.log")) == 2:
                    break
                await asyncio.sleep(0.05)
        assert stack.pid("worker") not in (0, worker)
        assert [step.name for step in steps if step.phase == "restarting"] == ["worker"]

    (provisioning,) = said(state.logs / "services-setup.log")
    assert provisioning["arguments"] == ["setup"]
    assert provisioning["told"]["MODULARDATA_DATABASE_ADMIN_URL"] == state.database_admin_url
    (services,) = said(state.logs / "services.log")
    assert services["arguments"] == ["all", "--without", "connector.worker"]
    first, second = said(state.logs / "worker.log")
    assert first == second
    assert first["arguments"] == ["connector", "--only", "worker"]
    for told in (services["told"], first["told"]):
        assert told["MODULARDATA_OF_MY_OWN"] == "reaches them"
        assert told["MODULARDATA_KAFKA"] == state.kafka
        text = json.dumps(told)
        assert "MODULARDATA_DATABASE_ADMIN_URL" not in text
        assert state.s3_secret_key not in text
        for name, value in told.items():
            if name.endswith("_FILE"):
                assert Path(value).stat().st_mode & 0o777 == 0o600
    assert services["told"]["MODULARDATA_HTTP_PORT"] == str(state.ports["http"])
    assert first["told"]["MODULARDATA_HTTP_PORT"] != services["told"]["MODULARDATA_HTTP_PORT"]

    async with Stack(folder, services_module=tiny, environment=environment) as again:
        assert again.state.api_key == "k-1"
        assert again.state.admin_password == state.admin_password
