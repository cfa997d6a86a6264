"""From a connection's name to something that reads or writes; secrets are unsealed here and nowhere else."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from contracts.runs import ErrorType
from services.chassis.database import Database
from services.chassis.scrubbing import Scrubber
from services.chassis.sealing import SealBroken, Sealer
from services.connector.clients.s3 import S3Store
from services.connector.destinations.base import Destination
from services.connector.failures import ConnectorError
from services.connector.kinds.base import Document, Kind, problems_with
from services.connector.kinds.registry import BUILT_IN, KINDS
from services.connector.repository import connections as repository
from services.connector.service.connections import place_of
from services.connector.sources.base import Source

_KEPT = 32


@dataclass(frozen=True)
class Ends:
    """Both ends of one connection, made when they are asked for; `files` where people may put files there."""

    source: Callable[[], Source]
    destination: Callable[[], Destination]
    files: Callable[[], S3Store] | None = None


# Makes the ends of a kind from its settings and secrets.
Makers = Mapping[str, Callable[[Any, Any], Ends]]

# Makes the ends of a connection that every workspace has, by its name, for one of them.
BuiltIn = Mapping[str, Callable[[UUID], Ends]]


@dataclass(frozen=True)
class Opened:
    """A connection that can be used."""

    id: UUID
    name: str
    kind: Kind
    settings: Document
    ends: Ends

    def selection(self, given: dict[str, Any]) -> Document:
        """What to read; raises CONFIGURATION_INVALID with the place of what is wrong."""
        return self._document(self.kind.selection, given, "selection")

    def target(self, given: dict[str, Any]) -> Document:
        """Where to write; raises CONFIGURATION_INVALID with the place of what is wrong."""
        return self._document(self.kind.target, given, "target")

    def _document(self, model: type[Document], given: dict[str, Any], what: str) -> Document:
        problems = problems_with(model, given, f"/{what}")
        if not problems:
            parsed = model.model_validate(given)
            problems = self.kind.agree(self.settings, parsed)
        if problems:
            raise ConnectorError(
                ErrorType.CONFIGURATION_INVALID,
                f"Connection {self.name!r}: {problems[0].pointer} {problems[0].message}.",
            )
        return parsed


class Opening:
    """Opens connections of one tenant at a time."""

    def __init__(
        self, database: Database, sealer: Sealer, scrubber: Scrubber, makers: Makers, built_in: BuiltIn | None = None
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._scrubber = scrubber
        self._makers = makers
        self._built_in = built_in or {}
        self._kept: OrderedDict[tuple[UUID, int], Ends] = OrderedDict()

    @asynccontextmanager
    async def open(self, tenant: UUID, name: str) -> AsyncIterator[Opened]:
        """A connection by name; raises NOT_FOUND. While it is open, nothing this process says holds its secrets."""
        if name in self._built_in:
            kind = BUILT_IN[name]
            yield Opened(UUID(int=0), name, kind, kind.settings(), self._built_in[name](tenant))
            return
        async with self._database.work(tenant) as work:
            row = await repository.get(work, name)
            sealed = [] if row is None else await repository.secrets_of(work, [row["id"]])
        if row is None:
            raise ConnectorError(ErrorType.NOT_FOUND, f"There is no connection {name!r}.")
        values = self._unsealed(tenant, row, sealed)
        with self._scrubber.holding(*values.values()):
            kind = KINDS[row["kind"]]
            settings = kind.settings.model_validate(row["settings"])
            yield Opened(row["id"], name, kind, settings, self._ends(row, kind, settings, values))

    @asynccontextmanager
    async def unsaved(self, kind: Kind, settings: Document, secrets: Document) -> AsyncIterator[Opened]:
        """A connection that is not stored."""
        values = [value for value in secrets.model_dump().values() if isinstance(value, str)]
        with self._scrubber.holding(*values):
            yield Opened(UUID(int=0), "", kind, settings, self._makers[kind.name](settings, secrets))

    def _ends(self, row: RowMapping, kind: Kind, settings: Document, values: dict[str, str]) -> Ends:
        # Clients keep sockets and are costly to make; a changed connection has another version.
        key = (row["id"], row["version"])
        ends = self._kept.get(key)
        if ends is None:
            ends = self._kept[key] = self._makers[kind.name](settings, kind.secrets.model_validate(values))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return ends

    def _unsealed(self, tenant: UUID, row: RowMapping, sealed: list[RowMapping]) -> dict[str, str]:
        values = {}
        for secret in sealed:
            place = place_of(tenant, row["id"], secret["field"], secret["version"])
            try:
                values[secret["field"]] = self._sealer.open(secret["sealed"], place).decode()
            except SealBroken as error:
                structlog.get_logger().error(
                    "secret_does_not_open", connection=str(row["id"]), field=secret["field"], reason=str(error)
                )
                raise ConnectorError(
                    ErrorType.CONFIGURATION_INVALID,
                    f"Connection {row['name']!r}: its {secret['field']} does not open; send it again.",
                ) from None
        return values
