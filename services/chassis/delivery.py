"""Hands events to their handlers in one transaction with their inbox rows: all of it happens, or none."""

from collections.abc import Iterator, Sequence
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
    "INSERT INTO inbox (consumer, event_id) SELECT :consumer, unnest(CAST(:ids AS uuid[]))"
    " ON CONFLICT DO NOTHING RETURNING event_id"
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
        by_id: dict[UUID, Heard] = {}
        for item in events:
            by_id.setdefault(item.envelope.id, item)
        async with self._database.work(events[0].envelope.tenant) as work:
            fresh = await self.remember(work, list(by_id))
            for tenant, handler, run in _runs([item for name, item in by_id.items() if name in fresh]):
                if tenant != work.tenant:
                    work = await work.switched(tenant)
                await self._hand_over(work, handler, run)
        self._count(events, fresh)

    async def remember(self, work: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
        """Write the inbox rows; returns the ids that were not there yet."""
        rows = await work.connection.execute(_REMEMBER, {"consumer": self._consumer, "ids": list(ids)})
        return set(rows.scalars())

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

    def _count(self, events: Sequence[Heard], fresh: set[UUID]) -> None:
        counts: dict[tuple[str, str], int] = {}
        seen: set[UUID] = set()
        for item in events:
            name = item.envelope.id
            outcome = "handled" if name in fresh and name not in seen else "repeated"
            seen.add(name)
            counts[item.envelope.type, outcome] = counts.get((item.envelope.type, outcome), 0) + 1
        for (type_name, outcome), count in counts.items():
            metrics.EVENTS_HANDLED.labels(self._database.service, type_name, outcome).inc(count)


def _runs(events: Sequence[Heard]) -> Iterator[tuple[UUID, Registered, list[Heard]]]:
    """Tenant by tenant, the stretches that one handler takes together."""
    tenants: dict[UUID, list[Heard]] = {}
    for item in events:
        tenants.setdefault(item.envelope.tenant, []).append(item)
    for tenant, items in tenants.items():
        run: list[Heard] = []
        for item in items:
            if run and run[0].handler is not item.handler:
                yield tenant, run[0].handler, run
                run = []
            run.append(item)
        yield tenant, run[0].handler, run
