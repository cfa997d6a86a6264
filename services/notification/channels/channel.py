"""What every channel is: something that takes a notification once, and says whether it arrived."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Notification:
    """What is delivered. The id stays the same however often it is sent, so that a receiver can tell."""

    id: UUID
    tenant: UUID
    type: str
    summary: str
    advice: str
    body: bytes  # the whole message as JSON
    credential: str = ""  # what in it may stand nowhere else, if anything


@dataclass(frozen=True)
class Target:
    """Where it goes; which of these a channel needs is its own business."""

    url: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Delivered:
    """It arrived."""


@dataclass(frozen=True)
class Failed:
    """It did not. The reason is for people and holds no secret; `permanent` means that no retry would help."""

    reason: str
    permanent: bool = False
    retry_after: timedelta | None = None


Outcome = Delivered | Failed


class Channel(Protocol):
    """One way to reach somebody. Never raises for what the other side does."""

    @property
    def kind(self) -> str:
        """The name rules call it by."""

    async def deliver(self, notification: Notification, target: Target) -> Outcome:
        """Send it once, within a time of the channel's own."""
