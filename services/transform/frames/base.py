"""A frame: ways to ask for one thing, and what is done when one of them fits."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import resources
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


class Frames:
    """Frames of one family: how to ask for them stands in a file of the grammar, what they do is told here."""

    def __init__(self, family: str) -> None:
        self.all: list[Frame] = []
        self._ways = ways(family)

    def frame(self, name: str, *, cost: float = 0.0) -> Callable[[Handler], Handler]:
        """Register a handler for the ways of speaking that stand under its name."""

        def register(handler: Handler) -> Handler:
            self.all.append(Frame(name, self._ways.pop(name), handler, cost))
            return handler

        return register


def ways(family: str) -> dict[str, tuple[str, ...]]:
    """The patterns of a family by the names of their frames."""
    pieces: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    current: list[str] = []
    text = (
        resources.files("services.transform.planner").joinpath("grammar", f"{family}.txt").read_text(encoding="utf-8")
    )
    for line in text.splitlines():
        piece = _PIECE.match(line)
        if piece is not None:
            pieces[f"{{{piece[1]}}}"] = _filled(piece[2], pieces)
        elif line.startswith("[") and line.endswith("]") and line[1:-1] and not set(line[1:-1]) & set("<@|()"):
            current = found.setdefault(line[1:-1], [])
        elif line and not line.startswith("# "):
            current.append(_filled(line, pieces))
    return {name: tuple(patterns) for name, patterns in found.items()}


_PIECE = re.compile(r"([A-Z][A-Z_]*) = (.*)")


def _filled(text: str, pieces: dict[str, str]) -> str:
    for name, piece in pieces.items():
        text = text.replace(name, piece)
    return text


def act(
    *steps: Step, made: Sequence[str] = (), used: Sequence[str] = (), touched: Sequence[str] = (), cost: float = 0.0
) -> Act:
    """Steps as an answer."""
    return Act(tuple(steps), tuple(made), tuple(used), tuple(touched), (), cost)


def fresh(reader: Reader, wanted: str) -> str:
    """A name for a column that nobody named."""
    return unused(wanted, reader.view.names)


def unused(wanted: str, taken: Collection[str]) -> str:
    """The name, or if that is taken the first of it with a number behind."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
