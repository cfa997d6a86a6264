"""One world for all the fault tests of a session: they follow each other, as its deaths do."""

from collections.abc import Iterator

import pytest

from tests.faults.world import World
from tests.faults.world import world as make_world

SEED = 20251121


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The stack with traps, and its workflows."""
    with make_world(SEED) as made:
        yield made
