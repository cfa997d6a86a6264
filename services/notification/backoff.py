"""When to try a delivery again: later each time, never all at once, not before the target asked for, not for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Backoff:
    """How long to wait after a failed attempt. `deadline` counts from the notification's making."""

    base: timedelta = timedelta(seconds=2)
    most: timedelta = timedelta(minutes=15)
    deadline: timedelta = timedelta(hours=24)

    def next(
        self,
        *,
        attempts: int,
        now: datetime,
        created_at: datetime,
        jitter: float,
        retry_after: timedelta | None = None,
    ) -> datetime | None:
        """When the next attempt is due, or None when the deadline comes first. `jitter` lies between 0 and 1."""
        exponent = min(attempts - 1, 30)
        wait = min(self.most, self.base * 2**exponent)
        # Half of it is sure, half is chance: targets that fell together are not called together.
        wait = wait / 2 + wait / 2 * jitter
        if retry_after is not None:
            wait = max(wait, retry_after)
        due = now + wait
        return due if due <= created_at + self.deadline else None
