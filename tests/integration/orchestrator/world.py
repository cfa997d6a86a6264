"""Orchestrator composed for a test: its own database, its routes, its workers; the other services are stubs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.catalog import EVENTS
from contracts.envelope import Envelope
from deploy.local.state import State
from services.chassis.temporal import build_worker, connect
from tests.integration.composed import Composed, composed
from tests.integration.orchestrator.stub_services import StubServices

DEADLINE_SECONDS = 30.0
NAME = "orchestrator"


class SetClock:
    """A clock that a test moves; it goes on by itself, too."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """What a test works with."""

    composed: Composed
    services: StubServices
    clock: SetClock

    async def request(self, method: str, path: str, **options: Any) -> Any:
        return await self.composed.request(method, path, **options)

    async def apply(self, name: str = "flights", **changes: Any) -> dict[str, Any]:
        """Apply a definition; the answer."""
        answer = await self.request("PUT", f"/api/workflows/{name}", json=document(name, **changes))
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def hear(self, *events: tuple[Envelope, Any]) -> None:
        """Let the service's handlers hear events, as the bus would."""
        service, platform = self.composed.services[NAME], self.composed.platforms[NAME]
        assert service.handlers is not None
        for envelope, event in events:
            registered = service.handlers.of(envelope.type)
            assert registered is not None
            assert registered.one is not None
            async with platform.database.work(envelope.tenant) as work:
                await registered.one(work, event, envelope)

    async def hear_own(self) -> int:
        """Let the service hear the runs it published itself; how many."""
        rows = await self.composed.sql(
            f"SELECT type, payload, headers FROM {NAME}.outbox WHERE type = 'run.requested.v1' ORDER BY id"
        )
        for row in rows:
            event = EVENTS[row["type"]].model_validate_json(row["payload"])
            await self.hear((self.envelope(row["type"]), event))
        return len(rows)

    def envelope(self, type: str) -> Envelope:
        ids, now = self.composed.foundation.ids, self.clock.now()
        return Envelope(id=ids.new(), source="/services/x", type=type, subject="x", time=now, tenant=self.tenant)

    async def runs(self) -> list[dict[str, Any]]:
        answer = await self.request("GET", "/api/runs?limit=500")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def ended(self, run: str) -> dict[str, Any]:
        """A run, once it has ended."""

        async def look() -> dict[str, Any] | None:
            found: dict[str, Any] = (await self.request("GET", f"/api/runs/{run}")).json()
            return found if found.get("finished_at") else None

        return await until(look)

    @property
    def tenant(self) -> UUID:
        return self.composed.tenant

    @property
    def executions(self) -> Any:
        return self.composed.platforms[NAME].temporal


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What a look finds, as soon as it finds something."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not (found := await look()):
        assert asyncio.get_running_loop().time() < deadline, "it did not happen"
        await asyncio.sleep(0.05)
    return found


def document(name: str = "flights", **changes: Any) -> dict[str, Any]:
    """A definition as a caller writes it."""
    return {
        "name": name,
        "source": {"connection": "landing", "selection": {"path": "flights/*.csv"}},
        "modules": [{"name": "clean-flights"}],
        "destination": {
            "connection": "warehouse",
            "target": {"table": "flights"},
            "mode": "upsert",
            "keys": ["carrier", "flight"],
        },
    } | changes


@asynccontextmanager
async def world_of(
    folder: Path, servers: State, admin_url: str, *beside: str, **definition: Any
) -> AsyncIterator[World]:
    """Compose it, and run its workers while inside; the services named `beside` are no stubs either."""
    names = (NAME, *beside)
    clock, stubs = SetClock(), StubServices(elsewhere=names, **definition)
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(
            composed(
                names,
                folder,
                servers,
                admin_url,
                clock=clock,
                temporal_namespace=servers.temporal_namespace,
                egress_allow="127.0.0.0/8",
            )
        )
        client = await connect(made.foundation.settings)
        made.foundation.temporal.attach(client)
        for name in names:
            service = made.services[name]
            await stack.enter_async_context(
                build_worker(client, name, activities=service.activities, workflows=service.workflows)
            )
        await stack.enter_async_context(stubs.working(client))
        yield World(made, stubs, clock)
