"""What a command is: a name, an input, a result and time limits; and what all commands share."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from contracts.data import Contract, ObjectVersion

Input = TypeVar("Input", bound=Contract)
Result = TypeVar("Result", bound=Contract)


@dataclass(frozen=True)
class Limits:
    """How long a command may take, and how often it is tried."""

    start_to_close: timedelta
    heartbeat: timedelta | None
    attempts: int


# Nobody hears of a worker's death but by the time limit: it is what a death in the middle of a short command costs.
QUICK = Limits(start_to_close=timedelta(seconds=10), heartbeat=None, attempts=20)
LONG = Limits(start_to_close=timedelta(hours=6), heartbeat=timedelta(seconds=10), attempts=20)
# A model is a stranger: it gets its time, and hardly a second chance.
ASKED = Limits(start_to_close=timedelta(seconds=90), heartbeat=None, attempts=2)
# The platform's own bookkeeping waits for its database as long as it takes: giving up would make a lie of the history.
BOOKKEEPING = Limits(start_to_close=timedelta(seconds=10), heartbeat=None, attempts=0)


@dataclass(frozen=True)
class Command(Generic[Input, Result]):
    """A command that one service owns; it may fail, and it may run twice."""

    name: str
    input: type[Input]
    result: type[Result]
    limits: Limits = QUICK

    @property
    def queue(self) -> str:
        """The owner's task queue, named like the service."""
        return self.name.partition(".")[0]


class Nothing(Contract):
    """A command's result when there is nothing to say."""


class RunScope(Contract):
    """Whose work it is; every command of a run carries it."""

    tenant: UUID
    run_id: UUID
    workflow_id: UUID
    workflow: str


class WindowRequest(Contract):
    """Which slice of the source a run takes: named object versions, a released file, or all that is new."""

    objects: tuple[ObjectVersion, ...] | None = None
    quarantine_entry: UUID | None = None
    preserved_uri: str | None = None
    preserved_object: str | None = None
