"""The HTTP door of identity."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import JSONResponse, Response

from contracts.permissions import PLATFORM, ROLES, Permission, Role
from services.chassis import strict_json
from services.chassis.cursors import uuid_after
from services.chassis.http import Edge, Page, PageQuery, ServiceHttp, Who, Work, public, raw_body, requires
from services.chassis.problems import not_found
from services.identity import repository
from services.identity.service import Identity
from services.identity.signing import Signer

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
Relayed = Callable[[UUID, Sequence[UUID]], Awaitable[bool]]


def _is_email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("is not an email address")
    return text


Email = Annotated[str, Field(max_length=254), AfterValidator(_is_email)]
Password = Annotated[str, Field(min_length=1, max_length=1_000)]
DisplayName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]

PlanName = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9][a-z0-9-]*$")]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SetupRequest(BaseModel):
    """The first workspace and its admin."""

    workspace: DisplayName
    email: Email
    password: Password


class WorkspaceRequest(SetupRequest):
    """Another workspace, its admin, and the plan whose limits hold in it."""

    plan: PlanName | None = Field(default=None, description="The installation's default, if left out.")


class PlanRequest(BaseModel):
    """The plan whose limits hold from now on."""

    plan: PlanName


class SetupAnswer(BaseModel):
    """What was made. The key is not shown again."""

    workspace_id: UUID
    user_id: UUID
    api_key: str


class WorkspaceAnswer(BaseModel):
    """A workspace that was made, and its admin."""

    workspace_id: UUID
    user_id: UUID


class LoginRequest(BaseModel):
    """Who, and their password."""

    email: Annotated[str, Field(max_length=254)]
    password: Password


class TokenAnswer(BaseModel):
    """A token for `Authorization: Bearer`, and the seconds it lives."""

    token: str
    expires_in: int


class ExchangeRequest(BaseModel):
    """An API key."""

    api_key: Annotated[str, Field(max_length=200)]


class KeyRequest(BaseModel):
    """A key to make: its name for people, and what it may do."""

    name: DisplayName
    role: Role
    platform: bool = False


class KeyView(_View):
    """An API key without its secret part."""

    id: UUID
    name: str
    role: Role
    platform: bool
    prefix: str
    created_by: UUID
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyView(KeyView):
    """An API key, the one time it is shown."""

    key: str


class UserRequest(BaseModel):
    """A user to make."""

    email: Email
    password: Password
    role: Role
    platform: bool = False


class UserView(_View):
    """A user."""

    id: UUID
    email: str
    role: Role
    platform: bool
    created_at: datetime
    disabled_at: datetime | None


class MeView(BaseModel):
    """Who is asking, and what they may do."""

    workspace_id: UUID
    workspace: str
    plan: str | None = Field(
        default=None, description="The plan whose limits hold; null is the installation's default."
    )
    subject: UUID
    kind: str
    role: Role
    platform: bool
    permissions: list[Permission]


_SETUP: TypeAdapter[SetupRequest] = TypeAdapter(SetupRequest)


def router(identity: Identity, signer: Signer, relayed: Relayed, http: ServiceHttp) -> APIRouter:
    """All routes of identity."""
    routes = http.router(tags=["identity"])
    _public_routes(routes, identity, signer)
    _own_routes(routes, identity, relayed)
    _key_routes(routes, identity, relayed)
    _user_routes(routes, identity, relayed)
    return routes


def _public_routes(routes: APIRouter, identity: Identity, signer: Signer) -> None:
    @routes.post(
        "/api/setup",
        status_code=201,
        dependencies=[public("makes the first user; needs the set-up secret and works once"), raw_body(10_000)],
        openapi_extra={"requestBody": _body_of(SetupRequest)},
    )
    async def set_up(request: Request) -> SetupAnswer:
        """Make the first workspace, its admin and an API key. Works once; afterwards there is nothing here."""
        if not await identity.setup_is_open():
            raise not_found()
        body = strict_json.validate(_SETUP, await request.body())
        secret = request.headers.get("x-setup-secret", "")
        made = await identity.set_up(secret, body.workspace, body.email, body.password)
        return SetupAnswer(workspace_id=made.workspace, user_id=made.user, api_key=made.api_key)

    @routes.post("/api/login", dependencies=[public("nobody has a token before; failures are limited")])
    async def log_in(body: LoginRequest, request: Request) -> TokenAnswer:
        """A token for 15 minutes."""
        address = request.client.host if request.client else ""
        token = await identity.log_in(body.email, body.password, address)
        return TokenAnswer(token=token.text, expires_in=token.seconds)

    @routes.post("/api/tokens:exchange", dependencies=[public("the API key in the body is the proof")])
    async def exchange(body: ExchangeRequest) -> TokenAnswer:
        """A token for a few minutes, for an API key."""
        token = await identity.exchange(body.api_key)
        return TokenAnswer(token=token.text, expires_in=token.seconds)

    @routes.get("/.well-known/jwks.json", dependencies=[public("public keys, for whoever checks a token")])
    async def jwks() -> dict[str, list[dict[str, str]]]:
        """The keys that tokens are checked with."""
        return await signer.jwks()


def _own_routes(routes: APIRouter, identity: Identity, relayed: Relayed) -> None:
    @routes.get("/api/me", dependencies=[requires(Permission.SELF)])
    async def me(who: Who, work: Work) -> MeView:
        """Who is asking."""
        workspace = await repository.workspace(work)
        if workspace is None:
            raise not_found()
        held = ROLES[who.role] | (PLATFORM if who.platform else frozenset())
        return MeView(
            workspace_id=who.tenant,
            workspace=workspace.name,
            plan=workspace.plan,
            subject=who.subject,
            kind="api_key" if who.credential_id == who.subject else "user",
            role=who.role,
            platform=who.platform,
            permissions=sorted(held),
        )

    @routes.post("/api/logout", status_code=204, dependencies=[requires(Permission.SELF)])
    async def log_out(who: Who, work: Work, edge: Edge) -> None:
        """Revoke the token of this request, everywhere."""
        event = await identity.log_out(work, who)
        edge.after_commit(_told(relayed, who.tenant, [event]))

    @routes.post("/api/workspaces", status_code=201, dependencies=[requires(Permission.PLATFORM_WORKSPACES)])
    async def create_workspace(body: WorkspaceRequest, who: Who, work: Work) -> WorkspaceAnswer:
        """Make another workspace and its admin."""
        workspace, user = await identity.create_workspace(
            work, who, body.workspace, body.email, body.password, body.plan
        )
        return WorkspaceAnswer(workspace_id=workspace, user_id=user)

    @routes.post(
        "/api/workspaces/{workspace_id}:set-plan",
        status_code=204,
        dependencies=[requires(Permission.PLATFORM_WORKSPACES)],
    )
    async def set_plan(workspace_id: UUID, body: PlanRequest, who: Who, work: Work) -> None:
        """Give a workspace another plan; its limits hold as soon as the services have heard of it."""
        await identity.set_plan(work, who, workspace_id, body.plan)


def _key_routes(routes: APIRouter, identity: Identity, relayed: Relayed) -> None:
    @routes.get("/api/keys", dependencies=[requires(Permission.KEYS_READ)])
    async def list_keys(work: Work, page: PageQuery) -> Page[KeyView]:
        """API keys of the workspace, oldest first."""
        rows = await repository.list_keys(work, uuid_after(page), page.limit + 1)
        return page.page([KeyView.model_validate(row) for row in rows], lambda key: (key.id,))

    @routes.post("/api/keys", status_code=201, dependencies=[requires(Permission.KEYS_WRITE)])
    async def create_key(body: KeyRequest, who: Who, work: Work) -> NewKeyView:
        """Make an API key. This is the one time it is shown."""
        row, text = await identity.create_key(work, who, body.name, body.role, platform=body.platform)
        return NewKeyView(**KeyView.model_validate(row).model_dump(), key=text)

    @routes.post("/api/keys/{key_id}:revoke", status_code=204, dependencies=[requires(Permission.KEYS_WRITE)])
    async def revoke_key(key_id: UUID, who: Who, work: Work, edge: Edge) -> None:
        """Revoke an API key. 204: every service has been told; 202: it is revoked, and they are being told."""
        event = await identity.revoke_key(work, who, key_id)
        if event is not None:
            edge.after_commit(_told(relayed, who.tenant, [event]))


def _user_routes(routes: APIRouter, identity: Identity, relayed: Relayed) -> None:
    @routes.get("/api/users", dependencies=[requires(Permission.USERS_READ)])
    async def list_users(work: Work, page: PageQuery) -> Page[UserView]:
        """Users of the workspace, oldest first."""
        rows = await repository.list_users(work, uuid_after(page), page.limit + 1)
        return page.page([UserView.model_validate(row) for row in rows], lambda user: (user.id,))

    @routes.post("/api/users", status_code=201, dependencies=[requires(Permission.USERS_WRITE)])
    async def create_user(body: UserRequest, who: Who, work: Work) -> UserView:
        """Make a user."""
        row = await identity.create_user(work, who, body.email, body.password, body.role, platform=body.platform)
        return UserView.model_validate(row)

    @routes.post("/api/users/{user_id}:disable", status_code=204, dependencies=[requires(Permission.USERS_WRITE)])
    async def disable_user(user_id: UUID, who: Who, work: Work, edge: Edge) -> None:
        """Disable a user, their tokens and the keys they made."""
        events = await identity.disable_user(work, who, user_id)
        edge.after_commit(_told(relayed, who.tenant, events))


def _told(relayed: Relayed, tenant: UUID, events: Sequence[UUID]) -> Callable[[], Awaitable[Response | None]]:
    """After the commit: wait until the other services can hear of it, and say so when they cannot yet."""

    async def wait() -> Response | None:
        if await relayed(tenant, events):
            return None
        return JSONResponse({"detail": "It counts no more here; other services have not been told yet."}, 202)

    return wait


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}
