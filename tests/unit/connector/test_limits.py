"""So many tries a minute for each workspace, filled evenly, and no workspace at another's cost."""

from uuid import uuid4

import pytest

from services.chassis.problems import ProblemError
from services.connector.service.limits import PerMinute


def test_permits_run_out_and_come_back() -> None:
    now = 0.0
    limit = PerMinute(3, clock=lambda: now)
    mine, other = uuid4(), uuid4()
    for _ in range(3):
        limit.take(mine)
    with pytest.raises(ProblemError) as found:
        limit.take(mine)
    assert found.value.status == 429
    assert found.value.headers["Retry-After"] == "21"
    limit.take(other)
    now = 21.0
    limit.take(mine)
    with pytest.raises(ProblemError):
        limit.take(mine)
