"""Services composed for a test: schemas in a fresh database, their routes, and a door that takes anybody's word.

The servers are real. What is different from production is who is asked for a caller's name, and nothing else.
"""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
from fastapi import APIRouter

from contracts.permissions import Role
from contracts.topics import SERVICES
from deploy.local.state import State
from services.chassis.application import public_app
from services.chassis.auth import Principal
from services.chassis.clock import Clock
from services.chassis.parts import Service
from services.chassis.platform import Foundation, Platform
from services.chassis.problems import unauthorized
from services.chassis.readiness import Readiness
from services.chassis.settings import PlatformSettings
from tests.integration.conftest import ROLE_PASSWORD
from tests.integration.prepared import prepare

PASSWORDS = dict.fromkeys(SERVICES, ROLE_PASSWORD)


class AnybodysWord:
    """Believes a bearer token of the form `<workspace>/<role>`."""

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal the token names."""
        scheme, _, text = (authorization or "").partition(" ")
        tenant, _, role = text.partition("/")
        if scheme.lower() != "bearer" or not role:
            raise unauthorized()
        return Principal(UUID(tenant), uuid5(UUID(tenant), role), Role(role), False, uuid4())


def settings_in(folder: Path, servers: State, admin_url: str, **changes: Any) -> PlatformSettings:
    """Settings for a database of the test's own, with keys and datasets in its folder."""
    key = {"primary": "k1", "keys": {"k1": base64.b64encode(secrets.token_bytes(32)).decode()}}
    for name in ("kek.json", "payload.json"):
        (folder / name).write_text(json.dumps(key))
    (folder / "passwords.json").write_text(json.dumps(PASSWORDS))
    server, _, database = admin_url.partition("://")[2].rpartition("@")[2].partition("/")
    values: dict[str, Any] = {
        "database_url": f"postgresql://{server}/{database}",
        "database_passwords_file": folder / "passwords.json",
        "kafka": servers.kafka,
        "temporal": servers.temporal,
        "storage": f"file://{folder}/objects",
        "kek_file": folder / "kek.json",
        "payload_key_file": folder / "payload.json",
    }
    return PlatformSettings(**(values | changes))


@dataclass
class Composed:
    """What a test works with."""

    foundation: Foundation
    platforms: dict[str, Platform]
    services: dict[str, Service]
    http: httpx.AsyncClient
    admin_url: str
    tenant: UUID = field(default_factory=uuid4)

    def headers(self, role: Role = Role.ADMIN, tenant: UUID | None = None) -> dict[str, str]:
        """What a caller of that role sends."""
        return {"Authorization": f"Bearer {tenant or self.tenant}/{role.value}"}

    async def request(
        self, method: str, path: str, *, role: Role = Role.ADMIN, tenant: UUID | None = None, **options: Any
    ) -> httpx.Response:
        """Call the API as a workspace's admin, unless said otherwise."""
        headers = self.headers(role, tenant) | options.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **options)

    async def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Look into the database past all policies, as its superuser."""
        connection: Any = await asyncpg.connect(self.admin_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def published(self, service: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of this test's workspace in a service's outbox, in their order."""
        rows = await self.sql(
            f'SELECT type, payload FROM "{service}".outbox WHERE tenant = $1 ORDER BY id', self.tenant
        )
        return [(row["type"], json.loads(row["payload"])) for row in rows]


def client_of(foundation: Foundation, *routers: APIRouter) -> httpx.AsyncClient:
    """A client that speaks to these routes in this process."""
    app = public_app(routers, Readiness({}), foundation.ids, https=False)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")


@asynccontextmanager
async def composed(
    names: Iterable[str], folder: Path, servers: State, admin_url: str, *, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Composed]:
    """Make schemas and tables, build the services, and open their routes in this process."""
    names = tuple(names)
    await prepare(admin_url, {name: PASSWORDS[name] for name in names})
    foundation = Foundation.of(settings_in(folder, servers, admin_url, **changes))
    foundation.authenticator = AnybodysWord()
    if clock is not None:
        foundation.clock = clock
    async with AsyncExitStack() as stack:
        platforms = {}
        for name in names:
            platforms[name] = foundation.platform(name)
            stack.push_async_callback(platforms[name].database.close)
            await platforms[name].database.check()
        services = {name: import_module(f"services.{name}.main").build(platforms[name]) for name in names}
        http = await stack.enter_async_context(
            client_of(foundation, *(router for service in services.values() for router in service.routers))
        )
        yield Composed(foundation, platforms, services, http, admin_url)
