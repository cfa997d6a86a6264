"""What the use cases need of the engine that executes runs, whichever it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from contracts.runs import (
    CompareVersionsInput,
    OpenSessionInput,
    ReplayProofInput,
    SessionTaskInput,
    TryModuleInput,
    ValidateWorkflowResult,
)
from contracts.workflow import WorkflowDefinition

Status = Literal["running", "completed", "failed", "cancelled", "terminated", "timed_out", "absent"]


class ValidationUnavailable(Exception):
    """The services that know did not answer in time."""


@dataclass(frozen=True)
class Progress:
    """A command of a run that is under way."""

    step: str
    command: str
    attempt: int
    started_at: datetime | None
    heartbeat: Any
    last_failure: str | None


class Executions(Protocol):
    """Starts executions and looks at them. Starting is safe to repeat: an id is used once for ever."""

    async def start_run(self, tenant: UUID, run_id: UUID, workflow: str) -> bool:
        """Start a run; False when it was started before."""

    async def cancel_run(self, tenant: UUID, run_id: UUID) -> bool:
        """Ask a run's execution to end; False when none is under way."""

    async def review_decided(self, tenant: UUID, run_id: UUID, review_id: UUID) -> bool:
        """Tell a run that a person decided; False when it is over or unknown."""

    async def open_session(self, session: OpenSessionInput) -> bool:
        """Start to open a session; False when that was started before."""

    async def start_task(self, task: SessionTaskInput) -> bool:
        """Start a session's long work; False when it was started before."""

    async def compare_versions(self, comparison: CompareVersionsInput) -> bool:
        """Start a comparison on data; False when that was started before."""

    async def replay_proof(self, replay: ReplayProofInput) -> bool:
        """Start to make a proof again; False when that was started before."""

    async def try_module(self, trial: TryModuleInput) -> bool:
        """Start a trial; False when that was started before."""

    async def validate(self, tenant: UUID, definition: WorkflowDefinition) -> ValidateWorkflowResult:
        """Ask the services that know; raises ValidationUnavailable."""

    async def status(self, tenant: UUID, run_id: UUID) -> Status:
        """How an execution stands."""

    async def attempts(self, tenant: UUID, run_id: UUID, step: str) -> int | None:
        """How often the most stubborn command of a step was tried; None when that cannot be said now."""

    async def progress(self, tenant: UUID, run_id: UUID) -> list[Progress]:
        """What is under way; nothing when that cannot be said now."""
