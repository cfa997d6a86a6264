"""Notifications as lines of this service's log: for people who watch logs, and for trying rules out."""

import structlog

from services.notification.channels.channel import Delivered, Notification, Outcome, Target


class LogChannel:
    """Writes one structured line."""

    kind = "log"

    async def deliver(self, notification: Notification, target: Target) -> Outcome:
        """Write the line."""
        structlog.get_logger().info(
            "notification",
            notification=str(notification.id),
            tenant=str(notification.tenant),
            type=notification.type,
            summary=notification.summary,
            advice=notification.advice,
        )
        return Delivered()
