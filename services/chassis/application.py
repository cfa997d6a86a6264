"""The HTTP applications of a process: the public one with every service's routes, and the internal one beside it."""

import re
import time
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from opentelemetry.trace import SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis import metrics
from services.chassis.http import StrictRoute
from services.chassis.ids import Ids
from services.chassis.openapi import openapi_document, page
from services.chassis.problems import ProblemError, not_found
from services.chassis.readiness import Readiness
from services.chassis.responses import problem_response
from services.chassis.route_rules import RouteUndeclared
from services.chassis.telemetry import extract, tracer

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PROBES = ("/healthz", "/readyz", "/startupz")
# One normalisation, and it is the server's: a path that still has these means to be read in two ways.
_TWO_WAYS = re.compile(r"//|/\.{1,2}(/|;|$)|[\\\x00-\x1f\x7f]")

_TWO_LENGTHS = ProblemError(
    400, "two_lengths", "Content-Length and Transfer-Encoding exclude each other.", headers={"Connection": "close"}
)


def public_app(routers: Sequence[APIRouter], readiness: Readiness, ids: Ids, *, https: bool) -> ASGIApp:
    """Every service's routes and the probes. Raises RouteUndeclared for a route that does not say who may call it."""
    app = FastAPI(
        title="ModularData",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False},
        routes=list(readiness.routes()),
    )
    for router in routers:
        app.include_router(router)
    check_routes(app)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(Exception, _of_surprise)
    return Edge(app, ids, https=https)


def internal_app(public: ASGIApp | None, readiness: Readiness) -> ASGIApp:
    """What only the operators' network may see: metrics, the API's description, and the probes once more."""
    app = public.app if isinstance(public, Edge) else None

    async def figures(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def description(_request: Request) -> Response:
        return JSONResponse(openapi_document(app) if app else {})

    async def readable(_request: Request) -> Response:
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(page(openapi_document(app)) if app else "", headers=policy)

    return Starlette(
        routes=[
            *readiness.routes(),
            Route("/metrics", figures),
            Route("/openapi.json", description),
            Route("/docs", readable),
        ],
    )


def check_routes(app: FastAPI) -> None:
    """Refuse to start with a route that goes past the edge; the probes are the only ones that may."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, StrictRoute) or (isinstance(route, Route) and route.path in _PROBES):
            continue
        raise RouteUndeclared(f"{context.path} is not a route of ServiceHttp.router(): nobody would ask who calls it")


class Edge:
    """The outermost layer: request ids, security headers, spans, figures, and an answer for every surprise."""

    def __init__(self, app: FastAPI, ids: Ids, *, https: bool) -> None:
        self.app = app
        self._ids = ids
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("x-request-id")
        name = given[0] if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]) else str(self._ids.new())
        exchange = _Exchange(send, name, self._headers)
        parent = extract({key: value for key, value in Headers(scope=scope).items() if key == "traceparent"})
        begun = time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(request=name),
            tracer().start_as_current_span(f"HTTP {scope['method']}", context=parent, kind=SpanKind.SERVER) as span,
            metrics.HTTP_IN_FLIGHT.track_inprogress(),
        ):
            await self._answer(scope, receive, exchange)
            route = scope["path"] if scope["path"] in _PROBES else getattr(scope.get("route"), "path", "unmatched")
            seconds = time.perf_counter() - begun
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.response.status_code", exchange.status)
            _count(scope["method"], route, exchange.status, seconds)
            structlog.get_logger().log(
                _level(route),
                "http",
                method=scope["method"],
                route=route,
                status=exchange.status,
                ms=round(seconds * 1000, 1),
            )

    async def _answer(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        try:
            headers = Headers(scope=scope)
            if "transfer-encoding" in headers and "content-length" in headers:
                # Two servers in a row may disagree where this ends: what follows is not read.
                await problem_response(_TWO_LENGTHS)(scope, receive, exchange.send)
            elif _TWO_WAYS.search(scope["path"]):
                await problem_response(not_found())(scope, receive, exchange.send)
            else:
                await self.app(scope, receive, exchange.send)
        except Exception:
            # The framework has answered with a 500 by now, unless the answer had begun.
            structlog.get_logger().exception("http_failed", method=scope["method"])
            if not exchange.status:
                await problem_response(_surprise())(scope, receive, exchange.send)


class _Exchange:
    """One answer on its way out."""

    def __init__(self, send: Send, request_id: str, headers: dict[str, str]) -> None:
        self._send = send
        self._request_id = request_id
        self._headers = headers
        self.status = 0

    async def send(self, message: Message) -> None:
        """Add what every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            headers.setdefault("Cache-Control", "no-store")
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)


def _level(route: str) -> int:
    return 10 if route in _PROBES else 20


def _count(method: str, route: str, status: int, seconds: float) -> None:
    known = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD") else "other"
    metrics.HTTP_REQUESTS.labels(route, known, str(status)).inc()
    metrics.HTTP_SECONDS.labels(route).observe(seconds)
    if status in (401, 403, 429):
        metrics.AUTH_REFUSALS.labels(str(status)).inc()


async def _of_framework(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    if error.status_code == 404:
        return problem_response(not_found())
    if error.status_code == 405:
        allow = ", ".join(sorted(_methods(request)))
        return problem_response(
            ProblemError(405, "method_not_allowed", f"This takes {allow}.", headers={"Allow": allow})
        )
    if error.status_code < 500:
        return problem_response(ProblemError(error.status_code, "refused", "The request cannot be followed."))
    return problem_response(_surprise())


def _methods(request: Request) -> set[str]:
    """All methods that the path takes, in whichever router they stand."""
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        expression = getattr(context, "path_regex", None)
        if expression is not None and expression.match(request.scope["path"]):
            found |= context.methods or set()
    return found


async def _of_surprise(_request: Request, _error: Exception) -> Response:
    return problem_response(_surprise())


def _surprise() -> ProblemError:
    detail = "Something went wrong here. The log has it under the id in X-Request-Id."
    return ProblemError(500, "internal", detail)


def routes_of(app: ASGIApp) -> list[Any]:
    """Every route of a public application, as mounted."""
    if not isinstance(app, Edge):
        raise TypeError("not a public application")
    return list(iter_route_contexts(app.app.routes))
