"""What a service's composition root is given; making it opens no connection."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from services.chassis.auth import Authenticator, BearerAuthenticator
from services.chassis.clock import Clock, SystemClock
from services.chassis.database import Database
from services.chassis.http import ServiceHttp
from services.chassis.idempotency import Idempotency
from services.chassis.identity_client import IdentityClient
from services.chassis.ids import Ids, SystemIds
from services.chassis.request_scope import ServiceParts
from services.chassis.revocations import Revocations
from services.chassis.scrubbing import Scrubber
from services.chassis.sealing import Sealer
from services.chassis.settings import PlatformSettings, SettingsInvalid
from services.chassis.temporal import TemporalGateway

if TYPE_CHECKING:
    from services.chassis.storage import Storage


@dataclass
class Platform:
    """The parts of one service that are not its own."""

    settings: PlatformSettings
    service: str
    clock: Clock
    ids: Ids
    database: Database
    sealer: Sealer
    scrubber: Scrubber
    temporal: TemporalGateway
    http: ServiceHttp

    @cached_property
    def storage(self) -> "Storage":
        """Where datasets lie. Made when asked for: a service that has none does without the engines."""
        from services.chassis.storage import Storage

        return Storage(self.settings)


@dataclass
class Foundation:
    """What all services of one process share."""

    settings: PlatformSettings
    scrubber: Scrubber
    sealer: Sealer
    clock: Clock
    ids: Ids
    identity: IdentityClient
    revocations: Revocations
    authenticator: Authenticator
    temporal: TemporalGateway = field(default_factory=TemporalGateway)

    @classmethod
    def of(cls, settings: PlatformSettings, scrubber: Scrubber | None = None) -> "Foundation":
        """The usual parts; raises KeyFileInvalid when the key that unseals is not there."""
        clock = SystemClock()
        identity = IdentityClient(settings.identity, clock)
        revocations = Revocations(clock)
        return cls(
            settings=settings,
            scrubber=scrubber or Scrubber(),
            sealer=Sealer.from_file(settings.kek_file),
            clock=clock,
            ids=SystemIds(),
            identity=identity,
            revocations=revocations,
            authenticator=BearerAuthenticator(identity, revocations, clock),
        )

    def platform(self, service: str) -> Platform:
        """The platform of one service."""
        password = self.settings.database_passwords.get(service)
        if password is None:
            raise SettingsInvalid(f"MODULARDATA_DATABASE_PASSWORDS_FILE: no password for {service}")
        self.scrubber.add(password)
        database = Database(service, self.settings.database_url, password, clock=self.clock, ids=self.ids)
        parts = ServiceParts(service, database, self.authenticator, Idempotency(service, self.sealer))
        return Platform(
            settings=self.settings,
            service=service,
            clock=self.clock,
            ids=self.ids,
            database=database,
            sealer=self.sealer,
            scrubber=self.scrubber,
            temporal=self.temporal,
            http=ServiceHttp(parts),
        )
