"""Puts schema_drift together."""

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.api import router
from services.schema_drift.service.content import QuarantineContent
from services.schema_drift.service.samples import Samples
from services.schema_drift.service.settling import Settling
from services.schema_drift.settings import SchemaDriftSettings


def build(platform: Platform) -> Service:
    """The parts of schema_drift."""
    settling = Settling(platform.database, Samples(platform.storage))
    activities = SchemaDriftActivities(platform.database, settling)
    content = QuarantineContent(platform.database, platform.storage)
    return Service(
        name=platform.service,
        routers=(router(content, SchemaDriftSettings(), platform.http),),
        activities=(
            activities.settle,
            activities.quarantine_file,
            activities.quarantine_rows,
            activities.settle_entry,
        ),
    )
