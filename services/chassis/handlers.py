"""What a service does when it hears an event: a table from event types to handlers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.topics import topic_of
from services.chassis.database import UnitOfWork

MANY = 1_000
FEW = 100

E = TypeVar("E", bound=Contract)
OneHandler = Callable[[UnitOfWork, E, Envelope], Awaitable[None]]
BatchHandler = Callable[[UnitOfWork, Sequence[tuple[Envelope, Contract]]], Awaitable[None]]


@dataclass(frozen=True)
class Registered:
    """A handler, and how it wants its events: one by one, or all that came together."""

    one: OneHandler[Any] | None = None
    batch: BatchHandler | None = None


class Handlers:
    """A service's handlers by event type; each type has one."""

    def __init__(self) -> None:
        self._by_type: dict[str, Registered] = {}

    def on(self, event: type[E], handle: OneHandler[E]) -> None:
        """Handle one event at a time, in its tenant's unit of work."""
        self._add(event, Registered(one=handle))

    def on_batch(self, events: Sequence[type[Contract]], handle: BatchHandler) -> None:
        """Handle the events of one tenant that came together, in their order, in one unit of work."""
        registered = Registered(batch=handle)
        for event in events:
            self._add(event, registered)

    @property
    def types(self) -> frozenset[str]:
        """The event types that have a handler."""
        return frozenset(self._by_type)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that carry these types."""
        return tuple(sorted({topic_of(name).name for name in self._by_type}))

    @property
    def most_at_once(self) -> int:
        """How many events may share one transaction: many for batches, fewer where each may take its time."""
        return MANY if all(handler.one is None for handler in self._by_type.values()) else FEW

    def of(self, type_name: str) -> Registered | None:
        """The handler of an event type; None: this service does not care."""
        return self._by_type.get(type_name)

    def _add(self, event: type[Contract], registered: Registered) -> None:
        name = type_of(event)
        if name in self._by_type:
            raise ValueError(f"{name} has a handler already")
        self._by_type[name] = registered
