"""Puts module_registry together."""

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.api.codes import codes_router
from services.module_registry.api.comparing import comparing_router
from services.module_registry.api.library import library_router
from services.module_registry.checking import Drafts
from services.module_registry.consumers import handlers
from services.module_registry.plans import Plans
from services.module_registry.settings import ModuleRegistrySettings


def build(platform: Platform) -> Service:
    """The parts of module_registry."""
    settings = ModuleRegistrySettings()
    drafts = Drafts(platform.temporal, platform.ids, seconds=settings.check_seconds)
    plans = Plans(settings.version_limits, settings.default_plan)
    activities = ModuleRegistryActivities(platform.database, plans)
    return Service(
        name=platform.service,
        routers=(
            library_router(drafts, plans, platform.http),
            codes_router(drafts, plans, platform.http),
            comparing_router(platform.storage, platform.http),
        ),
        handlers=handlers(),
        activities=(
            activities.publish,
            activities.resolve,
            activities.record_comparison,
            activities.record_trial,
        ),
    )
