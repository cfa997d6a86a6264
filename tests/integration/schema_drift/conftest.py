"""schema_drift on a database of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.state import State
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.service.samples import Samples
from services.schema_drift.service.settling import Settling
from tests.integration.composed import Composed, composed


@pytest.fixture
async def world(servers: State, admin_url: str, tmp_path: Path) -> AsyncIterator[Composed]:
    async with composed(["schema_drift"], tmp_path, servers, admin_url) as made:
        yield made


@pytest.fixture
def activities(world: Composed) -> SchemaDriftActivities:
    platform = world.platforms["schema_drift"]
    return SchemaDriftActivities(platform.database, Settling(platform.database, Samples(platform.storage)))
