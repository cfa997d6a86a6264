"""What connector does for workflows: describe, pull, push, undo, preserve, close windows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from contracts.activities import CLOSE_WINDOW, DESCRIBE_CONNECTION, PRESERVE, PULL, PUSH, UNDO
from contracts.commands.command import Nothing
from contracts.commands.connector import (
    CloseWindowInput,
    DescribeConnectionInput,
    DescribeConnectionResult,
    PreserveInput,
    PreserveResult,
    PullInput,
    PullResult,
    PushInput,
    PushResult,
    UndoInput,
    UndoResult,
)
from contracts.runs import ErrorType
from services.chassis.storage import AddressRefused, DatasetCorrupt
from services.chassis.temporal import failure, heartbeating
from services.connector.failures import ConnectorError, Fenced, Stopped
from services.connector.progress import Milestones, Progress
from services.connector.service.describing import Describing
from services.connector.service.pulling import Pulling
from services.connector.service.pushing import Pushing
from services.connector.service.undoing import Undoing
from services.connector.service.windows import Windows

T = TypeVar("T")

_SOON = timedelta(seconds=1)


class ConnectorActivities:
    """Each may run twice: what it does is named by the run's window."""

    def __init__(
        self,
        describing: Describing,
        pulling: Pulling,
        pushing: Pushing,
        undoing: Undoing,
        windows: Windows,
        milestones: Milestones,
    ) -> None:
        self._describing = describing
        self._pulling = pulling
        self._pushing = pushing
        self._undoing = undoing
        self._windows = windows
        self._milestones = milestones

    @activity.defn(name=DESCRIBE_CONNECTION.name)
    async def describe(self, input: DescribeConnectionInput) -> DescribeConnectionResult:
        """Whether a connection can play a role."""
        return await self._describing.describe(input)

    @activity.defn(name=PULL.name)
    async def pull(self, input: PullInput) -> PullResult:
        """Read one slice of a source into datasets."""
        return await self._worked(lambda progress: self._pulling.pull(input, progress))

    @activity.defn(name=PUSH.name)
    async def push(self, input: PushInput) -> PushResult:
        """Write datasets to a destination, once for the window."""
        attempt = activity.info().attempt
        return await self._worked(lambda progress: self._pushing.push(input, attempt, progress))

    @activity.defn(name=UNDO.name)
    async def undo(self, input: UndoInput) -> UndoResult:
        """Take what a run wrote out of its destination, once."""
        attempt = activity.info().attempt
        return await self._worked(lambda progress: self._undoing.undo(input, attempt, progress))

    @activity.defn(name=PRESERVE.name)
    async def preserve(self, input: PreserveInput) -> PreserveResult:
        """Keep the original bytes of objects."""
        return await self._worked(lambda progress: self._pulling.preserve(input, progress))

    @activity.defn(name=CLOSE_WINDOW.name)
    async def close_window(self, input: CloseWindowInput) -> Nothing:
        """Say how a window ended."""
        try:
            await self._windows.close(input.scope, input.window_id, input.outcome, input.rows)
        except ConnectorError as error:
            raise _failed(error) from None
        self._milestones.reached("window.closed")
        return Nothing()

    async def _worked(self, work: Callable[[Progress], Awaitable[T]]) -> T:
        """Work with heartbeats that say how far it is. A cancelled work is waited for: only then is its end known."""
        progress = Progress(self._milestones)
        async with heartbeating(progress.snapshot):
            task = asyncio.ensure_future(work(progress))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                progress.stop()
                await asyncio.wait([task])
                if task.cancelled() or task.exception() is not None:
                    # Nobody else hears how it ended: the caller is told of the cancelling.
                    cause = "cancelled" if task.cancelled() else type(task.exception()).__name__
                    structlog.get_logger().info("unwanted_work_ended", cause=cause)
                    raise
                return task.result()
            except Stopped:
                raise _failed(Fenced()) from None
            except ConnectorError as error:
                raise _failed(error) from None
            except DatasetCorrupt as error:
                raise failure(ErrorType.DATASET_CORRUPT, str(error)) from None
            except AddressRefused as error:
                raise failure(ErrorType.CONFIGURATION_INVALID, str(error)) from None


def _failed(error: ConnectorError) -> ApplicationError:
    if error.type == ErrorType.LEASE_HELD:
        # It is somebody's turn for a moment; this is no reason to wait longer and longer.
        return ApplicationError(error.message, type=error.type.value, next_retry_delay=_SOON)
    return failure(error.type, error.message)
