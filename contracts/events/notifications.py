"""Facts about deliveries: topic `notifications`."""

from typing import Literal
from uuid import UUID

from contracts.data import Contract


class NotificationDelivered(Contract):
    """A channel took a notification."""

    notification_id: UUID
    rule: str
    channel: Literal["log", "webhook"]
    attempts: int


class NotificationUndelivered(Contract):
    """A channel did not take a notification before its deadline."""

    notification_id: UUID
    rule: str
    channel: Literal["log", "webhook"]
    attempts: int
    reason: str
