"""Facts about runs: topic `runs`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.data import Contract, RowBooks
from contracts.workflow import ModuleVersionRef


class RunRequested(Contract):
    """A trigger was accepted: exactly one run is owed for it."""

    run_id: UUID
    workflow_id: UUID
    workflow: str
    workflow_version: int
    trigger: Literal["manual", "s3_event", "webhook", "watch", "quarantine"]
    undoes: UUID | None = None  # the run whose rows it takes out again


class RunStarted(Contract):
    """The run's first step is under way."""

    run_id: UUID
    workflow_id: UUID
    workflow: str
    workflow_version: int


class RunStepFinished(Contract):
    """One step of a run ended."""

    run_id: UUID
    workflow_id: UUID
    step: str
    outcome: Literal["succeeded", "failed", "skipped"]
    attempts: int
    rows: int | None = None
    bytes: int | None = None
    seconds: float


class RunFinished(Contract):
    """A run reached its end."""

    run_id: UUID
    workflow_id: UUID
    workflow: str
    outcome: Literal["succeeded", "partial", "quarantined", "failed", "cancelled"]
    books: RowBooks
    error_code: str | None = None
    message: str | None = None
    finished_at: datetime
    modules: tuple[ModuleVersionRef, ...] = ()  # the versions it used, in their order
    undoes: UUID | None = None  # the run whose rows it was to take out again


class RunUndone(Contract):
    """What a run had loaded is out of its destination again, and what it had overwritten is there as before."""

    run_id: UUID
    workflow_id: UUID
    workflow: str
    undone_by: UUID  # the run that did it
    removed: int
    restored: int
