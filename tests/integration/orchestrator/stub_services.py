"""Other services as the workflows see them: activities of the same names and queues that say what a test wants."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from contracts.activities import COMMANDS
from contracts.adaptation import Judged, Origin, OutputFigures, PreludeQuestion, Proposal, ReviewOutcome, ShownColumn
from contracts.commands.command import Command, Nothing, RunScope, WindowRequest
from contracts.commands.connector import (
    DescribeConnectionResult,
    PreserveResult,
    PulledGroup,
    PullResult,
    PushInput,
    PushResult,
    QuarantinedRows,
    UndoResult,
)
from contracts.commands.module_registry import ResolveModuleResult
from contracts.commands.orchestrator import FinishRunInput, PastInputsResult, RunPlan, StartRunInput
from contracts.commands.schema_drift import Considered, QuarantineResult, SettleResult
from contracts.commands.transform import (
    ApplyResult,
    CheckRecipeResult,
    DifferResult,
    FoundDataset,
    ProposePreludeResult,
    ProveResult,
)
from contracts.data import Column, DatasetRef, FormatFacts, LogicalType, ObjectVersion, Schema
from contracts.differences import DataDifference, DifferenceRows, SideResult
from contracts.profile import Profile
from contracts.recipe import Recipe, Rename
from contracts.runs import QUEUE
from contracts.workflow import (
    DestinationDefinition,
    ModuleDraft,
    ModuleUse,
    ModuleVersionRef,
    ResolvedModule,
    SourceDefinition,
    WorkflowDefinition,
)
from services.orchestrator.main import WORKFLOWS

Answer = Callable[[Any], Any]


def schema(**columns: LogicalType) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=kind) for name, kind in columns.items()))


FLIGHTS = schema(carrier=LogicalType.STRING, flight=LogicalType.INTEGER, delay=LogicalType.INTEGER)
RENAMED = schema(carrier=LogicalType.STRING, number=LogicalType.INTEGER, delay=LogicalType.INTEGER)
MODULE_ID = str(UUID(int=8))


def dataset(rows: int, name: str = "d", shape: Schema = FLIGHTS) -> DatasetRef:
    return DatasetRef(
        id=name,
        uri=f"datasets/{name}",
        table_schema=shape,
        fingerprint=shape.fingerprint,
        content_hash="0" * 64,
        rows=rows,
        bytes=rows * 10,
    )


def object_version(key: str = "flights/01.csv") -> ObjectVersion:
    return ObjectVersion(bucket="landing", key=key, etag=key, size=10)


def group(rows: int, *keys: str, shape: Schema = FLIGHTS) -> PulledGroup:
    objects = tuple(object_version(key) for key in keys or ("flights/01.csv",))
    return PulledGroup(dataset=dataset(rows, shape=shape), facts=FormatFacts(format="csv"), objects=objects)


def pulled(*groups: PulledGroup, rows_read: int | None = None, **more: Any) -> PullResult:
    read = sum(item.dataset.rows for item in groups) if rows_read is None else rows_read
    return PullResult(window_id=uuid4(), groups=groups, rows_read=read, bytes_read=read * 10, **more)


def refused(rows: int, reason: str = "ragged") -> QuarantinedRows:
    return QuarantinedRows(dataset=dataset(rows, "refused"), reason=reason, sample="row 7")


def unchanged(rows: int) -> DifferResult:
    found = DataDifference(
        left_rows=rows,
        right_rows=rows,
        keys=("flight",),
        keys_from="given",
        equal=rows,
        only_left=0,
        only_right=0,
        changed=0,
    )
    side = SideResult(rows=rows)
    return DifferResult(difference=found, rows=DifferenceRows(), left=side, right=side)


def module(
    name: str = "clean-flights",
    takes: Schema = FLIGHTS,
    gives: Schema = FLIGHTS,
    number: int | Literal["current"] = "current",
) -> ResolvedModule:
    version = 1 if number == "current" else number
    return ResolvedModule(
        ref=ModuleVersionRef(module_id=MODULE_ID, name=name, version=version, content_hash=f"{version:064}"),
        recipe=Recipe(),
        input_contract=takes,
        output_contract=gives,
    )


def figures(input: DatasetRef) -> OutputFigures:
    rows = input.rows
    return OutputFigures(input=input, output_schema=FLIGHTS, rows_in=rows, rows_out=rows, unaccounted=0, quarantined=0)


def proposal(*, number: int = 1, origin: Origin = "built") -> Proposal:
    """A proposal for version 1 of the module; `number` tells one from another."""
    draft = ModuleDraft(
        name="clean-flights", recipe=Recipe(), input_contract=RENAMED, output_contract=FLIGHTS, description=str(number)
    )
    return Proposal(
        proposal_id=UUID(int=100 + number),
        base=module().ref,
        candidate=draft,
        prelude=Recipe(),
        inverse=Recipe(),
        origin=origin,
        mapping={"flight": "number"},
    )


def proposed(**changes: Any) -> SettleResult:
    """What came may be adapted to."""
    made = proposal(**changes)
    return SettleResult(decision="quarantine", report_id=UUID(int=3), proposal=made, summary="flight is number now.")


def unsure(*, rules: bool = False) -> SettleResult:
    """The rules know no way, or one that they doubt; a model may be asked."""
    column = ShownColumn(name="flight", type=LogicalType.INTEGER)
    question = PreludeQuestion(needed=(column,), came=(column.model_copy(update={"name": "number"}),))
    made = proposal() if rules else None
    return SettleResult(
        decision="quarantine", report_id=UUID(int=3), proposal=made, question=question, summary="flight is gone."
    )


def definition(**changes: Any) -> WorkflowDefinition:
    whole: dict[str, Any] = {
        "name": "flights",
        "source": SourceDefinition(connection="landing", selection={"path": "flights/*.csv"}),
        "modules": (ModuleUse(name="clean-flights"),),
        "destination": DestinationDefinition(
            connection="warehouse", target={"table": "flights"}, mode="upsert", keys=("carrier", "flight")
        ),
    }
    return WorkflowDefinition(**whole | changes)


class StubServices:
    """What every activity answers, and a list of what was asked. Answers may be replaced one by one."""

    def __init__(self, *, elsewhere: tuple[str, ...] = (), **changes: Any) -> None:
        self.elsewhere = elsewhere  # queues that somebody else serves
        self.asked: list[tuple[str, Any]] = []
        self.definition = definition(**changes)
        self.window = WindowRequest()
        self.answers: dict[str, Answer] = {
            "orchestrator.start_run": self._plan,
            "orchestrator.pin_modules": nothing,
            "orchestrator.record_step": nothing,
            "orchestrator.finish_run": nothing,
            "orchestrator.past_inputs": lambda i: PastInputsResult(past=()),
            "orchestrator.find_run": lambda i: FoundDataset(dataset=dataset(10)),
            "module_registry.resolve": lambda i: ResolveModuleResult(
                module=module(i.module.name, number=i.module.version)
            ),
            "module_registry.publish": lambda i: module(i.draft.name, number=2).ref,
            "module_registry.record_comparison": nothing,
            "module_registry.record_trial": nothing,
            "connector.describe": lambda i: DescribeConnectionResult(
                connection_id=uuid4(), kind="s3", bucket="landing"
            ),
            "connector.pull": lambda i: pulled(group(10)),
            "connector.preserve": lambda i: PreserveResult(uris=tuple(f"kept/{o.key}" for o in i.objects)),
            "connector.push": push_all,
            "connector.undo": lambda i: UndoResult(removed=2, restored=1, attempt=1),
            "connector.close_window": nothing,
            "schema_drift.settle": lambda i: SettleResult(decision="proceed"),
            "schema_drift.quarantine_file": lambda i: QuarantineResult(entry_id=uuid4()),
            "schema_drift.quarantine_rows": lambda i: QuarantineResult(entry_id=uuid4()),
            "schema_drift.settle_entry": nothing,
            "schema_drift.judge": lambda i: Judged(ruling="auto", proof_id=UUID(int=4), summary="Proven."),
            "schema_drift.close_review": lambda i: ReviewOutcome(outcome="expired"),
            "schema_drift.record_adaptation": nothing,
            "transform.apply": lambda i: ApplyResult(dataset=i.dataset),
            "transform.profile": lambda i: Profile(rows=i.dataset.rows, columns=()),
            "transform.check_recipe": lambda i: CheckRecipeResult(),
            "schema_drift.consider": lambda i: Considered(
                proposal=proposal(number=7, origin="model"), said="The model proposed 1 steps."
            ),
            "transform.propose_prelude": lambda i: ProposePreludeResult(steps=(Rename(columns={"number": "flight"}),)),
            "transform.prove": lambda i: ProveResult(replays=(), incoming=figures(i.incoming)),
            "transform.find_node": lambda i: FoundDataset(dataset=dataset(10)),
            "transform.differ": lambda i: unchanged(i.dataset.rows),
            "transform.attach_root": nothing,
            "transform.fail_session": nothing,
            "transform.run_task": nothing,
            "transform.fail_task": nothing,
            "transform.freeze": lambda i: ModuleDraft(
                name=i.name, recipe=Recipe(), input_contract=FLIGHTS, output_contract=FLIGHTS
            ),
        }

    def _plan(self, asked: StartRunInput) -> RunPlan:
        scope = RunScope(
            tenant=asked.tenant, run_id=asked.run_id, workflow_id=UUID(int=7), workflow=self.definition.name
        )
        return RunPlan(scope=scope, workflow_version=1, definition=self.definition, window=self.window)

    def named(self, name: str) -> list[Any]:
        """The inputs of one activity, in order."""
        return [asked for called, asked in self.asked if called == name]

    @property
    def order(self) -> list[str]:
        """What was asked of others, in order, bookkeeping aside."""
        return [name for name, _ in self.asked if name != "orchestrator.record_step"]

    @property
    def finished(self) -> FinishRunInput:
        """The one end of the one run."""
        (end,) = self.named("orchestrator.finish_run")
        assert isinstance(end, FinishRunInput)
        return end

    @property
    def history(self) -> dict[str, str]:
        """The last recorded state of each step."""
        return {entry.step: entry.state for entry in self.named("orchestrator.record_step")}

    def activities(self) -> dict[str, list[Callable[..., Any]]]:
        """Activities by queue."""
        by_queue: dict[str, list[Callable[..., Any]]] = defaultdict(list)
        for command in COMMANDS:
            if command.queue not in self.elsewhere:
                by_queue[command.queue].append(self._activity(command))
        return by_queue

    def _activity(self, command: Command[Any, Any]) -> Callable[..., Any]:
        async def answer(input: Any) -> Any:
            self.asked.append((command.name, input))
            given = self.answers[command.name](input)
            return await given if isinstance(given, Awaitable) else given

        answer.__annotations__ = {"input": command.input, "return": command.result}
        return activity.defn(name=command.name)(answer)

    @asynccontextmanager
    async def working(self, client: Client) -> AsyncIterator[None]:
        """Workers for every queue, while inside."""
        async with AsyncExitStack() as stack:
            for queue, activities in self.activities().items():
                workflows = list(WORKFLOWS) if queue == QUEUE else []
                await stack.enter_async_context(
                    Worker(client, task_queue=queue, workflows=workflows, activities=activities)
                )
            yield


def nothing(asked: Any) -> Nothing:
    return Nothing()


def push_all(asked: PushInput) -> PushResult:
    rows = sum(item.rows for item in asked.datasets)
    return PushResult(
        rows=rows, inserted=rows, updated=0, deduplicated=0, bytes=rows * 10, attempt=activity.info().attempt
    )
