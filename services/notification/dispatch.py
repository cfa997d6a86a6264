"""The loop that delivers: takes what is due, sends it, notes how that went; at least once, and never all to one."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

import structlog

from contracts.events.notifications import NotificationDelivered, NotificationUndelivered
from services.chassis.clock import Clock
from services.chassis.database import Database, UnitOfWork
from services.chassis.errors import TransientError
from services.chassis.sealing import SealBroken, Sealer
from services.notification import repository
from services.notification.backoff import Backoff
from services.notification.channels.channel import Channel, Delivered, Failed, Notification, Outcome, Target
from services.notification.decision_links import DecisionLinks
from services.notification.queue import Due, forget, take
from services.notification.service import message_bytes, secret_context
from services.notification.settings import NotificationSettings

MAX_REASON = 1_000


class Dispatcher:
    """Delivers notifications through the channels it is given."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        sealer: Sealer,
        links: DecisionLinks,
        clock: Clock,
        settings: NotificationSettings,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._channels = channels
        self._sealer = sealer
        self._links = links
        self._clock = clock
        self._settings = settings
        self._jitter = jitter
        self._backoff = Backoff(
            base=timedelta(seconds=settings.retry_base_seconds),
            most=timedelta(seconds=settings.retry_most_seconds),
            deadline=timedelta(hours=settings.deadline_hours),
        )
        self._under_way: dict[asyncio.Task[None], str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until the stop event is set, then finish what is under way."""
        try:
            while not stop.is_set():
                await self._round()
                await self._pause(stop)
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            for task in self._under_way:
                task.cancel()

    async def _round(self) -> None:
        """Take what is due, as far as there is room."""
        free = self._settings.at_once - len(self._under_way)
        if free <= 0:
            return
        try:
            due = await take(
                self._database,
                now=self._clock.now(),
                lease=self._settings.lease,
                free=free,
                per_target=self._settings.at_once_per_target,
                busy=Counter(self._under_way.values()),
            )
        except TransientError as error:
            structlog.get_logger().warning("deliveries_wait", reason=type(error).__name__)
            return
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way[task] = delivery.target
            task.add_done_callback(self._ended)

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until a delivery is over, it is time to look again, or the process is asked to stop."""
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {stopped, *self._under_way},
                timeout=self._settings.poll_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease runs out, and it is taken again.
            structlog.get_logger().error("delivery_interrupted", reason=type(error).__name__)

    async def _deliver(self, due: Due) -> None:
        with structlog.contextvars.bound_contextvars(tenant=str(due.tenant), notification=str(due.id)):
            outcome = await self._send(due)
            async with self._database.work(due.tenant) as work:
                await self._note(work, due, outcome)

    async def _send(self, due: Due) -> Outcome:
        if due.url is None:
            return Failed("the rule was removed", permanent=True)
        channel = self._channels.get(due.channel)
        if channel is None:
            return Failed(f"there is no channel {due.channel!r}", permanent=True)
        try:
            secret = due.secret and self._sealer.open(due.secret, secret_context(due.tenant, due.rule_id)).decode()
        except SealBroken:
            return Failed("the rule's secret cannot be opened; make the rule again", permanent=True)
        body = dict(due.body)
        link = self._links.of(due.tenant, due.type, body["data"], due.url) if due.url else None
        if link is not None:
            body["links"] = body["links"] | {"decide": link.address}
        notification = Notification(
            id=due.id,
            tenant=due.tenant,
            type=due.type,
            summary=body["summary"],
            advice=body["advice"],
            body=message_bytes(body),
            credential=link.credential if link else "",
        )
        return await channel.deliver(notification, Target(url=due.url, secret=secret or ""))

    async def _note(self, work: UnitOfWork, due: Due, outcome: Outcome) -> None:
        channel: Literal["log", "webhook"] = "webhook" if due.channel == "webhook" else "log"
        if isinstance(outcome, Delivered):
            if await repository.end_delivery(work, due.id, "delivered", None):
                await work.publish(
                    NotificationDelivered(
                        notification_id=due.id, rule=due.rule, channel=channel, attempts=due.attempts
                    ),
                    key=due.id,
                    run=due.run_id,
                )
            return
        reason = outcome.reason[:MAX_REASON].replace("\x00", "")
        next_at = None
        if not outcome.permanent:
            next_at = self._backoff.next(
                attempts=due.attempts,
                now=work.clock.now(),
                created_at=due.created_at,
                jitter=self._jitter(),
                retry_after=outcome.retry_after,
            )
        if next_at is not None:
            await repository.put_off(work, due.id, due.attempts, next_at, reason)
        elif await repository.end_delivery(work, due.id, "undelivered", reason):
            structlog.get_logger().warning("notification_undelivered", rule=due.rule, reason=reason)
            await work.publish(
                NotificationUndelivered(
                    notification_id=due.id, rule=due.rule, channel=channel, attempts=due.attempts, reason=reason
                ),
                key=due.id,
                run=due.run_id,
            )


class Janitor:
    """Forgets events and ended notifications that are older than what is kept."""

    def __init__(
        self, database: Database, clock: Clock, keep: timedelta, every: timedelta = timedelta(hours=1)
    ) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        self._every = every

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and then until the stop event is set."""
        while not stop.is_set():
            gone = await self.sweep()
            try:
                await asyncio.wait_for(stop.wait(), 1.0 if gone else self._every.total_seconds())
            except TimeoutError:
                continue

    async def sweep(self) -> int:
        """Forget some of what is too old; returns how much."""
        try:
            return await forget(self._database, self._clock.now() - self._keep)
        except TransientError as error:
            structlog.get_logger().warning("forgetting_waits", reason=type(error).__name__)
            return 0
