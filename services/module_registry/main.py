"""Puts module_registry together."""

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.module_registry.activities import ModuleRegistryActivities
from services.module_registry.api import router


def build(platform: Platform) -> Service:
    """The parts of module_registry."""
    activities = ModuleRegistryActivities(platform.database)
    return Service(
        name=platform.service,
        routers=(router(platform.http),),
        activities=(activities.publish, activities.resolve),
    )
