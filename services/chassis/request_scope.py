"""The edge of one request: who asks, what they sent, one unit of work, committed when the answer is there."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol
from uuid import UUID

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive

from contracts.commands.connector import Problem
from services.chassis import metrics, strict_json
from services.chassis.auth import Authenticator, Principal
from services.chassis.database import UnitOfWork
from services.chassis.idempotency import Idempotency, Stored, check_key, fingerprint
from services.chassis.outages import as_problem
from services.chassis.problems import ProblemError, bad_request, forbidden, invalid, not_found, unavailable
from services.chassis.responses import problem_response
from services.chassis.route_rules import DEFAULT_BODY_LIMIT, Public, RawBody, RouteRules
from services.chassis.tenancy import acting_for

_SCOPE_KEY = "modulardata.request"
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Handler = Callable[[Request], Awaitable[Response]]
AfterCommit = Callable[[], Awaitable[Response | None]]


class Works(Protocol):
    """Opens units of work."""

    def work(self, tenant: UUID) -> AbstractAsyncContextManager[UnitOfWork]:
        """One transaction that sees one tenant."""


@dataclass(frozen=True)
class ServiceParts:
    """What the routes of one service stand on."""

    service: str
    database: Works
    authenticator: Authenticator
    idempotency: Idempotency
    open_within: float = 2.0  # seconds until a database that does not answer is called away
    deadline: float = 60.0  # seconds a request may take, uploads and downloads aside


@dataclass
class RequestScope:
    """One request's principal and unit of work."""

    parts: ServiceParts
    principal: Principal | None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _work: UnitOfWork | None = None
    _after: list[AfterCommit] = field(default_factory=list)

    def who(self) -> Principal:
        """The principal; a public route has none and must not ask."""
        if self.principal is None:
            raise RuntimeError("a public route asks who calls it")
        return self.principal

    async def work(self) -> UnitOfWork:
        """The unit of work of the principal's tenant, opened when first asked for."""
        if self._work is None:
            opening = self.parts.database.work(self.who().tenant)
            task = asyncio.create_task(self._stack.enter_async_context(opening))
            task.add_done_callback(_heard)
            try:
                done, _ = await asyncio.wait({task}, timeout=self.parts.open_within)
                if not done:
                    raise unavailable("The database does not answer.")
            finally:
                # Not waited for when it is late: giving a silent server up takes a while, too.
                task.cancel()
            self._work = await task
        return self._work

    def after_commit(self, run: AfterCommit) -> None:
        """Run something between the commit and the answer; what it returns, if anything, becomes the answer."""
        self._after.append(run)

    async def commit(self) -> Response | None:
        """End the unit of work; returns another answer when something after the commit has one."""
        await self._stack.aclose()
        answer: Response | None = None
        for run in self._after:
            answer = await run() or answer
        return answer

    async def rollback(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None = None
    ) -> None:
        """Undo everything."""
        await self._stack.__aexit__(kind, error or _Refused(), trace)


def _heard(task: "asyncio.Task[Any]") -> None:
    """Somebody has looked at what became of it."""
    if not task.cancelled():
        task.exception()


class _Refused(Exception):
    """The route answered with an error by itself."""


class _Parsed(Request):
    """A request whose body the edge has already read and judged."""

    def __init__(self, request: Request, receive: Receive, raw: bytes | None, value: Any) -> None:
        super().__init__(request.scope, receive)
        self._raw, self._value = raw, value

    async def body(self) -> bytes:
        """The bytes that were sent."""
        return await super().body() if self._raw is None else self._raw

    async def json(self) -> Any:
        """The body as its model."""
        return self._value


def current(request: Request) -> RequestScope:
    """The scope of this request."""
    scope = request.scope[_SCOPE_KEY]
    assert isinstance(scope, RequestScope)  # noqa: S101 - for the type checker
    return scope


async def serve(parts: ServiceParts, rules: RouteRules, request: Request, handler: Handler) -> Response:
    """Authorise, read, validate, run, commit: the way of every request, in this order."""
    try:
        principal = await _authorise(parts, rules, request)
        if principal is None:
            return await _run(parts, rules, request, handler, None)
        with acting_for(principal.tenant), structlog.contextvars.bound_contextvars(tenant=str(principal.tenant)):
            return await _run(parts, rules, request, handler, principal)
    except ProblemError as problem:
        return problem_response(problem)
    except RequestValidationError as error:
        return problem_response(_of_parameters(error))
    except ClientDisconnect:
        # Nobody reads this answer; it stands in the figures.
        return problem_response(bad_request("body_cut_off", "The body ended before its time."))
    except Exception as error:
        known = as_problem(error)
        if known is None:
            raise
        structlog.get_logger().warning("request_refused", code=known.code, cause=type(error).__name__)
        return problem_response(known)


async def _authorise(parts: ServiceParts, rules: RouteRules, request: Request) -> Principal | None:
    if isinstance(rules.access, Public):
        return None
    principal = await parts.authenticator.authenticate(request.headers.get("authorization"))
    if not principal.may(rules.access.permission):
        raise forbidden(rules.access.permission.value)
    return principal


async def _run(
    parts: ServiceParts, rules: RouteRules, request: Request, handler: Handler, principal: Principal | None
) -> Response:
    _check_path(rules, request.path_params)
    _check_query(rules, request)
    key = check_key(request.headers.getlist("idempotency-key")) if request.method == "POST" else None
    parsed = await _read(rules, request)
    scope = RequestScope(parts, principal)
    parsed.scope[_SCOPE_KEY] = scope
    try:
        async with asyncio.timeout(None if rules.raw else parts.deadline) as deadline:
            # A public caller has no tenant to keep an answer under, and a file of any size is not kept in memory to be
            # compared: these routes are safe to repeat by themselves.
            large = rules.raw is not None and rules.raw.limit > DEFAULT_BODY_LIMIT
            if key is None or principal is None or large:
                response = await handler(parsed)
            else:
                response = await _once(parts, rules, parsed, handler, scope, key)
        if response.status_code >= 400:
            await scope.rollback(_Refused, None)
            return response
        return await scope.commit() or response
    except TimeoutError as error:
        await scope.rollback(type(error), error, error.__traceback__)
        if deadline.expired():
            raise unavailable("This took too long.", retry_after=5) from None
        raise
    except BaseException as error:
        await scope.rollback(type(error), error, error.__traceback__)
        raise


async def _once(
    parts: ServiceParts, rules: RouteRules, request: _Parsed, handler: Handler, scope: RequestScope, key: str
) -> Response:
    """Run once for the key: the answer is stored in the transaction of the effect, and repeated afterwards."""
    work = await scope.work()
    route = f"{request.method} {rules.path}"
    digest = fingerprint(scope.who().subject, request.url.path, request.url.query, await request.body())
    stored = await parts.idempotency.claim(work, route, key, digest)
    if stored is not None:
        metrics.IDEMPOTENT_REPLAYS.labels(parts.service).inc()
        return Response(stored.body, stored.status, {**stored.headers, "Idempotency-Replayed": "true"})
    response = await handler(request)
    if response.status_code < 400:
        headers = {
            name: value for name, value in response.headers.items() if name in ("content-type", "location", "etag")
        }
        await parts.idempotency.keep(
            work, route, key, digest, Stored(response.status_code, headers, bytes(response.body))
        )
    return response


def _check_path(rules: RouteRules, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if "\x00" in value or len(value) > 4_096:
            raise not_found()
        # One spelling for each id: the others would be other names for the same thing.
        if name in rules.uuids and not _CANONICAL_UUID.fullmatch(value):
            raise not_found()


def _check_query(rules: RouteRules, request: Request) -> None:
    if isinstance(rules.access, Public):
        return
    errors, seen = [], set()
    for name, value in request.query_params.multi_items():
        pointer = f"/query/{name[:100]}"
        if name not in rules.query:
            errors.append(Problem(pointer=pointer, code="extra_forbidden", message="is not a parameter of this route"))
        elif name in seen and name not in rules.query_lists:
            errors.append(Problem(pointer=pointer, code="repeated", message="stands there more than once"))
        elif "\x00" in value or not _encodable(value):
            errors.append(Problem(pointer=pointer, code="invalid_unicode", message="holds what UTF-8 cannot"))
        seen.add(name)
    if errors:
        raise invalid(errors[: strict_json.MAX_ERRORS])


def _encodable(text: str) -> bool:
    return text.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in text)


async def _read(rules: RouteRules, request: Request) -> _Parsed:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, "encoding_unsupported", "Bodies are taken as they are, without Content-Encoding.")
    limit = rules.raw.limit if rules.raw else DEFAULT_BODY_LIMIT
    length = request.headers.get("content-length")
    if length is not None and length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    receive = _limited(request.receive, limit)
    if rules.raw is not None:
        _check_media_type(rules.raw, request)
        return _Parsed(request, receive, None, None)
    raw = await Request(request.scope, receive).body()
    if not raw:
        if rules.body_required:
            raise invalid([Problem(pointer="", code="missing", message="a body is needed")])
        return _Parsed(request, receive, raw, None)
    if _media_type(request) not in ("application/json", "application/merge-patch+json"):
        raise ProblemError(415, "media_type_unsupported", "The body must be application/json.")
    if rules.body is None:
        if strict_json.parse(raw) != {}:
            raise invalid([Problem(pointer="", code="extra_forbidden", message="this takes no body")])
        return _Parsed(request, receive, raw, None)
    return _Parsed(request, receive, raw, strict_json.validate(rules.body, raw))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_media_type(raw: RawBody, request: Request) -> None:
    if raw.media_types is not None and _media_type(request) not in raw.media_types:
        raise ProblemError(415, "media_type_unsupported", f"The body must be one of {', '.join(raw.media_types)}.")


def _limited(receive: Receive, limit: int) -> Receive:
    """The same messages; raises as soon as more bytes came than the route takes."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise _too_large(limit)
        return message

    return limited


def _too_large(limit: int) -> ProblemError:
    return ProblemError(
        413, "body_too_large", f"The body is larger than {limit} bytes.", headers={"Connection": "close"}
    )


def _of_parameters(error: RequestValidationError) -> ProblemError:
    """What the framework found wrong with path, query and headers, without the values."""
    items = error.errors()
    if any(item["loc"][0] == "path" for item in items):
        return not_found()
    if any(item["type"] == "json_invalid" for item in items):
        return bad_request("json_invalid", "The body is not JSON.")
    return invalid(strict_json.problems_of(items))
