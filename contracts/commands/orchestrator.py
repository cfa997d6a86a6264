"""What a run asks of its own service: begin, pin, record, finish."""

from typing import Literal
from uuid import UUID

from contracts.adaptation import PastInput
from contracts.commands.command import RunScope, WindowRequest
from contracts.commands.connector import UndoResult
from contracts.commands.transform import StepBooks
from contracts.data import Contract, DatasetRef, RowBooks
from contracts.differences import DataDifference, DifferenceRows
from contracts.workflow import ModuleUse, ModuleVersionRef, WorkflowDefinition


class StartRunInput(Contract):
    """Begin a run: pin what it will use and say that it started."""

    tenant: UUID
    run_id: UUID


class PastRun(Contract):
    """What a run was given and which versions it used: enough to find out again what it loaded."""

    run_id: UUID
    modules: tuple[ModuleVersionRef, ...]
    inputs: tuple[DatasetRef, ...]
    chains: tuple[tuple[ModuleVersionRef, ...], ...] = ()  # of each input, where not all went through `modules`


class Rehearsed(Contract):
    """What a draft makes of rows that a past run read, beside what that run made of them."""

    run_id: UUID
    rows_in: int
    difference: DataDifference  # left: then, right: with the draft
    rows: DifferenceRows
    set_aside_then: int
    set_aside_now: int


class RunPlan(Contract):
    """All that a run depends on, fixed at its start."""

    scope: RunScope
    workflow_version: int
    definition: WorkflowDefinition
    window: WindowRequest = WindowRequest()
    undoes: UUID | None = None  # the run whose rows are taken out again; then nothing else is done
    dry_run: bool = False  # nothing is written
    past: tuple[PastRun, ...] = ()  # of a dry run: the runs whose rows the definition is tried on


class PinModulesInput(Contract):
    """Record which module versions a run uses."""

    scope: RunScope
    modules: tuple[ModuleVersionRef, ...]
    chains: tuple[tuple[ModuleVersionRef, ...], ...] = ()  # of each input, where they differ; `modules` has them all


class RecordStepInput(Contract):
    """Record one step's beginning or end."""

    scope: RunScope
    step: str
    state: Literal["running", "succeeded", "failed", "skipped"]
    attempts: int = 0
    rows: int | None = None
    bytes: int | None = None
    detail: str = ""
    review_id: UUID | None = None  # where a person is asked, for as long as the step is under way


class FinishRunInput(Contract):
    """End a run: record its books and outcome, and say so. Books that do not balance make it a failure."""

    scope: RunScope
    outcome: Literal["succeeded", "partial", "quarantined", "failed", "cancelled"]
    books: RowBooks
    step_books: tuple[StepBooks, ...] = ()
    error_code: str | None = None
    message: str | None = None
    inputs: tuple[DatasetRef, ...] = ()  # what the first module was given
    undone: UndoResult | None = None  # what an undoing took out and put back
    rehearsed: tuple[Rehearsed, ...] = ()  # what came of a dry run


class FindRunInput(Contract):
    """Find the rows that a run gave to its first module."""

    tenant: UUID
    run_id: UUID
    group: int = 0


class PastInputsInput(Contract):
    """Find what earlier runs of this workflow gave to a module, newest first, and who reads what it writes."""

    scope: RunScope
    module: ModuleVersionRef
    limit: int = 12


class Reader(Contract):
    """A workflow that reads what another one writes, and the module that it gives it to, if any."""

    workflow: str
    module: ModuleUse | None = None


class PastInputsResult(Contract):
    """Inputs that were loaded with the version, and the workflows that read the same destination."""

    past: tuple[PastInput, ...]
    readers: tuple[Reader, ...] = ()
