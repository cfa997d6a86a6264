"""What orchestrator's routes answer with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.commands.orchestrator import Rehearsed
from contracts.commands.transform import StepBooks
from contracts.data import RowBooks
from contracts.differences import DataDifference
from contracts.workflow import ModuleVersionRef, WorkflowDefinition
from services.orchestrator.changes import Change
from services.orchestrator.service.applying import Applied
from services.orchestrator.service.executions import Progress
from services.orchestrator.service.hooks import Delivered
from services.orchestrator.service.log import Line

RunState = Literal["requested", "running", "succeeded", "partial", "quarantined", "failed", "cancelled"]
TriggerKind = Literal["manual", "s3_event", "webhook", "watch", "quarantine"]


class View(BaseModel):
    """Base of what is answered: exactly the declared fields."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class TriggerView(View):
    """A trigger and its address. The secret is there only when it was made just now."""

    id: UUID
    workflow: str
    kind: Literal["s3_event", "webhook"]
    name: str
    enabled: bool
    settings: dict[str, Any]
    url: str
    secret: str | None = None
    previous_secret_until: datetime | None = None
    created_at: datetime


class WorkflowSummary(View):
    """A workflow, short."""

    id: UUID
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime


class WorkflowView(WorkflowSummary):
    """A workflow with its definition and triggers."""

    definition: WorkflowDefinition
    triggers: list[TriggerView]


class ChangeView(View):
    """One field that differs."""

    pointer: str
    old: Any = None
    new: Any = None


class AppliedView(View):
    """What applying a definition did; with `dry_run`, what it would do."""

    change: Literal["created", "updated", "unchanged"]
    dry_run: bool
    changes: list[ChangeView]
    id: UUID | None
    name: str
    version: int
    definition: WorkflowDefinition
    triggers: list[TriggerView]


class ValidView(View):
    """A definition that can be used."""

    valid: Literal[True] = True
    problems: list[Problem] = []


class StepView(View):
    """One step of a run."""

    step: str
    state: Literal["running", "succeeded", "failed", "skipped"]
    attempts: int
    rows: int | None
    bytes: int | None
    seconds: float | None
    started_at: datetime
    finished_at: datetime | None
    detail: str
    review_id: UUID | None = None


class ProgressView(View):
    """A command that is under way, as far as it is known."""

    step: str
    command: str
    attempt: int
    started_at: datetime | None
    heartbeat: Any
    last_failure: str | None


class RehearsedView(View):
    """What a draft makes of rows that a past run read (right), beside what that run made of them (left)."""

    run_id: UUID
    rows_in: int
    difference: DataDifference
    set_aside_then: int
    set_aside_now: int


class RunSummary(View):
    """A run, short."""

    id: UUID
    workflow_id: UUID
    workflow: str
    workflow_version: int
    trigger: TriggerKind
    trigger_id: UUID | None
    state: RunState
    books: RowBooks | None
    error_code: str | None
    message: str | None
    modules: list[ModuleVersionRef]
    waiting_for: list[UUID] = []  # reviews: a person is asked, and the run goes on when that is decided
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undoes: UUID | None = None
    dry_run: bool = False
    undone_by: UUID | None = None


class RunView(RunSummary):
    """A run with its steps, its books and what it was asked to do."""

    definition: WorkflowDefinition
    objects: list[dict[str, Any]] | None
    quarantine_entry: UUID | None
    cancel_requested_at: datetime | None
    requested_by: UUID | None = None
    rehearsed: list[RehearsedView] = []
    chains: list[list[ModuleVersionRef]] = []  # the versions of each input, where they differ
    step_books: list[StepBooks]
    steps: list[StepView]
    progress: list[ProgressView]


class RunAccepted(View):
    """The run that is owed."""

    id: UUID
    state: RunState
    new: bool


class CancelView(View):
    """A run that is to end; its state says when it has."""

    id: UUID
    state: RunState
    cancel_requested_at: datetime | None


class LineView(View):
    """One line of a run's log."""

    at: datetime
    level: Literal["info", "warning", "error"]
    message: str


class LogView(View):
    """A run's log."""

    items: list[LineView]


class IgnoredView(View):
    """A record of a delivery that starts nothing."""

    key: str
    reason: str


class DeliveredView(View):
    """The runs that answer a delivery; those among them that were known before; and what starts nothing."""

    runs: list[UUID]
    repeated: list[UUID]
    ignored: list[IgnoredView]


def trigger_view(row: RowMapping, workflow: str, public_url: str, secret: str | None = None) -> TriggerView:
    """A trigger as it is shown."""
    return TriggerView(
        id=row["id"],
        workflow=workflow,
        kind=row["kind"],
        name=row["name"],
        enabled=row["enabled"],
        settings=row["settings"],
        url=f"{public_url.rstrip('/')}/hooks/{row['id']}",
        secret=secret,
        previous_secret_until=row["previous_until"],
        created_at=row["created_at"],
    )


def workflow_summary(row: RowMapping) -> WorkflowSummary:
    """A workflow, short."""
    return WorkflowSummary(
        id=row["id"],
        name=row["name"],
        description=row["definition"].get("description", ""),
        version=row["current_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def workflow_view(row: RowMapping, triggers: list[RowMapping], public_url: str) -> WorkflowView:
    """A workflow, whole."""
    return WorkflowView(
        **workflow_summary(row).model_dump(),
        definition=WorkflowDefinition.model_validate(row["definition"]),
        triggers=[trigger_view(trigger, row["name"], public_url) for trigger in triggers],
    )


def applied_view(applied: Applied, definition: WorkflowDefinition, public_url: str, *, dry_run: bool) -> AppliedView:
    """What applying did, with the secrets it made."""
    secrets = {item.trigger_id: item.secret for item in applied.secrets}
    row = applied.workflow
    return AppliedView(
        change=applied.change,
        dry_run=dry_run,
        changes=[change_view(change) for change in applied.changes],
        id=None if row is None else row["id"],
        name=definition.name,
        version=0 if row is None else row["current_version"],
        definition=definition,
        triggers=[
            trigger_view(trigger, definition.name, public_url, secrets.get(trigger["id"]))
            for trigger in applied.triggers
        ],
    )


def change_view(change: Change) -> ChangeView:
    """One field that differs."""
    return ChangeView(pointer=change.pointer, old=change.old, new=change.new)


def run_summary(row: RowMapping, waiting_for: Sequence[UUID] = ()) -> RunSummary:
    """A run, short."""
    return RunSummary(
        id=row["id"],
        workflow_id=row["workflow_id"],
        workflow=row["workflow"],
        workflow_version=row["workflow_version"],
        trigger=row["trigger_kind"],
        trigger_id=row["trigger_id"],
        state=row["state"],
        books=row["books"],
        error_code=row["error_code"],
        message=row["message"],
        modules=row["modules"] or [],
        waiting_for=list(waiting_for),
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        undoes=row["undoes"],
        dry_run=row["dry_run"],
        undone_by=row["undone_by"],
    )


def run_view(row: RowMapping, definition: Any, steps: list[RowMapping], progress: list[Progress]) -> RunView:
    """A run, whole."""
    return RunView(
        **run_summary(row, [step["review_id"] for step in steps if _waits(step)]).model_dump(),
        definition=WorkflowDefinition.model_validate(row["draft"] or definition),
        objects=row["requested_window"].get("objects"),
        quarantine_entry=row["requested_window"].get("quarantine_entry"),
        cancel_requested_at=row["cancel_requested_at"],
        requested_by=row["requested_by"],
        rehearsed=[rehearsed_view(Rehearsed.model_validate(one)) for one in row["rehearsed"] or ()],
        chains=row["chains"] or [],
        step_books=row["step_books"] or [],
        steps=[step_view(step) for step in steps],
        progress=[ProgressView.model_validate(item) for item in progress],
    )


def rehearsed_view(one: Rehearsed) -> RehearsedView:
    """What came of one past run's rows; where the rows lie that differ is the platform's own affair."""
    return RehearsedView.model_validate(one.model_dump(exclude={"rows"}))


def step_view(row: RowMapping) -> StepView:
    """One step of a run."""
    ended = row["finished_at"]
    return StepView(
        step=row["step"],
        state=row["state"],
        attempts=row["attempts"],
        rows=row["rows"],
        bytes=row["bytes"],
        seconds=None if ended is None else round((ended - row["started_at"]).total_seconds(), 3),
        started_at=row["started_at"],
        finished_at=ended,
        detail=row["detail"],
        review_id=row["review_id"],
    )


def _waits(step: RowMapping) -> bool:
    return step["state"] == "running" and step["review_id"] is not None


def line_view(line: Line) -> LineView:
    """One line of a run's log."""
    return LineView(at=line.at, level=line.level, message=line.message)


def delivered_view(delivered: Delivered) -> DeliveredView:
    """What a delivery led to."""
    return DeliveredView(
        runs=list(dict.fromkeys(item.run_id for item in delivered.accepted)),
        repeated=list(dict.fromkeys(item.run_id for item in delivered.accepted if not item.new)),
        ignored=[IgnoredView(key=item.key, reason=item.reason) for item in delivered.ignored],
    )
