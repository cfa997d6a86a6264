"""Whether this process lives, has started, and can do its work now; and if not, for want of what."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.commands.connector import Problem
from services.chassis import metrics
from services.chassis.problems import ProblemError
from services.chassis.responses import problem_response

Check = Callable[[], Awaitable[None]]
EVERY_SECONDS = 1.0
PATIENCE_SECONDS = 2.0


class Readiness:
    """Asks each dependency again and again, so that a probe is answered without asking anybody."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._missing = dict.fromkeys(self._checks, True)
        self.started = False
        self.draining = False

    def add(self, name: str, check: Check) -> None:
        """Ask one more dependency from now on."""
        self._checks[name] = check
        self._missing[name] = True

    @property
    def missing(self) -> tuple[str, ...]:
        """The dependencies that do not answer."""
        return tuple(name for name, gone in self._missing.items() if gone)

    @property
    def ready(self) -> bool:
        """Whether requests and work are welcome."""
        return self.started and not self.draining and not self.missing

    async def run(self, stop: asyncio.Event) -> None:
        """Check until the stop event is set."""
        while not stop.is_set():
            await self.check()
            try:
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue

    async def check(self) -> None:
        """Ask every dependency once."""
        await asyncio.gather(*(self._ask(name, check) for name, check in self._checks.items()))

    async def _ask(self, name: str, check: Check) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await check()
            reason = None
        except Exception as error:
            reason = type(error).__name__
        if self._missing[name] != (reason is not None):
            log = structlog.get_logger()
            if reason is None:
                log.info("dependency_back", dependency=name)
            else:
                log.warning("dependency_away", dependency=name, reason=reason)
        self._missing[name] = reason is not None
        metrics.DEPENDENCY_UP.labels(name).set(0 if reason else 1)

    def routes(self) -> list[Route]:
        """The three probes."""
        return [
            Route("/healthz", self._live, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/startupz", self._started, methods=["GET"]),
        ]

    async def _live(self, _request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def _started(self, _request: Request) -> Response:
        if self.started:
            return JSONResponse({"status": "started"})
        return problem_response(_not("starting", "This process is still starting.", self.missing))

    async def _ready(self, _request: Request) -> Response:
        if self.ready:
            return JSONResponse({"status": "ready"})
        if self.draining:
            return problem_response(_not("draining", "This process is about to end.", ()))
        return problem_response(_not("not_ready", "Something this needs is away.", self.missing))


def _not(code: str, detail: str, missing: tuple[str, ...]) -> ProblemError:
    errors = [Problem(pointer="", code="dependency_away", message=name) for name in missing]
    return ProblemError(503, code, detail, errors=errors, headers={"Retry-After": "1"})
