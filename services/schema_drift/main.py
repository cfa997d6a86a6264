"""Puts schema_drift together."""

from services.chassis.parts import Service
from services.chassis.platform import Platform
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.api import router
from services.schema_drift.proving.activities import ProofActivities
from services.schema_drift.proving.api import proofs_router
from services.schema_drift.proving.views import Samples
from services.schema_drift.service.content import QuarantineContent
from services.schema_drift.settings import SchemaDriftSettings


def build(platform: Platform) -> Service:
    """The parts of schema_drift."""
    activities = SchemaDriftActivities(platform.database)
    proofs = ProofActivities(platform.database)
    content = QuarantineContent(platform.database, platform.storage)
    return Service(
        name=platform.service,
        routers=(
            router(content, SchemaDriftSettings(), platform.http),
            proofs_router(Samples(platform.storage), platform.http),
        ),
        activities=(
            activities.settle,
            activities.quarantine_file,
            activities.quarantine_rows,
            activities.settle_entry,
            proofs.find_proof,
            proofs.record_replay,
        ),
    )
