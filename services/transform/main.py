"""Puts transform together."""

from datetime import timedelta
from typing import TYPE_CHECKING

from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.chassis.parts import Loop, Service
from services.chassis.platform import Platform
from services.chassis.sweeping import Sweeping
from services.transform.activities import TransformActivities
from services.transform.api import router
from services.transform.chatting.api import router as chat_router
from services.transform.chatting.service import Conversations
from services.transform.computing import Computing
from services.transform.deployments import Deployments
from services.transform.forgetting import PutAway
from services.transform.growing import Grower
from services.transform.looking import Looking
from services.transform.mask_keys import MaskKeys
from services.transform.proposing import Proposing
from services.transform.proving.proving import Proving
from services.transform.service import Sessions
from services.transform.settings import TransformSettings
from services.transform.tasks import Tasks

if TYPE_CHECKING:
    from services.transform.planner.model import ModelPlanner


def build(platform: Platform) -> Service:
    """The parts of transform."""
    settings = TransformSettings()
    sandbox = Sandbox(
        Limits(
            memory_mb=settings.child_memory_mb,
            cpu_seconds=settings.child_cpu_seconds,
            file_mb=settings.child_file_mb,
            disk_mb=settings.child_disk_mb,
        ),
        work="services.transform.worker",
        at_once=settings.children,
        threads=settings.child_threads,
        rest_after=settings.rest_seconds,
    )
    computing = Computing(platform.storage, sandbox, settings.scratch, MaskKeys(platform.database, platform.sealer))
    grower = Grower(computing)
    tasks = Tasks(platform.database, grower, computing, settings)
    sessions = Sessions(computing, grower, tasks, settings)
    looking = Looking(computing, platform.storage, settings)
    model = _model(settings, platform)
    conversations = Conversations(sessions, computing, settings, model)
    deployments = Deployments(lambda: platform.temporal.client)
    put_away = PutAway(platform.database, timedelta(days=settings.archived_keep_days))
    proving = Proving(computing, settings.job_seconds, settings.proof_mb << 20)
    proposing = Proposing(platform.database, computing, settings, model)
    activities = TransformActivities(
        platform.database, sessions, tasks, computing, proving, proposing, settings.job_seconds
    )
    return Service(
        name=platform.service,
        routers=(
            router(sessions, looking, tasks, deployments, platform.http),
            chat_router(conversations, platform.http),
        ),
        activities=(
            activities.profile,
            activities.check_recipe,
            activities.apply,
            activities.attach_root,
            activities.fail_session,
            activities.freeze,
            activities.run_task,
            activities.fail_task,
            activities.find_node,
            activities.differ,
            activities.prove,
            activities.propose_prelude,
        ),
        loops=(Loop("forgetting", Sweeping(put_away.sweep).run),),
    )


def _model(settings: TransformSettings, platform: Platform) -> "ModelPlanner | None":
    """The model that plans, where one is set up."""
    if settings.model_url is None:
        return None
    # 80 MB of clients, which only those pay for who have a model.
    from services.transform.planner.model import ModelPlanner

    return ModelPlanner(
        protocol=settings.model_protocol,
        url=settings.model_url,
        name=settings.model_name,
        key_file=settings.model_key_file,
        seconds=settings.model_seconds,
        values=settings.model_values,
        scrubber=platform.scrubber,
    )
