"""What services ask of one another on Temporal: a name, an input, a result, a task queue and time limits each."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from contracts.data import Contract, DatasetRef, FormatFacts, ObjectVersion, RowBooks, Schema
from contracts.events.drift import DriftChange
from contracts.workflow import (
    DestinationDefinition,
    DriftPolicy,
    ModuleDraft,
    ModuleUse,
    ModuleVersionRef,
    ResolvedModule,
    SourceDefinition,
    WorkflowDefinition,
)

Input = TypeVar("Input", bound=Contract)
Result = TypeVar("Result", bound=Contract)


@dataclass(frozen=True)
class Limits:
    """How long a command may take, and how often it is tried."""

    start_to_close: timedelta
    heartbeat: timedelta | None
    attempts: int


QUICK = Limits(start_to_close=timedelta(seconds=30), heartbeat=None, attempts=20)
LONG = Limits(start_to_close=timedelta(hours=6), heartbeat=timedelta(seconds=10), attempts=20)
# The platform's own bookkeeping waits for its database as long as it takes: giving up would make a lie of the history.
BOOKKEEPING = Limits(start_to_close=timedelta(seconds=30), heartbeat=None, attempts=0)


@dataclass(frozen=True)
class Command(Generic[Input, Result]):
    """A command that one service owns; it may fail, and it may run twice."""

    name: str
    input: type[Input]
    result: type[Result]
    limits: Limits = QUICK

    @property
    def queue(self) -> str:
        """The owner's task queue, named like the service."""
        return self.name.partition(".")[0]


class Nothing(Contract):
    """A command's result when there is nothing to say."""


class RunScope(Contract):
    """Whose work it is; every command of a run carries it."""

    tenant: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str


class WindowRequest(Contract):
    """Which slice of the source a run takes: named object versions, a released file, or all that is new."""

    objects: tuple[ObjectVersion, ...] | None = None
    quarantine_entry: UUID | None = None
    preserved_uri: str | None = None
    preserved_object: str | None = None


# connector


class DescribeConnectionInput(Contract):
    """Ask whether a connection exists and can play a role with this selection or target."""

    tenant: UUID
    name: str
    role: Literal["source", "destination"]
    selection: dict[str, Any] | None = None
    target: dict[str, Any] | None = None


class Problem(Contract):
    """One thing that is wrong with a document, and where (a JSON pointer)."""

    pointer: str
    code: str
    message: str


class DescribeConnectionResult(Contract):
    """What the connector knows of the connection; `problems` is empty when it can be used."""

    connection_id: UUID | None = None
    kind: str | None = None
    bucket: str | None = None  # s3: the bucket that the selection or target means
    problems: tuple[Problem, ...] = ()


class PullInput(Contract):
    """Read one slice of a source into datasets."""

    scope: RunScope
    source: SourceDefinition
    stream: str
    window: WindowRequest = WindowRequest()
    claim: bool = True  # False: a look that leaves no window behind (sessions)
    expected: Schema | None = None  # types to read with, where the values allow it


class PulledGroup(Contract):
    """Objects that turned out to have the same schema, as one dataset."""

    dataset: DatasetRef
    facts: FormatFacts
    objects: tuple[ObjectVersion, ...] = ()
    object_rows: tuple[int, ...] = ()  # rows of each object, in the order of `objects`; empty when not known apart
    bytes_read: int = 0


class QuarantinedRows(Contract):
    """Rows set aside, kept as a dataset: row number, reason, column, value and the raw text."""

    dataset: DatasetRef
    reason: str
    object: str | None = None
    sample: str = ""  # where the first one stands: file, row, column


class UnreadableObject(Contract):
    """A file that could not be read at all."""

    object: ObjectVersion
    code: str
    message: str


class PullResult(Contract):
    """What was read: groups by schema, rows set aside, and an independent count of rows."""

    window_id: UUID | None = None
    groups: tuple[PulledGroup, ...] = ()
    quarantined: tuple[QuarantinedRows, ...] = ()
    unreadable: tuple[UnreadableObject, ...] = ()
    rows_read: int = Field(default=0, ge=0)  # counted apart from the parser
    bytes_read: int = 0


class PushInput(Contract):
    """Write datasets to a destination in one transaction, once for each window."""

    scope: RunScope
    destination: DestinationDefinition
    stream: str
    window_id: UUID
    part: str = "0"
    datasets: tuple[DatasetRef, ...]


class PushResult(Contract):
    """What the destination says it took. `already` means an earlier attempt had committed."""

    rows: int
    inserted: int
    updated: int
    deduplicated: int
    bytes: int
    attempt: int
    already: bool = False


class PreserveInput(Contract):
    """Keep the original bytes of objects that are set aside."""

    scope: RunScope
    source: SourceDefinition
    objects: tuple[ObjectVersion, ...]


class PreserveResult(Contract):
    """Where each object's bytes are kept, in the order asked for."""

    uris: tuple[str, ...]


class CloseWindowInput(Contract):
    """Say how a window ended. Released objects may be claimed again; the others may not."""

    scope: RunScope
    window_id: UUID | None  # None: whatever this run claimed, if it claimed anything
    outcome: Literal["committed", "released"]
    rows: int = 0


# transform


class ProfileInput(Contract):
    """Describe a dataset column by column."""

    tenant: UUID
    dataset: DatasetRef


class ColumnProfile(Contract):
    """One column in figures."""

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    top: tuple[tuple[str, int], ...] = ()


class Profile(Contract):
    """A dataset in figures."""

    rows: int
    columns: tuple[ColumnProfile, ...]


class ApplyInput(Contract):
    """Run modules in sequence over a dataset."""

    scope: RunScope
    dataset: DatasetRef
    modules: tuple[ResolvedModule, ...]


class StepBooks(Contract):
    """The row arithmetic of one step."""

    module: str
    step: int
    kind: str
    rows_in: int
    rows_out: int
    filtered: int = 0
    deduplicated: int = 0
    quarantined: int = 0


class ApplyResult(Contract):
    """The modules' output and its books."""

    dataset: DatasetRef
    quarantined: tuple[QuarantinedRows, ...] = ()
    books: tuple[StepBooks, ...] = ()


class AttachRootInput(Contract):
    """Give a session its first node."""

    tenant: UUID
    session_id: UUID
    pulled: PullResult
    profile: Profile


class FailSessionInput(Contract):
    """Say why a session has no data."""

    tenant: UUID
    session_id: UUID
    code: str
    message: str


class FreezeInput(Contract):
    """Make a module draft of a session's node."""

    tenant: UUID
    session_id: UUID
    node_id: UUID
    name: str
    description: str = ""


# module registry


class PublishModuleInput(Contract):
    """Make a new version of a module; the same draft twice is one version."""

    tenant: UUID
    draft: ModuleDraft
    published_by: UUID


class ResolveModuleInput(Contract):
    """Find a module version."""

    tenant: UUID
    module: ModuleUse


class ResolveModuleResult(Contract):
    """The version, or what is wrong with the name or number."""

    module: ResolvedModule | None = None
    problem: str | None = None


# schema drift


class SettleInput(Contract):
    """Compare what came with what the first module expects, and decide before anything is loaded."""

    scope: RunScope
    stream: str
    group: PulledGroup
    module: ModuleVersionRef | None
    contract: Schema | None
    policy: DriftPolicy


class SettleResult(Contract):
    """The decision, the report that holds its reasons, and the difference itself."""

    decision: Literal["proceed", "quarantine", "fail"]
    report_id: UUID | None = None
    changes: tuple[DriftChange, ...] = ()
    summary: str = ""
    advice: str = ""


class QuarantineFileInput(Contract):
    """Set a file aside with its reason and its original bytes."""

    scope: RunScope
    stream: str
    object: ObjectVersion
    preserved_uri: str
    reason: str
    summary: str
    advice: str
    rows: int = 0
    report_id: UUID | None = None


class QuarantineRowsInput(Contract):
    """Set rows aside."""

    scope: RunScope
    stream: str
    rows: QuarantinedRows


class QuarantineResult(Contract):
    """The entry that was made, or had been made by an earlier attempt."""

    entry_id: UUID


class SettleEntryInput(Contract):
    """Say what became of a released file."""

    scope: RunScope
    entry_id: UUID
    outcome: Literal["loaded", "failed", "quarantined"]


# orchestrator


class StartRunInput(Contract):
    """Begin a run: pin what it will use and say that it started."""

    tenant: UUID
    run_id: UUID


class RunPlan(Contract):
    """All that a run depends on, fixed at its start."""

    scope: RunScope
    workflow_version: int
    definition: WorkflowDefinition
    window: WindowRequest = WindowRequest()


class PinModulesInput(Contract):
    """Record which module versions a run uses."""

    scope: RunScope
    modules: tuple[ModuleVersionRef, ...]


class RecordStepInput(Contract):
    """Record one step's beginning or end."""

    scope: RunScope
    step: str
    state: Literal["running", "succeeded", "failed", "skipped"]
    attempts: int = 0
    rows: int | None = None
    bytes: int | None = None
    detail: str = ""


class FinishRunInput(Contract):
    """End a run: record its books and outcome, and say so. Books that do not balance make it a failure."""

    scope: RunScope
    outcome: Literal["succeeded", "partial", "quarantined", "failed", "cancelled"]
    books: RowBooks
    step_books: tuple[StepBooks, ...] = ()
    error_code: str | None = None
    message: str | None = None


DESCRIBE_CONNECTION = Command("connector.describe", DescribeConnectionInput, DescribeConnectionResult)
PULL = Command("connector.pull", PullInput, PullResult, LONG)
PUSH = Command("connector.push", PushInput, PushResult, LONG)
PRESERVE = Command("connector.preserve", PreserveInput, PreserveResult, LONG)
CLOSE_WINDOW = Command("connector.close_window", CloseWindowInput, Nothing, BOOKKEEPING)
PROFILE = Command("transform.profile", ProfileInput, Profile, LONG)
APPLY = Command("transform.apply", ApplyInput, ApplyResult, LONG)
ATTACH_ROOT = Command("transform.attach_root", AttachRootInput, Nothing)
FAIL_SESSION = Command("transform.fail_session", FailSessionInput, Nothing)
FREEZE = Command("transform.freeze", FreezeInput, ModuleDraft)
PUBLISH_MODULE = Command("module_registry.publish", PublishModuleInput, ModuleVersionRef)
RESOLVE_MODULE = Command("module_registry.resolve", ResolveModuleInput, ResolveModuleResult)
SETTLE_DRIFT = Command("schema_drift.settle", SettleInput, SettleResult)
QUARANTINE_FILE = Command("schema_drift.quarantine_file", QuarantineFileInput, QuarantineResult)
QUARANTINE_ROWS = Command("schema_drift.quarantine_rows", QuarantineRowsInput, QuarantineResult)
SETTLE_ENTRY = Command("schema_drift.settle_entry", SettleEntryInput, Nothing, BOOKKEEPING)
START_RUN = Command("orchestrator.start_run", StartRunInput, RunPlan, BOOKKEEPING)
PIN_MODULES = Command("orchestrator.pin_modules", PinModulesInput, Nothing, BOOKKEEPING)
RECORD_STEP = Command("orchestrator.record_step", RecordStepInput, Nothing, BOOKKEEPING)
FINISH_RUN = Command("orchestrator.finish_run", FinishRunInput, Nothing, BOOKKEEPING)

COMMANDS: tuple[Command[Any, Any], ...] = (
    DESCRIBE_CONNECTION,
    PULL,
    PUSH,
    PRESERVE,
    CLOSE_WINDOW,
    PROFILE,
    APPLY,
    ATTACH_ROOT,
    FAIL_SESSION,
    FREEZE,
    PUBLISH_MODULE,
    RESOLVE_MODULE,
    SETTLE_DRIFT,
    QUARANTINE_FILE,
    QUARANTINE_ROWS,
    SETTLE_ENTRY,
    START_RUN,
    PIN_MODULES,
    RECORD_STEP,
    FINISH_RUN,
)
