"""Puts connector together."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.runs import ErrorType
from services.chassis.egress import Egress
from services.chassis.parts import Loop, Service
from services.chassis.platform import Platform
from services.chassis.sweeping import Sweeping
from services.connector.activities import ConnectorActivities
from services.connector.api import connections_router, kinds_router, looking_router, uploads_router
from services.connector.clients.postgres import PostgresClient
from services.connector.clients.s3 import S3Factory, S3Store
from services.connector.consumers import handlers
from services.connector.destinations.base import Destination
from services.connector.destinations.postgres import PostgresDestination
from services.connector.destinations.postgres_before import Before, Keeping
from services.connector.destinations.s3 import S3Destination
from services.connector.failures import ConnectorError
from services.connector.formats.base import Limits
from services.connector.formats.registry import Formats
from services.connector.kinds.postgres import POSTGRES
from services.connector.kinds.s3 import S3
from services.connector.kinds.upload import UPLOADS
from services.connector.milestones import LoggedMilestones
from services.connector.progress import Milestones
from services.connector.reading import Reader
from services.connector.run_states import RunStates, TemporalRunStates
from services.connector.service.connections import Connections
from services.connector.service.describing import Describing
from services.connector.service.files import Files
from services.connector.service.forgetting import ClosedWindows
from services.connector.service.leases import Leases
from services.connector.service.limits import PerMinute
from services.connector.service.looking import Looking
from services.connector.service.opening import Ends, Makers, Opening
from services.connector.service.pulling import Pulling
from services.connector.service.pushing import Pushing
from services.connector.service.undoing import Undoing
from services.connector.service.uploads import Uploads
from services.connector.service.watching import Watching
from services.connector.service.windows import Windows
from services.connector.settings import ConnectorSettings
from services.connector.sources.postgres import PostgresSource
from services.connector.sources.s3 import S3Source
from services.connector.sources.upload import UploadSource
from services.connector.watches import WatchLoop

if TYPE_CHECKING:
    from services.chassis.storage import Storage


def build(platform: Platform) -> Service:
    """The parts of connector."""
    return assemble(platform, ConnectorSettings(), LoggedMilestones(), TemporalRunStates(platform.temporal))


def assemble(
    platform: Platform,
    settings: ConnectorSettings,
    milestones: Milestones,
    runs: RunStates,
    kinds: Makers | None = None,
    formats: Formats | None = None,
) -> Service:
    """The parts of connector, of parts that are handed in."""
    keeping = Keeping(settings.undo_keep_days, settings.undo_keep_bytes)
    made = kinds or makers(Egress(platform.settings.egress_allow), keeping)
    opening = Opening(
        platform.database, platform.sealer, platform.scrubber, made, {UPLOADS: _uploads(platform.storage)}
    )
    limits = Limits(settings.max_record_bytes, settings.max_columns, settings.failing_share)
    reader = Reader(formats or Formats(), limits)
    uploads = Uploads(
        platform.database,
        platform.storage,
        settings.upload_limit_bytes,
        settings.spool_folder,
        timedelta(days=settings.upload_keep_days),
    )
    windows = Windows(platform.database, opening, runs)
    pulling = Pulling(
        opening,
        windows,
        platform.storage,
        reader,
        uploads,
        spool_folder=settings.spool_folder,
        threads=settings.pull_threads,
    )
    leases = Leases(platform.database, lease_seconds=settings.lease_seconds, wait_seconds=settings.lease_wait_seconds)
    pushing = Pushing(leases, opening, windows, platform.storage)
    undoing = Undoing(leases, opening, windows)
    activities = ConnectorActivities(Describing(platform.database), pulling, pushing, undoing, windows, milestones)
    looking = Looking(
        reader,
        milestones,
        seconds=settings.check_seconds,
        preview_bytes=settings.preview_bytes,
        spool_folder=settings.spool_folder,
    )
    watches = WatchLoop(
        Watching(platform.database),
        opening,
        milestones,
        concurrency=settings.watch_concurrency,
        settle_seconds=settings.watch_settle_seconds,
    )
    files = Files(settings.upload_limit_bytes)
    tries = PerMinute(settings.checks_per_minute)
    return Service(
        name=platform.service,
        routers=(
            kinds_router(platform.http),
            connections_router(platform.http, Connections(platform.sealer)),
            looking_router(platform.http, opening, looking, files, tries, settings.upload_limit_bytes),
            uploads_router(platform.http, uploads, settings.upload_limit_bytes),
        ),
        handlers=handlers(),
        activities=(
            activities.describe,
            activities.pull,
            activities.push,
            activities.undo,
            activities.preserve,
            activities.close_window,
        ),
        loops=(
            Loop("watches", watches.run),
            Loop("forgetting", Sweeping(ClosedWindows(platform.database).sweep).run),
            Loop("forgetting-uploads", Sweeping(uploads.sweep).run),
        ),
    )


def makers(egress: Egress, keeping: Keeping) -> Makers:
    """How both ends of each kind of connection are made."""
    factory = S3Factory(egress)

    def s3(settings: Any, secrets: Any) -> Ends:
        store = S3Store(factory, settings, secrets)
        return Ends(lambda: S3Source(store), lambda: S3Destination(store), lambda: store)

    def postgres(settings: Any, secrets: Any) -> Ends:
        client = PostgresClient(settings, secrets, egress)
        return Ends(lambda: PostgresSource(client), lambda: PostgresDestination(client, before=Before(keeping)))

    return {S3.name: s3, POSTGRES.name: postgres}


def _uploads(storage: "Storage") -> Callable[[UUID], Ends]:
    """What is sent to the platform itself can be read and nothing else."""

    def nowhere() -> Destination:
        raise ConnectorError(ErrorType.CONFIGURATION_INVALID, "Nothing can be written to the uploads.")

    return lambda tenant: Ends(lambda: UploadSource(storage, tenant), nowhere)
