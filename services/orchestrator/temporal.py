"""Temporal as the engine of runs: starting executions, and looking at how they stand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contracts.runs import (
    COMPARE_VERSIONS,
    OPEN_SESSION,
    REPLAY_PROOF,
    REVIEW_DECIDED,
    RUN_WORKFLOW,
    SESSION_TASK,
    TRY_MODULE,
    VALIDATE_WORKFLOW,
    CompareVersionsInput,
    ErrorType,
    OpenSessionInput,
    ReplayProofInput,
    RunInput,
    SessionTaskInput,
    TryModuleInput,
    ValidateWorkflowInput,
    ValidateWorkflowResult,
    comparison_id,
    replay_id,
    run_id,
    session_id,
    task_id,
    trial_id,
    validate_id,
)
from contracts.workflow import WorkflowDefinition
from services.chassis.errors import TransientError
from services.chassis.ids import Ids
from services.chassis.temporal import TemporalGateway, TemporalUnavailable
from services.orchestrator.service.executions import Progress, Status, ValidationUnavailable

_GLANCE = timedelta(seconds=2)
_STATUS: dict[WorkflowExecutionStatus, Status] = {
    WorkflowExecutionStatus.RUNNING: "running",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "running",
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.TIMED_OUT: "timed_out",
}


class TemporalExecutions:
    """Executions on Temporal; ids are those of the contracts, so that twice is once."""

    def __init__(self, gateway: TemporalGateway, ids: Ids, *, validation_seconds: float) -> None:
        self._gateway = gateway
        self._ids = ids
        self._validation = timedelta(seconds=validation_seconds)

    async def start_run(self, tenant: UUID, run: UUID, workflow: str) -> bool:
        """Start a run; False when it was started before."""
        asked = RunInput(tenant=tenant, run_id=run, workflow=workflow)
        return await self._gateway.start(RUN_WORKFLOW, run_id(tenant, run), asked)

    async def cancel_run(self, tenant: UUID, run: UUID) -> bool:
        """Ask a run's execution to end; False when none is under way. Raises TemporalUnavailable."""
        return await self._gateway.cancel(run_id(tenant, run))

    async def review_decided(self, tenant: UUID, run: UUID, review: UUID) -> bool:
        """Tell a run that a person decided; False when it is over or unknown. Raises TemporalUnavailable."""
        return await self._gateway.signal(run_id(tenant, run), REVIEW_DECIDED, review)

    async def open_session(self, session: OpenSessionInput) -> bool:
        """Start to open a session; False when that was started before."""
        return await self._gateway.start(OPEN_SESSION, session_id(session.tenant, session.session_id), session)

    async def start_task(self, task: SessionTaskInput) -> bool:
        """Start a session's long work; False when it was started before."""
        return await self._gateway.start(SESSION_TASK, task_id(task.tenant, task.task_id), task)

    async def compare_versions(self, comparison: CompareVersionsInput) -> bool:
        """Start a comparison on data; False when that was started before."""
        identity = comparison_id(comparison.tenant, comparison.comparison_id)
        return await self._gateway.start(COMPARE_VERSIONS, identity, comparison)

    async def replay_proof(self, replay: ReplayProofInput) -> bool:
        """Start to make a proof again; False when that was started before."""
        identity = replay_id(replay.tenant, replay.replay_id)
        return await self._gateway.start(REPLAY_PROOF, identity, replay)

    async def try_module(self, trial: TryModuleInput) -> bool:
        """Start a trial; False when that was started before."""
        return await self._gateway.start(TRY_MODULE, trial_id(trial.tenant, trial.trial_id), trial)

    async def validate(self, tenant: UUID, definition: WorkflowDefinition) -> ValidateWorkflowResult:
        """Ask the connector and the registry; raises ValidationUnavailable."""
        try:
            return await self._gateway.execute(
                VALIDATE_WORKFLOW,
                validate_id(tenant, self._ids.new()),
                ValidateWorkflowInput(tenant=tenant, definition=definition),
                ValidateWorkflowResult,
                self._validation,
            )
        except (TimeoutError, ApplicationError) as error:
            structlog.get_logger().warning("validation_unavailable", reason=type(error).__name__)
            raise ValidationUnavailable from error

    async def status(self, tenant: UUID, run: UUID) -> Status:
        """How an execution stands; raises TemporalUnavailable when that cannot be known."""
        try:
            described = await self._handle(tenant, run).describe(rpc_timeout=timedelta(seconds=10))
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return "absent"
            raise TemporalUnavailable(f"Temporal does not answer: {error.status.name}") from error
        return "running" if described.status is None else _STATUS.get(described.status, "running")

    async def attempts(self, tenant: UUID, run: UUID, step: str) -> int | None:
        """The highest attempt in the history among a step's commands; None when it cannot be read now."""
        try:
            events = (await self._handle(tenant, run).fetch_history(rpc_timeout=_GLANCE)).events
        except (RPCError, TransientError):
            return None
        scheduled = {
            event.event_id
            for event in events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
            and step_of(event.activity_task_scheduled_event_attributes.activity_id) == step
        }
        attempts = [
            event.activity_task_started_event_attributes.attempt
            for event in events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
            and event.activity_task_started_event_attributes.scheduled_event_id in scheduled
        ]
        return max(attempts, default=None)

    async def progress(self, tenant: UUID, run: UUID) -> list[Progress]:
        """The commands that are under way, with their last heartbeats; nothing when Temporal does not answer."""
        try:
            described = await self._handle(tenant, run).describe(rpc_timeout=_GLANCE)
        except (RPCError, TransientError):
            return []
        return [await self._progress(item) for item in described.raw_description.pending_activities]

    async def _progress(self, item: Any) -> Progress:
        converter = self._gateway.client.data_converter
        beats = await converter.decode(item.heartbeat_details.payloads) if item.HasField("heartbeat_details") else []
        failure = None
        if item.HasField("last_failure"):
            failure = said(await converter.decode_failure(item.last_failure))
        return Progress(
            step=step_of(item.activity_id),
            command=item.activity_type.name,
            attempt=item.attempt,
            started_at=_moment(item.last_started_time) if item.HasField("last_started_time") else None,
            heartbeat=beats[0] if beats else None,
            last_failure=failure,
        )

    def _handle(self, tenant: UUID, run: UUID) -> WorkflowHandle[Any, Any]:
        return self._gateway.client.get_workflow_handle(run_id(tenant, run))


def step_of(activity_id: str) -> str:
    """The step of a run that an activity belongs to."""
    return activity_id.partition(".")[0]


def said(failure: BaseException) -> str:
    """What a failed attempt may tell a person: a known failure's words, or no more than its kind."""
    cause: BaseException | None = failure
    while cause is not None and not isinstance(cause, ApplicationError):
        cause = cause.__cause__
    if isinstance(cause, ApplicationError):
        known = cause.type is not None and cause.type in set(ErrorType)
        return f"{cause.type}: {cause.message}" if known else f"internal_error ({cause.type})"
    return type(failure).__name__


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
