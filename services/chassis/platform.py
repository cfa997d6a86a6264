"""What a service's composition root is given; making it opens no connection."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.http import ServiceHttp
from services.chassis.ids import Ids
from services.chassis.scrubbing import Scrubber
from services.chassis.sealing import Sealer
from services.chassis.settings import PlatformSettings
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
