"""One way of reading an instruction: its tokens, the table as it is at this point, and the readers of typed slots."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from contracts.data import LogicalType
from services.transform.planner.linking import Index
from services.transform.planner.pattern import Budget, compiled
from services.transform.planner.view import ColumnView, Doubt, Question, TableView
from services.transform.planner.words import Token

Result = tuple[int, Any, float]
SlotReader = Callable[["Reader", int], Iterator[Result]]
SLOTS: dict[str, SlotReader] = {}
NUMERIC = frozenset({LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL})
TEMPORAL = frozenset({LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ})


def slot(name: str) -> Callable[[SlotReader], SlotReader]:
    """Register a reader under the name that patterns use."""

    def register(reader: SlotReader) -> SlotReader:
        if name in SLOTS:
            raise ValueError(f"two readers of {name}")
        SLOTS[name] = reader
        return reader

    return register


@dataclass(frozen=True)
class Noted:
    """A question that came up while reading, and how far the reading had come."""

    at: int
    question: Question
    weight: float = 1.0


@dataclass(frozen=True)
class Memory:
    """What earlier clauses did, for words like `those`, `the new column`, `it`."""

    made: tuple[str, ...] = ()  # columns the last clause made
    used: tuple[str, ...] = ()  # columns it made them of
    touched: tuple[str, ...] = ()  # columns it changed or looked at
    removed: frozenset[str] = frozenset()  # columns that are gone
    renamed: tuple[tuple[str, str], ...] = ()
    sorted_by: tuple[str, ...] = ()
    last: str = ""  # what the last step was


@dataclass
class Reader:
    """Tokens and table together."""

    text: str
    tokens: list[Token]
    view: TableView
    budget: Budget
    memory: Memory = field(default_factory=Memory)
    noted: list[Noted] = field(default_factory=list)
    index: Index = field(init=False)
    _memo: dict[tuple[str, int], list[Result]] = field(default_factory=dict)
    _busy: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.index = Index(self.view)

    def slot(self, kind: str, at: int) -> Iterator[Result]:
        """What the reader of that type finds here, cheapest first."""
        place = (kind, at)
        found = self._memo.get(place)
        if found is None:
            if place in self._busy:
                return
            self.budget.spend()
            self._busy.add(place)
            best: dict[tuple[int, str], Result] = {}
            try:
                for end, value, cost in SLOTS[kind](self, at):
                    known = best.get((end, repr(value)))
                    if known is None or cost < known[2]:
                        best[(end, repr(value))] = (end, value, cost)
            finally:
                self._busy.discard(place)
            found = sorted(best.values(), key=lambda one: (one[2], -one[0]))[:24]
            self._memo[place] = found
        yield from found

    def match(self, pattern: str, at: int) -> Iterator[tuple[int, dict[str, Any], float]]:
        """Every way a pattern fits from here."""
        for end, env, cost in compiled(pattern).match(self, at, {}):
            yield end, dict(env), cost

    def first(self, pattern: str, at: int) -> int | None:
        """Where a pattern ends that needs no more than its end; the longest."""
        ends = [end for end, _, _ in self.match(pattern, at)]
        return max(ends) if ends else None

    def note(self, at: int, doubt: Doubt, weight: float = 1.0) -> None:
        """Remember a question that would settle this place."""
        self.noted.append(Noted(at, doubt.question, weight))

    def match_any(self, pattern: str, at: int) -> bool:
        """Whether a pattern fits here at all."""
        return self.first(pattern, at) is not None

    def raw(self, start: int, end: int) -> str:
        """The text of some tokens as it was typed."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""

    def low(self, at: int) -> str:
        """A token as patterns see it; nothing beyond the end."""
        return self.tokens[at].low if 0 <= at < len(self.tokens) else ""

    def column(self, name: str) -> ColumnView:
        """A column that is there."""
        found = self.view.column(name)
        if found is None:
            raise KeyError(name)
        return found

    def of_type(self, types: frozenset[LogicalType]) -> list[str]:
        """Columns of some types."""
        return [column.name for column in self.view.columns if column.type in types]


def quoted(name: str) -> str:
    """A column in an expression."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in an expression."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float | int) -> str:
    """A number in an expression."""
    if isinstance(value, int):
        return str(value)
    written = repr(value)
    return f"{value:.15f}".rstrip("0") if "e" in written or "E" in written else written


def listed(names: tuple[str, ...] | list[str], joint: str = "or") -> str:
    """Names in a sentence."""
    shown = [f"'{name}'" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}"
