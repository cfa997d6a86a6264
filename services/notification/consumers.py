"""What notification hears: everything."""

from contracts.catalog import EVENTS
from services.chassis.handlers import Handlers
from services.notification.service import EventLog


def handlers(log: EventLog) -> Handlers:
    """Every event there is goes into its tenant's log."""
    found = Handlers()
    found.on_batch(tuple(EVENTS.values()), log.take)
    return found
