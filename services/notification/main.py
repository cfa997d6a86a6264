"""Puts notification together."""

import secrets
from datetime import timedelta

from services.chassis.egress import Egress
from services.chassis.parts import Loop, Service
from services.chassis.passes import Passes
from services.chassis.platform import Platform
from services.notification.api import router
from services.notification.channels.log import LogChannel
from services.notification.channels.webhook import WebhookChannel
from services.notification.consumers import handlers
from services.notification.decision_links import PURPOSE, DecisionLinks
from services.notification.dispatch import Dispatcher, Janitor
from services.notification.service import EventLog, Rules
from services.notification.settings import NotificationSettings


def build(platform: Platform) -> Service:
    """The parts of notification."""
    settings = NotificationSettings()
    egress = Egress(platform.settings.egress_allow)
    log = EventLog(platform.settings.public_url)
    dispatcher = Dispatcher(
        platform.database,
        {
            channel.kind: channel
            for channel in (LogChannel(), WebhookChannel(egress, platform.clock, platform.scrubber))
        },
        platform.sealer,
        DecisionLinks(Passes(platform.sealer, PURPOSE), platform.settings.public_url),
        platform.clock,
        settings,
        secrets.SystemRandom().random,
    )
    janitor = Janitor(platform.database, platform.clock, timedelta(days=settings.keep_days))
    return Service(
        name=platform.service,
        routers=(router(Rules(platform.sealer), log, egress, platform.http),),
        handlers=handlers(log),
        loops=(Loop("deliveries", dispatcher.run), Loop("janitor", janitor.run)),
    )
