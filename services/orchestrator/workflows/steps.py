"""The steps of a run as its history shows them: each one's beginning and end are recorded around its commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import RECORD_STEP
    from contracts.commands.command import Command, RunScope
    from contracts.commands.orchestrator import RecordStepInput
    from contracts.data import Contract

from services.orchestrator.workflows.calls import StepEnded, call, note, reason_of

Input = TypeVar("Input", bound=Contract)
Result = TypeVar("Result", bound=Contract)


@dataclass
class Step:
    """One step under way, and what will be said about it when it ends."""

    name: str
    state: Literal["succeeded", "skipped"] = "succeeded"
    attempts: int = 0  # 0: nobody said; the recorder looks it up
    rows: int | None = None
    bytes: int | None = None
    detail: str = ""
    calls: int = 0

    async def call(self, command: Command[Input, Result], input: Input) -> Result:
        """Ask a service as part of this step; the activity's id says which step it belongs to."""
        number = self.calls
        self.calls += 1
        return await call(command, input, activity_id=f"{self.name}.{number}")

    def skip(self, why: str) -> None:
        """There was nothing to do."""
        self.state, self.detail = "skipped", why


@dataclass(frozen=True)
class Steps:
    """The steps of one run."""

    scope: RunScope

    @asynccontextmanager
    async def step(self, name: str, *, detail: str = "", review_id: UUID | None = None) -> AsyncIterator[Step]:
        """Record the beginning, do what stands inside, record how it ended."""
        step = Step(name)
        begun = RecordStepInput(scope=self.scope, step=name, state="running", detail=detail, review_id=review_id)
        await note(RECORD_STEP, begun)
        try:
            yield step
        except StepEnded as error:
            await note(
                RECORD_STEP,
                RecordStepInput(scope=self.scope, step=name, state="failed", detail=reason_of(error)[1]),
            )
            raise
        await note(
            RECORD_STEP,
            RecordStepInput(
                scope=self.scope,
                step=name,
                state=step.state,
                attempts=step.attempts,
                rows=step.rows,
                bytes=step.bytes,
                detail=step.detail,
            ),
        )

    async def skip(self, name: str, why: str) -> None:
        """Record that a step had nothing to do."""
        await note(RECORD_STEP, RecordStepInput(scope=self.scope, step=name, state="skipped", detail=why))
