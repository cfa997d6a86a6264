"""Hands events to their handlers in one transaction with their inbox rows: all of it happens, or none."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy import text

from services.chassis import metrics
from services.chassis.database import Database, UnitOfWork
from services.chassis.decoding import Heard
from services.chassis.handlers import Registered
from services.chassis.telemetry import continued
from services.chassis.tenancy import acting_for

_REMEMBER = text(
    "INSERT INTO inbox (consumer, event_id) SELECT :consumer, unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING"
)
# Of these rows, those that this very transaction wrote.
_NEW = text(
    "SELECT event_id FROM inbox WHERE consumer = :consumer AND event_id = ANY(CAST(:ids AS uuid[]))"
    " AND xmin = pg_current_xact_id()::xid"
)


class Delivery:
    """One consumer's transactions."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    async def deliver(self, events: Sequence[Heard]) -> None:
        """Handle those events that this consumer has not handled yet, in one transaction; raises what a handler raises.

        Events of one tenant keep their order; a tenant's events are handled together.
        """
        if not events:
            return
        # By number: a UUID is slow to hash.
        by_id: dict[int, Heard] = {}
        for item in events:
            by_id.setdefault(item.envelope.id.int, item)
        once = list(by_id.values())
        async with self._database.work(events[0].envelope.tenant) as work:
            fresh = await self.remember(work, [item.envelope.id for item in once])
            if len(fresh) < len(once):
                new = {name.int for name in fresh}
                once = [item for number, item in by_id.items() if number in new]
            for tenant, handler, run in _runs(once):
                if tenant != work.tenant:
                    work = await work.switched(tenant)
                await self._hand_over(work, handler, run)
        self._count(events, once)

    async def remember(self, work: UnitOfWork, ids: Sequence[UUID]) -> Sequence[UUID]:
        """Write the inbox rows; returns the ids that were not there yet."""
        values = {"consumer": self._consumer, "ids": ids}
        written = (await work.connection.execute(_REMEMBER, values)).rowcount
        if written == len(ids):
            return ids
        return (await work.connection.execute(_NEW, values)).scalars().all()

    async def _hand_over(self, work: UnitOfWork, handler: Registered, run: Sequence[Heard]) -> None:
        with acting_for(work.tenant):
            if handler.one is not None:
                for item in run:
                    envelope = item.envelope
                    with (
                        structlog.contextvars.bound_contextvars(
                            tenant=str(envelope.tenant), run=str(envelope.run), event=str(envelope.id)
                        ),
                        continued(f"process {envelope.type}", envelope.traceparent),
                        metrics.EVENT_SECONDS.labels(work.service).time(),
                    ):
                        await handler.one(work, item.event, envelope)
            if handler.batch is not None:
                # Many events have many traces; one alone goes on in its own.
                parent = run[0].envelope.traceparent if len(run) == 1 else None
                with (
                    structlog.contextvars.bound_contextvars(tenant=str(work.tenant), events=len(run)),
                    continued("process batch", parent),
                    metrics.EVENT_SECONDS.labels(work.service).time(),
                ):
                    await handler.batch(work, [(item.envelope, item.event) for item in run])

    def _count(self, events: Sequence[Heard], handled: Sequence[Heard]) -> None:
        once = Counter(item.envelope.type for item in handled)
        for name, count in once.items():
            metrics.EVENTS_HANDLED.labels(self._database.service, name, "handled").inc(count)
        if len(handled) < len(events):
            for name, count in (Counter(item.envelope.type for item in events) - once).items():
                metrics.EVENTS_HANDLED.labels(self._database.service, name, "repeated").inc(count)


def _runs(events: Sequence[Heard]) -> Iterator[tuple[UUID, Registered, list[Heard]]]:
    """Tenant by tenant, the stretches that one handler takes together."""
    tenants: dict[int, list[Heard]] = {}
    for item in events:
        tenants.setdefault(item.envelope.tenant.int, []).append(item)
    for items in tenants.values():
        for _, run in groupby(items, key=lambda item: id(item.handler)):
            together = list(run)
            yield together[0].envelope.tenant, together[0].handler, together
