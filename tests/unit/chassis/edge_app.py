"""A small API behind the real edge: routers, applications and rules are production's; the database is a list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import httpx
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.types import ASGIApp

from contracts.permissions import Permission, Role
from contracts.workflow import WorkflowDefinition
from services.chassis.application import public_app
from services.chassis.auth import Principal
from services.chassis.database import UnitOfWork
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, check_if_match, public, raw_body, requires
from services.chassis.idempotency import Idempotency
from services.chassis.ids import SystemIds
from services.chassis.keys import KeyRing
from services.chassis.problems import unauthorized
from services.chassis.readiness import Readiness
from services.chassis.request_scope import ServiceParts
from services.chassis.sealing import Sealer

TENANT = UUID("01a1fd5b-f32e-7d1e-89da-6aab8f22e629")
CANARY = "CANARY-pa55-w0rd"


class Transactions:
    """Remembers what became of each transaction."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    @asynccontextmanager
    async def work(self, tenant: UUID) -> AsyncIterator[UnitOfWork]:
        try:
            yield cast(UnitOfWork, f"work of {tenant}")
        except BaseException:
            self.ends.append("rolled back")
            raise
        self.ends.append("committed")


class Names:
    """The bearer token is the role's name."""

    async def authenticate(self, authorization: str | None) -> Principal:
        scheme, _, role = (authorization or "").partition(" ")
        if scheme != "Bearer" or role not in set(Role):
            raise unauthorized()
        return Principal(TENANT, UUID(int=7), Role(role), False, UUID(int=8))


class Thing(BaseModel):
    name: str
    port: int
    ratio: float = 0.0
    password: str = ""
    tags: tuple[str, ...] = ()
    id: UUID | None = None


class Echo(BaseModel):
    said: str


def service_http(database: Transactions) -> ServiceHttp:
    sealer = Sealer(KeyRing(primary="k", keys={"k": bytes(32)}))
    return ServiceHttp(ServiceParts("things", database, Names(), Idempotency("things", sealer)))


def things(http: ServiceHttp) -> APIRouter:
    routes = http.router("/api/things", ["things"])
    read, write = [requires(Permission.CONNECTIONS_READ)], [requires(Permission.CONNECTIONS_WRITE)]

    @routes.post("", status_code=201, dependencies=write)
    async def create(body: Thing, work: Work) -> Echo:
        return Echo(said=f"{body.name} in {work}")

    @routes.get("", dependencies=read)
    async def listed(page: PageQuery, tag: list[str] = Query(default=[])) -> Page[int]:
        start = int(page.after[0]) if page.after else 0
        return page.page(list(range(start + 1, min(8, start + page.limit + 2))), lambda number: (number,))

    @routes.get("/{id}", dependencies=read)
    async def one(id: UUID, who: Who) -> Echo:
        return Echo(said=f"{id} for {who.role}")

    @routes.put("/{id}", dependencies=write)
    async def replace(id: UUID, body: Thing, request: Request, work: Work) -> Echo:
        check_if_match(request, 7)
        return Echo(said=body.name)

    @routes.post("/{id}:poke", status_code=204, dependencies=write)
    async def poke(id: UUID, work: Work) -> None:
        return None

    @routes.post("/{id}:explode", dependencies=write)
    async def explode(id: UUID, work: Work) -> None:
        raise RuntimeError(f"a bug, and {CANARY} in its text")

    @routes.put("/{id}/file", status_code=204, dependencies=[*write, raw_body(5_000_000, ["text/csv"])])
    async def upload(id: UUID, request: Request) -> None:
        async for _ in request.stream():
            pass

    @routes.post("/open", dependencies=[public("everybody may look")])
    async def open_door(request: Request) -> Echo:
        return Echo(said=str(len(await request.body())))

    @routes.post("/definitions", dependencies=write)
    async def define(body: WorkflowDefinition) -> Echo:
        return Echo(said=body.name)

    return routes


def app_of(*routers: APIRouter, https: bool = False) -> ASGIApp:
    return public_app(routers, Readiness({}), SystemIds(), https=https)


def client_of(*routers: APIRouter, https: bool = False, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(*routers, https=https), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", **options)


async def get_raw(app: ASGIApp, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Ask for a path exactly as written: clients tidy theirs up before they send them."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
