"""What orchestrator does when it hears of runs, sessions, objects seen, files released and reviews decided."""

from contracts.envelope import Envelope
from contracts.events.connections import ObjectSeen
from contracts.events.drift import QuarantineReleased, ReplayRequested, ReviewDecided
from contracts.events.modules import ComparisonRequested, TrialRequested
from contracts.events.runs import RunRequested
from contracts.events.sessions import SessionCreated, TaskRequested
from contracts.runs import CompareVersionsInput, OpenSessionInput, ReplayProofInput, SessionTaskInput, TryModuleInput
from services.chassis.bus import Handlers
from services.chassis.database import UnitOfWork
from services.orchestrator.service import asking, cancelling
from services.orchestrator.service.executions import Executions


def handlers(executions: Executions) -> Handlers:
    """The table of orchestrator's handlers."""

    async def run_requested(work: UnitOfWork, event: RunRequested, envelope: Envelope) -> None:
        # Already started is as good as started: the id is used once for ever.
        await executions.start_run(work.tenant, event.run_id, event.workflow)
        await cancelling.started(work, executions, event.run_id)

    async def session_created(work: UnitOfWork, event: SessionCreated, envelope: Envelope) -> None:
        await executions.open_session(
            OpenSessionInput(
                tenant=work.tenant,
                session_id=event.session_id,
                connection=event.connection,
                selection=event.selection,
            )
        )

    async def task_requested(work: UnitOfWork, event: TaskRequested, envelope: Envelope) -> None:
        await executions.start_task(SessionTaskInput(tenant=work.tenant, task_id=event.task_id))

    async def comparison_requested(work: UnitOfWork, event: ComparisonRequested, envelope: Envelope) -> None:
        await executions.compare_versions(
            CompareVersionsInput(
                tenant=work.tenant,
                comparison_id=event.comparison_id,
                left=event.left,
                right=event.right,
                input=event.input,
                keys=event.keys,
            )
        )

    async def replay_requested(work: UnitOfWork, event: ReplayRequested, envelope: Envelope) -> None:
        await executions.replay_proof(
            ReplayProofInput(tenant=work.tenant, replay_id=event.replay_id, proof_id=event.proof_id)
        )

    async def trial_requested(work: UnitOfWork, event: TrialRequested, envelope: Envelope) -> None:
        await executions.try_module(
            TryModuleInput(tenant=work.tenant, trial_id=event.trial_id, module=event.module, input=event.input)
        )

    async def object_seen(work: UnitOfWork, event: ObjectSeen, envelope: Envelope) -> None:
        await asking.object_seen(work, event)

    async def quarantine_released(work: UnitOfWork, event: QuarantineReleased, envelope: Envelope) -> None:
        await asking.quarantine_released(work, event, envelope.id)

    async def review_decided(work: UnitOfWork, event: ReviewDecided, envelope: Envelope) -> None:
        # A run that is over, or was never here, waits for nothing.
        await executions.review_decided(work.tenant, event.run_id, event.review_id)

    table = Handlers()
    table.on(RunRequested, run_requested)
    table.on(SessionCreated, session_created)
    table.on(TaskRequested, task_requested)
    table.on(ComparisonRequested, comparison_requested)
    table.on(ReplayRequested, replay_requested)
    table.on(TrialRequested, trial_requested)
    table.on(ObjectSeen, object_seen)
    table.on(QuarantineReleased, quarantine_released)
    table.on(ReviewDecided, review_decided)
    return table
