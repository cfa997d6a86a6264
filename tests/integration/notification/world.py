"""What the tests of notification share: a clock that can be set forward, events, rules, a running dispatcher."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.drift import DriftDetected, ReviewOpened
from contracts.events.runs import RunFinished
from services.chassis.egress import Egress
from services.chassis.ids import SystemIds
from services.chassis.passes import Passes
from services.notification.channels.channel import Channel
from services.notification.channels.log import LogChannel
from services.notification.channels.webhook import WebhookChannel, WebhookLimits
from services.notification.decision_links import PURPOSE, DecisionLinks
from services.notification.dispatch import Dispatcher
from services.notification.service import EventLog
from services.notification.settings import NotificationSettings
from tests.integration.composed import Composed

LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = NotificationSettings(poll_seconds=0.05, retry_base_seconds=0.1, retry_most_seconds=0.2)


class MovableClock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
    """Wait until something is true, and give it back."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def dispatching(
    world: Composed, settings: NotificationSettings = QUICK, channel: Channel | None = None
) -> AsyncIterator[None]:
    platform = world.platforms["notification"]
    webhook = channel or WebhookChannel(Egress(LOOPBACK), platform.clock, platform.scrubber, WebhookLimits(1.0, 2.0))
    dispatcher = Dispatcher(
        platform.database,
        {"log": LogChannel(), "webhook": webhook},
        platform.sealer,
        links_of(world),
        platform.clock,
        settings,
        lambda: 0.5,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def links_of(world: Composed) -> DecisionLinks:
    """Links as the composed service makes them."""
    return DecisionLinks(Passes(world.platforms["notification"].sealer, PURPOSE), "http://here")


def heard(world: Composed, event: Contract, **changes: Any) -> tuple[Envelope, Contract]:
    values = {
        "id": SystemIds().new(),
        "source": "/services/any",
        "type": type_of(event),
        "subject": "key",
        "time": world.foundation.clock.now(),
        "tenant": world.tenant,
        "run": uuid4(),
    }
    return Envelope(**(values | changes)), event


async def take(world: Composed, *events: tuple[Envelope, Contract]) -> None:
    log = EventLog("http://here")
    async with world.platforms["notification"].database.work(world.tenant) as work:
        await log.take(work, events)


def finished(outcome: str = "succeeded", workflow: str = "flights") -> RunFinished:
    return RunFinished.model_validate(
        {
            "run_id": uuid4(),
            "workflow_id": uuid4(),
            "workflow": workflow,
            "outcome": outcome,
            "books": {"read": 3, "loaded": 3},
            "finished_at": datetime.now(UTC),
        }
    )


def drift() -> DriftDetected:
    return DriftDetected.model_validate(
        {
            "report_id": uuid4(),
            "run_id": uuid4(),
            "workflow_id": uuid4(),
            "workflow": "flights",
            "module": "clean-flights",
            "stream": "main",
            "decision": "quarantine",
            "changes": [{"kind": "renamed", "column": "dep_delay", "became": "departure_delay", "confidence": 0.9}],
            "summary": "Column `dep_delay` is gone; `departure_delay` looks like it (name 0.87, type fits).",
            "advice": "Rename it back and release the file.",
        }
    )


def review_opened() -> ReviewOpened:
    return ReviewOpened.model_validate(
        {
            **{name: uuid4() for name in ("review_id", "report_id", "proof_id", "run_id", "workflow_id")},
            "workflow": "flights",
            "module": "clean-flights",
            "stream": "main",
            "veto": False,
            "expires_at": datetime.now(UTC) + timedelta(hours=72),
            "summary": "Column `dep_delay` may have become `delay_1` or `delay_2`.",
            "advice": "",
        }
    )


async def make_rule(world: Composed, name: str = "tell", url: str | None = None, **changes: Any) -> dict[str, Any]:
    channel = {"kind": "webhook", "url": url} if url else {"kind": "log"}
    body = {"name": name, "events": ["drift.detected"], "channel": channel} | changes
    made = await world.request("POST", "/api/notification-rules", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def notifications(world: Composed, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.request("GET", "/api/notifications", params=query)).json()["items"]
    return items
