"""What a route demands before it runs, read once from its declaration; a route that declares nothing cannot exist."""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import TypeAdapter

from contracts.permissions import Permission

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

DEFAULT_BODY_LIMIT = 1_000_000


class RouteUndeclared(Exception):
    """A route that a service must not start with."""


class _Marker:
    """Something that stands among a route's dependencies for the edge to read; by itself it does nothing."""

    def __call__(self) -> None:
        """Nothing: the edge has judged before any dependency runs."""


class Requires(_Marker):
    """The caller must hold a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission


class Public(_Marker):
    """Anybody may call."""

    def __init__(self, why: str) -> None:
        if not why:
            raise RouteUndeclared("public() needs a reason")
        self.why = why


class RawBody(_Marker):
    """The route reads the body itself."""

    def __init__(self, limit: int, media_types: tuple[str, ...] | None) -> None:
        self.limit = limit
        self.media_types = media_types


@dataclass(frozen=True)
class RouteRules:
    """All that the edge needs to know of a route."""

    path: str
    access: Requires | Public
    raw: RawBody | None
    body: TypeAdapter[Any] | None
    body_required: bool
    uuids: frozenset[str]  # path parameters that are UUIDs
    query: frozenset[str]  # names that may stand in the query
    query_lists: frozenset[str]  # of these, those that may stand there more than once


def rules_of(route: "APIRoute") -> RouteRules:
    """Read a route's declaration; raises RouteUndeclared with what to do."""
    where = f"{'/'.join(sorted(route.methods or ()))} {route.path}"
    markers = [item.dependency for item in route.dependencies if isinstance(item.dependency, _Marker)]
    access = [marker for marker in markers if isinstance(marker, Requires | Public)]
    if len(access) != 1:
        raise RouteUndeclared(
            f"{where} declares {len(access)} accesses; give it exactly one of requires(...) and public('why') "
            "in dependencies=[...]"
        )
    raws = [marker for marker in markers if isinstance(marker, RawBody)]
    reads_request = route.dependant.request_param_name is not None
    if raws and not reads_request:
        raise RouteUndeclared(f"{where} declares raw_body() and takes no Request to read it from")
    body = route.body_field
    if body is not None and (raws or len(route.dependant.body_params) != 1 or route._embed_body_fields):
        raise RouteUndeclared(f"{where} must take its body as one model")
    flat = _flat(route.dependant)
    return RouteRules(
        path=route.path,
        access=access[0],
        raw=raws[0] if raws else (RawBody(DEFAULT_BODY_LIMIT, None) if reads_request and body is None else None),
        body=None if body is None else _adapter(body),
        body_required=body is not None and body.field_info.is_required(),
        uuids=frozenset(field.alias for field in route.dependant.path_params if _is_uuid(field)),
        query=frozenset(field.alias for field in flat),
        query_lists=frozenset(field.alias for field in flat if _is_list(field)),
    )


def _flat(dependant: Any) -> list[Any]:
    """The query parameters of a route and of all that it depends on."""
    found = list(dependant.query_params)
    for below in dependant.dependencies:
        found += _flat(below)
    return found


def _adapter(body: Any) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(body.field_info.annotation)
    return adapter


def _is_uuid(field: Any) -> bool:
    annotation = field.field_info.annotation
    return inspect.isclass(annotation) and issubclass(annotation, UUID)


def _is_list(field: Any) -> bool:
    return getattr(field.field_info.annotation, "__origin__", None) in (list, set, tuple)
