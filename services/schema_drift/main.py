"""Puts schema_drift together."""

from datetime import timedelta

from services.chassis.parts import Loop, Service
from services.chassis.passes import Passes
from services.chassis.platform import Platform
from services.chassis.sweeping import Sweeping
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.api import router
from services.schema_drift.consumers import handlers
from services.schema_drift.proving import views as proofs_shown
from services.schema_drift.proving.activities import ProofActivities
from services.schema_drift.proving.api import proofs_router
from services.schema_drift.review_api import review_router
from services.schema_drift.service.content import QuarantineContent
from services.schema_drift.service.expiring import Expiry
from services.schema_drift.service.samples import Samples
from services.schema_drift.service.settling import Settling
from services.schema_drift.settings import SchemaDriftSettings


def build(platform: Platform) -> Service:
    """The parts of schema_drift."""
    samples = Samples(platform.storage)
    settling = Settling(platform.database, samples)
    passes = Passes(platform.sealer, "drift-review")
    activities = SchemaDriftActivities(platform.database, settling)
    proofs = ProofActivities(platform.database)
    settings = SchemaDriftSettings()
    expiry = Expiry(platform.database, timedelta(days=settings.keep_days))
    content = QuarantineContent(platform.database, platform.storage)
    return Service(
        name=platform.service,
        routers=(
            router(content, settings, platform.http),
            review_router(samples, platform.database, passes, platform.clock, platform.http),
            proofs_router(proofs_shown.Samples(platform.storage), platform.http),
        ),
        handlers=handlers(),
        loops=(Loop("expiry", Sweeping(expiry.sweep).run),),
        activities=(
            activities.settle,
            activities.quarantine_file,
            activities.quarantine_rows,
            activities.settle_entry,
            activities.judge,
            activities.consider,
            activities.close_review,
            activities.record_adaptation,
            proofs.find_proof,
            proofs.record_replay,
        ),
    )
