"""A workflow and its activities for the tests of the chassis' Temporal half."""

import asyncio
from datetime import timedelta
from uuid import UUID

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from contracts.data import Contract
    from contracts.runs import ErrorType
    from services.chassis.temporal import failure, heartbeating
    from services.chassis.tenancy import acting_tenant

QUEUE = "story"


class StoryInput(Contract):
    """What the story is to do."""

    tenant: UUID
    run_id: UUID | None = None
    secret: str
    ending: str = "good"


class StoryResult(Contract):
    """What came of it."""

    secret: str
    tenant: UUID | None
    attempts: int


@activity.defn(name="story.tell")
async def tell(input: StoryInput) -> StoryResult:
    """End as told."""
    attempt = activity.info().attempt
    async with heartbeating(lambda: {"secret": input.secret}, every=0.05):
        await asyncio.sleep(0.15)  # work that takes its time
    if input.ending == "unknown":
        raise ValueError(f"postgresql://u:{input.secret}@h/db")
    if input.ending == "permanent":
        raise failure(ErrorType.NOT_FOUND, "there is no such table", {"hint": input.secret})
    if input.ending == "passing" and attempt < 3:
        raise failure(ErrorType.UNREACHABLE_REFUSED, "nobody listens")
    if input.ending == "cancelled":
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)
    return StoryResult(secret=input.secret, tenant=acting_tenant(), attempts=attempt)


@workflow.defn(name="story")
class Story:
    """One activity."""

    @workflow.run
    async def run(self, input: StoryInput) -> StoryResult:
        """Tell it."""
        return await workflow.execute_activity(
            tell,
            input,
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=timedelta(seconds=3),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=4),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )


@workflow.defn(name="clumsy")
class Clumsy:
    """Looks at the clock of the machine, which the sandbox refuses."""

    @workflow.run
    async def run(self, input: StoryInput) -> str:
        """Say the time."""
        import datetime

        return str(datetime.datetime.now(datetime.UTC))
