"""Runs as the connector sees them: its activities called one by one, as Temporal's worker would."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from contracts.commands.command import RunScope, WindowRequest
from contracts.commands.connector import (
    CloseWindowInput,
    DescribeConnectionInput,
    DescribeConnectionResult,
    PreserveInput,
    PreserveResult,
    PullInput,
    PullResult,
    PushInput,
    PushResult,
    UndoInput,
    UndoResult,
)
from contracts.data import DatasetRef, ObjectVersion, Schema
from contracts.workflow import DestinationDefinition, SourceDefinition
from services.chassis.parts import Service
from services.connector.formats.registry import Formats
from services.connector.main import assemble
from services.connector.settings import ConnectorSettings
from tests.customers import Customer
from tests.integration.composed import Composed


class Died(Exception):
    """What stands for the end of a process."""


@dataclass
class Points:
    """Milestones; at an armed one the process ends."""

    armed: str | None = None
    passed: list[str] = field(default_factory=list)

    def reached(self, name: str) -> None:
        self.passed.append(name)
        if name == self.armed:
            self.armed = None
            raise Died(name)


@dataclass
class Ended:
    """Knows which runs are over: those a test says are."""

    runs: set[UUID] = field(default_factory=set)

    async def ended(self, tenant: UUID, run: UUID) -> bool:
        return run in self.runs


class Runner:
    """Runs of one workflow, from a customer's bucket to a customer's table."""

    def __init__(self, world: Composed, customer: Customer, *, formats: Formats | None = None, **settings: Any) -> None:
        self.world = world
        self.customer = customer
        self.points = Points()
        self.over = Ended()
        self.workflow_id = uuid4()
        self.heartbeats: list[Any] = []
        self.service: Service = assemble(
            world.platforms["connector"],
            ConnectorSettings(**{"lease_wait_seconds": 1.0, "lease_seconds": 5.0, **settings}),
            self.points,
            self.over,
            formats=formats,
        )
        self._activities = {
            getattr(item, "__temporal_activity_definition").name: item for item in self.service.activities
        }

    def scope(self, run: UUID | None = None) -> RunScope:
        return RunScope(
            tenant=self.world.tenant, run_id=run or uuid4(), workflow_id=self.workflow_id, workflow="flights"
        )

    async def activity(self, name: str, input: Any, attempt: int = 1) -> Any:
        """One attempt of an activity."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, attempt=attempt)
        environment.on_heartbeat = lambda *details: self.heartbeats.extend(details)
        run: Callable[..., Any] = self._activities[name]
        return await environment.run(run, input)

    async def pull(
        self,
        scope: RunScope,
        path: str = "in/*.csv",
        *,
        objects: Sequence[ObjectVersion] | None = None,
        expected: Schema | None = None,
        claim: bool = True,
        window: WindowRequest | None = None,
        format: dict[str, Any] | None = None,
    ) -> PullResult:
        selection: dict[str, Any] = {"path": f"{self.customer.prefix}/{path}"}
        if format is not None:
            selection["format"] = format
        result: PullResult = await self.activity(
            "connector.pull",
            PullInput(
                scope=scope,
                source=SourceDefinition(connection="landing", selection=selection),
                stream="main",
                window=window or WindowRequest(objects=None if objects is None else tuple(objects)),
                claim=claim,
                expected=expected,
            ),
        )
        return result

    async def pull_table(self, scope: RunScope, table: str, cursor: str | None = None) -> PullResult:
        selection = {"schema": self.customer.schema, "table": table}
        if cursor is not None:
            selection["cursor"] = cursor
        source = SourceDefinition(connection="warehouse", selection=selection)
        result: PullResult = await self.activity("connector.pull", PullInput(scope=scope, source=source, stream="main"))
        return result

    async def push(
        self,
        scope: RunScope,
        pulled: PullResult,
        *,
        table: str = "target",
        mode: Any = "append",
        keys: tuple[str, ...] = (),
        attempt: int = 1,
        datasets: Sequence[DatasetRef] | None = None,
    ) -> PushResult:
        assert pulled.window_id is not None
        result: PushResult = await self.activity(
            "connector.push",
            PushInput(
                scope=scope,
                destination=DestinationDefinition(
                    connection="warehouse",
                    target={"schema": self.customer.schema, "table": table},
                    mode=mode,
                    keys=keys,
                ),
                stream="main",
                window_id=pulled.window_id,
                datasets=tuple(datasets or [group.dataset for group in pulled.groups]),
            ),
            attempt,
        )
        return result

    async def undo(
        self, run: UUID, *, scope: RunScope | None = None, attempt: int = 1, dry_run: bool = False
    ) -> UndoResult:
        """An attempt of a run that undoes another."""
        asked = UndoInput(scope=scope or self.scope(), run_id=run, stream="main", dry_run=dry_run)
        result: UndoResult = await self.activity("connector.undo", asked, attempt)
        return result

    async def close(self, scope: RunScope, window_id: UUID | None, outcome: Any = "committed", rows: int = 0) -> None:
        await self.activity(
            "connector.close_window", CloseWindowInput(scope=scope, window_id=window_id, outcome=outcome, rows=rows)
        )

    async def preserve(self, scope: RunScope, objects: Sequence[ObjectVersion]) -> PreserveResult:
        source = SourceDefinition(connection="landing", selection={"path": f"{self.customer.prefix}/in/*.csv"})
        result: PreserveResult = await self.activity(
            "connector.preserve", PreserveInput(scope=scope, source=source, objects=tuple(objects))
        )
        return result

    async def describe(self, **values: Any) -> DescribeConnectionResult:
        result: DescribeConnectionResult = await self.activity(
            "connector.describe", DescribeConnectionInput(tenant=self.world.tenant, **values)
        )
        return result

    def dataset(self, ref: DatasetRef) -> list[dict[str, Any]]:
        """The rows of a dataset."""
        storage = self.world.platforms["connector"].storage
        return [row for batch in storage.batches(ref) for row in batch.to_pylist()]
