"""Temporal's client and worker as every service uses them, and what activities say when they fail or live on."""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel
from temporalio import activity
from temporalio.client import Client, Interceptor, WorkflowFailureError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from contracts.data import Contract
from contracts.runs import PERMANENT, ErrorType
from contracts.runs import QUEUE as WORKFLOW_QUEUE
from services.chassis.activity_context import ActivityContext
from services.chassis.errors import TransientError
from services.chassis.payload_codec import EncryptingCodec
from services.chassis.scrubbing import Scrubber
from services.chassis.visibility import attributes_of

R = TypeVar("R", bound=Contract)

BEAT_SECONDS = 1.0
GRACE = timedelta(seconds=12)
CONNECT_SECONDS = 30.0
CACHED_WORKFLOWS = 200
WORKFLOW_POLLERS, ACTIVITY_POLLERS = 3, 2  # each is an open request to the server
PASSED_THROUGH = ("contracts", "pydantic", "pydantic_core", "annotated_types", "typing_inspection")


class TemporalUnavailable(TransientError):
    """The Temporal server does not answer."""


class TemporalSettings(Protocol):
    """Where Temporal is, and the keys of what it keeps."""

    @property
    def temporal(self) -> str:
        """host:port."""

    @property
    def temporal_namespace(self) -> str:
        """The namespace."""

    @property
    def payload_key_file(self) -> Path:
        """The file of payload keys."""


def failure(type: ErrorType, message: str, *details: Any) -> ApplicationError:
    """What an activity raises: a known type, and a message for people that holds no secret."""
    return ApplicationError(message, *details, type=type.value, non_retryable=type in PERMANENT)


def data_converter(codec: PayloadCodec | None) -> DataConverter:
    """Pydantic models as JSON, encrypted; texts and traces of failures are encrypted too."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=codec,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(
    settings: TemporalSettings, *, interceptors: Sequence[Interceptor] = (), patience: float = CONNECT_SECONDS
) -> Client:
    """A connected client; tries for `patience` seconds, then raises TemporalUnavailable."""
    converter = data_converter(EncryptingCodec.from_file(settings.payload_key_file))
    deadline = asyncio.get_running_loop().time() + patience
    pause = 0.1
    while True:
        try:
            return await Client.connect(
                settings.temporal,
                namespace=settings.temporal_namespace,
                data_converter=converter,
                interceptors=[TracingInterceptor(), *interceptors],
                runtime=_runtime(),
            )
        except (RuntimeError, RPCError) as error:
            if asyncio.get_running_loop().time() + pause > deadline:
                raise TemporalUnavailable(f"Temporal at {settings.temporal} cannot be reached") from error
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2.0)


@cache
def _runtime() -> Runtime:
    """The one runtime of this process; its own log lines go where all others go."""
    lines = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    quiet = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=quiet, forwarding=lines)))


def build_worker(
    client: Client,
    service: str,
    *,
    activities: Sequence[Callable[..., Any]] = (),
    workflows: Sequence[type] = (),
    executor: Executor | None = None,
    max_activities: int = 20,
    scrubber: Scrubber | None = None,
) -> Worker:
    """The worker of a service on its own task queue; run it with `async with` or `run()`."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return Worker(
        client,
        task_queue=service,
        activities=activities,
        workflows=workflows,
        activity_executor=executor,
        max_concurrent_activities=max_activities,
        max_cached_workflows=CACHED_WORKFLOWS,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(maximum=WORKFLOW_POLLERS),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(maximum=ACTIVITY_POLLERS),
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        graceful_shutdown_timeout=GRACE,
        interceptors=[ActivityContext(service, scrubber or Scrubber())],
    )


@asynccontextmanager
async def heartbeating(
    details: Callable[[], Contract | dict[str, Any]], every: float = BEAT_SECONDS
) -> AsyncIterator[None]:
    """Say every second that the activity lives, and how far it is, while the block awaits its thread."""

    async def beat() -> None:
        while True:
            said = details()
            activity.heartbeat(said.model_dump(mode="json") if isinstance(said, BaseModel) else said)
            await asyncio.sleep(every)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class TemporalGateway:
    """Starts workflows from use cases; an id is used once for ever."""

    def __init__(self, client: Client | None = None) -> None:
        self._client = client

    @property
    def client(self) -> Client:
        """The connected client; raises TemporalUnavailable before there is one."""
        if self._client is None:
            raise TemporalUnavailable("Temporal is not connected yet")
        return self._client

    def attach(self, client: Client) -> None:
        """Give the gateway its client, once it is connected."""
        self._client = client

    async def start(
        self,
        workflow: str,
        id: str,
        input: Contract,
        *,
        queue: str = WORKFLOW_QUEUE,
        memo: dict[str, Any] | None = None,
    ) -> bool:
        """Start a workflow; False when one of this id was started before, running or ended."""
        try:
            await self.client.start_workflow(
                workflow,
                input,
                id=id,
                task_queue=queue,
                memo=memo,
                search_attributes=attributes_of(input),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            return False
        except RPCError as error:
            raise _world_or(error) from error
        return True

    async def execute(
        self,
        workflow: str,
        id: str,
        input: Contract,
        result_type: type[R],
        timeout: timedelta,
        *,
        queue: str = WORKFLOW_QUEUE,
    ) -> R:
        """Start a workflow, or join the one of this id, and wait for its result.

        Raises TimeoutError when it takes longer; the workflow itself is ended then, too. Raises ApplicationError when
        it failed.
        """
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                with suppress(WorkflowAlreadyStartedError):
                    await self.client.start_workflow(
                        workflow,
                        input,
                        id=id,
                        task_queue=queue,
                        execution_timeout=timeout,
                        search_attributes=attributes_of(input),
                        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    )
                result = await self.client.get_workflow_handle(id, result_type=result_type).result()
                return cast(R, result)
        except WorkflowFailureError as error:
            raise application_error(error) from error
        except RPCError as error:
            raise _world_or(error) from error

    async def cancel(self, id: str) -> bool:
        """Ask a workflow to end; False when there is none that runs."""
        return await self._reached(self.client.get_workflow_handle(id).cancel())

    async def signal(self, id: str, signal: str, said: Any) -> bool:
        """Tell a workflow something; False when there is none that runs."""
        return await self._reached(self.client.get_workflow_handle(id).signal(signal, said))

    async def _reached(self, call: Awaitable[None]) -> bool:
        try:
            await call
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise _world_or(error) from error
        return True


def application_error(error: BaseException) -> ApplicationError:
    """The innermost application error of a workflow's failure, whatever it is wrapped in."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ApplicationError):
            return found
        found = getattr(found, "cause", None) or found.__cause__
    return ApplicationError("the workflow did not end well", type=type(error).__name__)


_AWAY = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.INTERNAL,
)


def _world_or(error: RPCError) -> Exception:
    if error.status in _AWAY:
        return TemporalUnavailable(f"Temporal does not answer: {error.status.name}")
    return error
