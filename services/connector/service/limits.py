"""How often a workspace may have this service reach for systems of others."""

import time
from collections.abc import Callable
from uuid import UUID

from services.chassis.problems import too_many

_MINUTE = 60.0
_TENANTS = 10_000


class PerMinute:
    """A bucket of permits for each workspace in this process, filled at an even rate."""

    def __init__(self, permits: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._permits = permits
        self._clock = clock
        self._left: dict[UUID, tuple[float, float]] = {}

    def take(self, tenant: UUID) -> None:
        """Take one permit; raises ProblemError 429 when there is none."""
        now = self._clock()
        left, at = self._left.pop(tenant, (float(self._permits), now))
        left = min(float(self._permits), left + (now - at) * self._permits / _MINUTE)
        enough = left >= 1
        self._left[tenant] = (left - 1 if enough else left, now)
        if len(self._left) > _TENANTS:
            del self._left[next(iter(self._left))]
        if not enough:
            seconds = int((1 - left) * _MINUTE / self._permits) + 1
            raise too_many("Connections of this workspace are being tried too often.", seconds)
