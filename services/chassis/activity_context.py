"""What surrounds every activity: whose work it is in logs and storage, figures, and errors that hold no secret."""

import time
from typing import Any
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError, FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from services.chassis import metrics
from services.chassis.errors import TransientError
from services.chassis.scrubbing import Scrubber
from services.chassis.tenancy import acting_for


class ActivityContext(Interceptor):
    """A worker interceptor; one for each service."""

    def __init__(self, service: str, scrubber: Scrubber) -> None:
        self._service = service
        self._scrubber = scrubber

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Surround the activity."""
        return _Surrounded(next, self._service, self._scrubber)


class _Surrounded(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, service: str, scrubber: Scrubber) -> None:
        super().__init__(next)
        self._service = service
        self._scrubber = scrubber

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        tenant, run = _whose(input.args)
        bound = {"activity": info.activity_type, "attempt": info.attempt, "workflow": info.workflow_id}
        bound |= {name: str(value) for name, value in (("tenant", tenant), ("run", run)) if value is not None}
        started = time.perf_counter()
        outcome = "failed"
        with structlog.contextvars.bound_contextvars(**bound):
            try:
                if tenant is None:
                    result = await super().execute_activity(input)
                else:
                    with acting_for(tenant):
                        result = await super().execute_activity(input)
                outcome = "succeeded"
                return result
            except CancelledError:
                outcome = "cancelled"
                raise
            except ApplicationError as error:
                raise self._clean(error) from None
            except FailureError:
                raise
            except TransientError as error:
                # Its text is this program's own: no address and no secret stands in it.
                raise ApplicationError(str(error), type=type(error).__name__) from None
            except Exception as error:
                # The text of any other exception may hold anything. It goes into the log, which is scrubbed.
                structlog.get_logger().exception("activity_failed", error=type(error).__name__)
                raise ApplicationError(f"{info.activity_type} failed", type=type(error).__name__) from None
            finally:
                seconds = time.perf_counter() - started
                metrics.ACTIVITIES.labels(self._service, info.activity_type, outcome).inc()
                metrics.ACTIVITY_SECONDS.labels(self._service, info.activity_type).observe(seconds)
                structlog.get_logger().info("activity_ended", outcome=outcome, ms=round(seconds * 1000, 1))

    def _clean(self, error: ApplicationError) -> ApplicationError:
        return ApplicationError(
            self._scrubber.text(error.message),
            *self._scrubber.value(list(error.details)),
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )


def _whose(args: Any) -> tuple[UUID | None, UUID | None]:
    """The tenant and the run that an input names, itself or in its scope."""
    for value in args:
        for holder in (value, getattr(value, "scope", None)):
            tenant = getattr(holder, "tenant", None)
            if isinstance(tenant, UUID):
                run = getattr(holder, "run_id", None)
                return tenant, run if isinstance(run, UUID) else None
    return None, None
