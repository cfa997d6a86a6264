"""How a workflow asks a service for something: queue, time limits and retries all come from the command."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts.commands.command import Command, Limits
    from contracts.data import Contract
    from contracts.runs import PERMANENT, ErrorType

T = TypeVar("T")
Input = TypeVar("Input", bound=Contract)
Result = TypeVar("Result", bound=Contract)

# What a step can end with besides a result: a service's failure, or the cancellation of the run.
StepEnded = (FailureError, asyncio.CancelledError)

_PERMANENT = [error.value for error in PERMANENT]
_KNOWN: Mapping[str, ErrorType] = {error.value: error for error in ErrorType}
# Longer waits become timers of the server's instead of blocking the workflow's worker.
_LOCAL_RETRY_THRESHOLD = timedelta(seconds=5)


def retries(limits: Limits) -> RetryPolicy:
    """Soon at first, then every quarter of a minute; what is permanent is not tried again."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=15),
        maximum_attempts=limits.attempts,
        non_retryable_error_types=_PERMANENT,
    )


async def call(command: Command[Input, Result], input: Input, *, activity_id: str | None = None) -> Result:
    """Ask the command's owner, on its own task queue.

    A command that heartbeats is waited for when the run is cancelled: only then is it known what it did.
    """
    answer: Result = await workflow.execute_activity(
        command.name,
        input,
        result_type=command.result,
        task_queue=command.queue,
        start_to_close_timeout=command.limits.start_to_close,
        heartbeat_timeout=command.limits.heartbeat,
        retry_policy=retries(command.limits),
        activity_id=activity_id,
        cancellation_type=(
            workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
            if command.limits.heartbeat
            else workflow.ActivityCancellationType.TRY_CANCEL
        ),
    )
    return answer


async def note(command: Command[Input, Result], input: Input) -> Result:
    """Do a small thing of the orchestrator's own beside the workflow, without a round trip through the server."""
    answer: Result = await workflow.execute_local_activity(
        command.name,
        input,
        result_type=command.result,
        start_to_close_timeout=command.limits.start_to_close,
        retry_policy=retries(command.limits),
        local_retry_threshold=_LOCAL_RETRY_THRESHOLD,
    )
    return answer


def failure(code: ErrorType, message: str) -> ApplicationError:
    """A failure of the workflow's own, which no retry mends."""
    return ApplicationError(message, type=code.value, non_retryable=True)


def check_cancelled() -> None:
    """Stop here when the run was cancelled while a command that cannot be interrupted went on to its end."""
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for something that must not be left half done, also when the run is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                # Its own end counts, also when the cancellation came in the same moment.
                return task.result()


def reason_of(error: BaseException) -> tuple[str, str]:
    """An error code and a sentence for a person: what a service said, or what can be said in its place.

    Types that are not in ErrorType are accidents inside a service; their texts were written for nobody and stay there.
    """
    if is_cancelled_exception(error):
        return "cancelled", "The run was cancelled."
    asked = error.activity_type if isinstance(error, ActivityError) else "the run"
    cause: BaseException | None = error
    while isinstance(cause, ActivityError):
        cause = cause.cause
    if isinstance(cause, ApplicationError) and cause.type is not None and cause.type in _KNOWN:
        return _KNOWN[cause.type].value, cause.message
    if isinstance(cause, TimeoutError):
        return ErrorType.TIME_LIMIT.value, f"{asked} gave no sign of life in time, however often it was tried."
    kind = cause.type if isinstance(cause, ApplicationError) and cause.type else type(cause).__name__
    return "internal_error", f"{asked} failed for a reason of its own ({kind}); its log says more."
