"""What a service's api.py stands on: routers whose routes are strict, authorised, idempotent, one transaction each."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from contracts.commands.connector import Problem
from contracts.permissions import Permission
from services.chassis.auth import Principal
from services.chassis.database import UnitOfWork
from services.chassis.problems import invalid, precondition_failed
from services.chassis.request_scope import RequestScope, ServiceParts, current, serve
from services.chassis.route_rules import Public, RawBody, Requires, RouteRules, rules_of

Item = TypeVar("Item")
MAX_PAGE = 500


def requires(permission: Permission) -> Any:
    """For `dependencies=[...]` of a route: the caller must hold the permission."""
    return Depends(Requires(permission))


def public(why: str) -> Any:
    """For `dependencies=[...]` of a route that anybody may call; the reason stands in the reviewed list."""
    return Depends(Public(why))


def raw_body(limit: int, media_types: Sequence[str] | None = None) -> Any:
    """For `dependencies=[...]` of a route that reads `Request` itself: its own limit, and the types it takes."""
    return Depends(RawBody(limit, None if media_types is None else tuple(media_types)))


async def _who(request: Request) -> Principal:
    return current(request).who()


async def _work(request: Request) -> UnitOfWork:
    return await current(request).work()


async def _scope(request: Request) -> RequestScope:
    return current(request)


Who = Annotated[Principal, Depends(_who)]
# The unit of work of the principal's tenant; committed when the response is there, rolled back on a problem.
Work = Annotated[UnitOfWork, Depends(_work)]
# The request itself: `after_commit` runs something between the commit and the answer.
Edge = Annotated[RequestScope, Depends(_scope)]


class Page(BaseModel, Generic[Item]):
    """Some items, and where the next ones begin."""

    model_config = ConfigDict(extra="forbid")

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Paging:
    """Which page is asked for. The cursor's content is the repository's own: the sort key of the last item seen."""

    limit: int
    after: tuple[str, ...] | None

    def page(self, items: Sequence[Item], key: Callable[[Item], Sequence[object]]) -> "Page[Item]":
        """The page of up to `limit` items. Read one more than the limit, so that the end is known."""
        shown = list(items[: self.limit])
        more = len(items) > self.limit and bool(shown)
        return Page(items=shown, next_cursor=_encode(key(shown[-1])) if more else None)


def _encode(parts: Sequence[object]) -> str:
    text = json.dumps([str(part) for part in parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, ...]:
    try:
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or not parts or not all(_is_key(part) for part in parts):
        raise invalid([Problem(pointer="/query/cursor", code="cursor_invalid", message="not a cursor of this list")])
    return tuple(parts)


def _is_key(part: object) -> bool:
    return isinstance(part, str) and "\x00" not in part and not any("\ud800" <= letter <= "\udfff" for letter in part)


async def _paging(
    cursor: Annotated[str | None, Query(max_length=2_000, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items in the page")] = 50,
) -> Paging:
    return Paging(limit=limit, after=None if cursor is None else _decode(cursor))


PageQuery = Annotated[Paging, Depends(_paging)]


def etag(version: object) -> str:
    """The ETag of a version number or hash."""
    return f'"{version}"'


def check_if_match(request: Request, version: object | None) -> None:
    """Refuse with 412 when If-Match is there and names another version than the one that is there now."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        return
    names = {part.strip() for part in wanted.split(",")}
    if version is None or ("*" not in names and etag(version) not in names):
        raise precondition_failed()


class StrictRoute(APIRoute):
    """A route that goes through `serve`: authorised, strictly parsed, idempotent, in one transaction."""

    parts: ServiceParts
    rules: RouteRules

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Wrap the framework's handler; a route without a declared access fails here, at start-up."""
        handler = super().get_route_handler()
        self.rules = rules_of(self)
        parts = self.parts

        async def handle(request: Request) -> Response:
            return await serve(parts, self.rules, request, handler)

        return handle


class ServiceHttp:
    """Makes routers for one service."""

    def __init__(self, parts: ServiceParts) -> None:
        self.parts = parts
        self._route_class = type("ServiceRoute", (StrictRoute,), {"parts": parts})

    def router(self, prefix: str = "", tags: list[str] | None = None) -> APIRouter:
        """A router whose every route is a StrictRoute of this service."""
        return APIRouter(prefix=prefix, tags=list(tags or [self.parts.service]), route_class=self._route_class)
