"""Connections: made, changed, removed; their secrets sealed for one place each and never given out again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.events.connections import ConnectionCreated, ConnectionDeleted, ConnectionUpdated
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found
from services.chassis.sealing import Sealer
from services.connector.kinds.base import Document, Kind, parse
from services.connector.kinds.registry import BUILT_IN, KINDS
from services.connector.repository import connections as repository


class Connections:
    """The use cases of connections, each within the caller's unit of work."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def create(
        self, work: UnitOfWork, name: str, kind: str, settings: dict[str, Any], secrets: dict[str, Any]
    ) -> tuple[RowMapping, list[RowMapping]]:
        """Make a connection."""
        known = kind_named(kind)
        parsed = parse(known.settings, settings, "/settings")
        sealed = parse(known.secrets, secrets, "/secrets")
        connection_id = work.ids.new()
        stored = {"id": connection_id, "name": name, "kind": kind, "settings": document(parsed)}
        if name in BUILT_IN or not await repository.add(work, stored):
            raise conflict(f"There is a connection {name!r} already.", "name_taken")
        await self._keep(work, connection_id, sealed.model_dump(exclude_none=True), {})
        await work.publish(
            ConnectionCreated(connection_id=connection_id, name=name, connection_kind=kind), key=connection_id
        )
        return await self.named(work, name)

    async def named(self, work: UnitOfWork, name: str) -> tuple[RowMapping, list[RowMapping]]:
        """A connection, and which secrets it has; raises 404."""
        row = await repository.get(work, name)
        if row is None:
            raise not_found()
        return row, await repository.secrets_of(work, [row["id"]])

    async def locked(self, work: UnitOfWork, name: str) -> RowMapping:
        """A connection that nobody else changes until the transaction ends; raises 404."""
        row = await repository.get(work, name, lock=True)
        if row is None:
            raise not_found()
        return row

    async def page(self, work: UnitOfWork, after: str | None, limit: int) -> list[tuple[RowMapping, list[RowMapping]]]:
        """Connections by name, each with its secrets."""
        rows = await repository.page(work, after=after, limit=limit)
        secrets = await repository.secrets_of(work, [row["id"] for row in rows])
        return [(row, [secret for secret in secrets if secret["connection_id"] == row["id"]]) for row in rows]

    async def change(
        self,
        work: UnitOfWork,
        row: RowMapping,
        settings: Mapping[str, Any] | None,
        secrets: Mapping[str, Any] | None,
    ) -> tuple[RowMapping, list[RowMapping]]:
        """Change what is named and leave the rest; a null takes a setting or an optional secret away.

        A secret goes to whoever the settings name: when that changes, it must be sent again, or an editor of
        settings could have it sent to a host of their own.
        """
        kind = KINDS[row["kind"]]
        merged = {name: value for name, value in {**row["settings"], **(settings or {})}.items() if value is not None}
        parsed = document(parse(kind.settings, merged, "/settings"))
        there = {secret["field"]: secret for secret in await repository.secrets_of(work, [row["id"]])}
        given = dict(secrets or {})
        moved = [name for name in kind.bound if parsed.get(name) != row["settings"].get(name)]
        if moved:
            self._demand_again(kind, there, given, moved)
        removed = [name for name, value in given.items() if value is None and name not in kind.needed_secrets]
        kept = {name: value for name, value in given.items() if name not in removed}
        self._check_secrets(kind, kept)
        if moved:
            removed += [name for name in there if name not in kept]
        await repository.drop_secrets(work, row["id"], removed)
        await self._keep(work, row["id"], kept, there)
        await repository.change(work, row["id"], parsed)
        await work.publish(
            ConnectionUpdated(
                connection_id=row["id"],
                name=row["name"],
                connection_kind=row["kind"],
                secrets_changed=bool(kept or removed),
            ),
            key=row["id"],
        )
        return await self.named(work, row["name"])

    async def delete(self, work: UnitOfWork, row: RowMapping) -> None:
        """Remove a connection with its secrets."""
        await repository.remove(work, row["id"])
        await work.publish(ConnectionDeleted(connection_id=row["id"], name=row["name"]), key=row["id"])

    async def _keep(
        self, work: UnitOfWork, connection_id: UUID, values: Mapping[str, str], there: Mapping[str, RowMapping]
    ) -> None:
        for field, value in values.items():
            version = there[field]["version"] + 1 if field in there else 1
            sealed = self._sealer.seal(value.encode(), place_of(work.tenant, connection_id, field, version))
            await repository.put_secret(work, connection_id, field, version, sealed)

    def _demand_again(self, kind: Kind, there: Mapping[str, Any], given: Mapping[str, Any], moved: list[str]) -> None:
        wanted = [name for name in kind.secret_names if name in there and name not in given]
        needed = [name for name in wanted if name in kind.needed_secrets]
        if needed:
            changed = " and ".join(moved)
            raise invalid(
                [
                    Problem(
                        pointer=f"/secrets/{name}",
                        code="secret_needed_again",
                        message=f"must be sent again, because {changed} changes",
                    )
                    for name in needed
                ],
                "The stored secrets belong to the settings that were there: send them again with the new ones.",
            )

    def _check_secrets(self, kind: Kind, given: Mapping[str, Any]) -> None:
        # Judged as a whole document, in which those that stay as they are are filled in.
        filler = {name: "unchanged" for name in kind.needed_secrets if name not in given}
        parse(kind.secrets, {**filler, **given}, "/secrets")


def kind_named(name: str) -> Kind:
    """A connection kind; raises 422."""
    if name not in KINDS:
        known = ", ".join(KINDS)
        raise invalid([Problem(pointer="/kind", code="kind_unknown", message=f"is none of: {known}")])
    return KINDS[name]


def document(parsed: Document) -> dict[str, Any]:
    """A document as it is stored and shown: by its own names, without what was not said."""
    return parsed.model_dump(mode="json", by_alias=True, exclude_none=True)


def place_of(tenant: UUID, connection_id: UUID, field: str, version: int) -> tuple[str, ...]:
    """What a secret is sealed for: moved anywhere else, it does not open."""
    return ("connection", str(tenant), str(connection_id), field, str(version))
