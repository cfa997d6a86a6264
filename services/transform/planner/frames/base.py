"""A frame: ways to ask for one thing, and what is done when one of them fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.recipe import Step
from services.transform.planner.reading import Reader


@dataclass(frozen=True)
class Act:
    """What a clause asks for: steps, and what later clauses may refer to."""

    steps: tuple[Any, ...]
    made: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cost: float = 0.0


Answer = Act | None
Handler = Callable[[Reader, dict[str, Any], int, int], Answer]


@dataclass(frozen=True)
class Frame:
    """Patterns that mean the same, and what they mean."""

    name: str
    patterns: tuple[str, ...]
    handle: Handler
    cost: float = 0.0


@dataclass
class Frames:
    """A collection that modules add to."""

    all: list[Frame] = field(default_factory=list)

    def frame(self, name: str, *patterns: str, cost: float = 0.0) -> Callable[[Handler], Handler]:
        """Register a handler under its patterns."""

        def register(handler: Handler) -> Handler:
            self.all.append(Frame(name, patterns, handler, cost))
            return handler

        return register


def act(
    *steps: Step, made: Sequence[str] = (), used: Sequence[str] = (), touched: Sequence[str] = (), cost: float = 0.0
) -> Act:
    """Steps as an answer."""
    return Act(tuple(steps), tuple(made), tuple(used), tuple(touched), (), cost)


def fresh(reader: Reader, wanted: str) -> str:
    """A name for a column that nobody named."""
    name, number = wanted, 2
    while reader.view.column(name) is not None:
        name, number = f"{wanted}_{number}", number + 1
    return name
