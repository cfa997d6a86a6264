"""Puts module_registry together."""

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.api import router
from services.module_registry.checking import Drafts
from services.module_registry.settings import ModuleRegistrySettings


def build(platform: Platform) -> Service:
    """The parts of module_registry."""
    drafts = Drafts(platform.temporal, platform.ids, seconds=ModuleRegistrySettings().check_seconds)
    activities = ModuleRegistryActivities(platform.database)
    return Service(
        name=platform.service,
        routers=(router(drafts, platform.http),),
        activities=(activities.publish, activities.resolve),
    )
