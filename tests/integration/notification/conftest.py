"""One composed notification for each test, and its clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.state import State
from tests.integration.composed import Composed, composed
from tests.integration.notification.world import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def world(servers: State, admin_url: str, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Composed]:
    async with composed(
        ["notification"], tmp_path, servers, admin_url, clock=clock, egress_allow="127.0.0.0/8"
    ) as made:
        yield made
