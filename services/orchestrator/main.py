"""Puts orchestrator together."""

from services.chassis.parts import Loop, Service
from services.chassis.platform import Platform
from services.chassis.sweeping import Sweeping
from services.orchestrator.activities import OrchestratorActivities
from services.orchestrator.api import router
from services.orchestrator.consumers import handlers
from services.orchestrator.service.applying import Definitions
from services.orchestrator.service.forgetting import Receipts
from services.orchestrator.service.history import History
from services.orchestrator.service.hooks import Hooks
from services.orchestrator.service.looking_after import Reconciler
from services.orchestrator.service.rotation import Rotation
from services.orchestrator.settings import OrchestratorSettings
from services.orchestrator.temporal import TemporalExecutions
from services.orchestrator.workflows.check_module import CheckModuleWorkflow
from services.orchestrator.workflows.compare_versions import CompareVersionsWorkflow
from services.orchestrator.workflows.deploy_module import DeployModuleWorkflow
from services.orchestrator.workflows.open_session import OpenSessionWorkflow
from services.orchestrator.workflows.replay_proof import ReplayProofWorkflow
from services.orchestrator.workflows.run import RunWorkflow
from services.orchestrator.workflows.session_task import SessionTaskWorkflow
from services.orchestrator.workflows.try_module import TryModuleWorkflow
from services.orchestrator.workflows.validate_workflow import ValidateWorkflow

WORKFLOWS: tuple[type, ...] = (
    RunWorkflow,
    OpenSessionWorkflow,
    SessionTaskWorkflow,
    DeployModuleWorkflow,
    ValidateWorkflow,
    CheckModuleWorkflow,
    CompareVersionsWorkflow,
    ReplayProofWorkflow,
    TryModuleWorkflow,
)


def build(platform: Platform) -> Service:
    """The parts of orchestrator."""
    settings = OrchestratorSettings()
    executions = TemporalExecutions(platform.temporal, platform.ids, validation_seconds=settings.validation_seconds)
    activities = OrchestratorActivities(History(platform.database, executions))
    reconciler = Reconciler(
        platform.database,
        executions,
        every=settings.reconcile_seconds,
        patience=settings.reconcile_patience_seconds,
    )
    routes = router(
        Definitions(executions, platform.sealer),
        Hooks(platform.database, platform.sealer),
        Rotation(platform.sealer, settings.secret_overlap_hours),
        executions,
        settings,
        platform.settings.public_url,
        platform.http,
    )
    return Service(
        name=platform.service,
        routers=(routes,),
        handlers=handlers(executions),
        activities=(
            activities.start_run,
            activities.pin_modules,
            activities.record_step,
            activities.finish_run,
            activities.find_run,
            activities.past_inputs,
        ),
        workflows=WORKFLOWS,
        loops=(
            Loop("reconciler", reconciler.run),
            Loop("forgetting", Sweeping(Receipts(platform.database).sweep).run),
        ),
    )
